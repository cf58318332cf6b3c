"""The faults: each is done while reminders are under way, and undone; then the product has to find back by itself."""

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from collab.notices.books import MOST_OPEN
from tests.faults import TICK_SECONDS
from tests.faults.sink import Place
from tests.faults.stage import CHILDREN, Stage

#: How long something is away.
AWAY_SECONDS = 2.0
#: How long to wait for a mail in whose midst something is to happen.
HOLD_SECONDS = 2.0
#: What the others have not done when the timetable has come round twice, they leave alone.
QUIET_SECONDS = 2 * TICK_SECONDS + 2.0
#: So many mails of a worker whose children all die may have been handed over and not yet recorded.
OPEN = CHILDREN * MOST_OPEN


@dataclass(frozen=True)
class Fault:
    """What is done, and how many mails may have been in flight at SMTP because of it: those alone may arrive again."""

    name: str
    do: Callable[[Stage], None]
    in_flight: int = 0


def kill_children(stage: Stage) -> None:
    """`kill -9` of a worker's child, three times."""
    for _turn in range(3):
        child = stage.children()[0]
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        time.sleep(0.5)
        stage.end_leases()


def kill_worker(stage: Stage) -> None:
    """`kill -9` of the worker with all its children, while one of them is in the midst of a mail: begun and not handed over."""
    stage.sink.hold_one(Place.BEGUN, HOLD_SECONDS)
    stage.kill("worker")
    stage.sink.let_go()
    stage.end_leases()
    stage.start("worker")


def stop_worker(stage: Stage) -> None:
    """The worker is asked to stop in the midst of a mail, as at an upgrade, and started again: all is in order, so none may be repeated."""
    stage.sink.hold_one(Place.TAKEN, HOLD_SECONDS)
    threading.Timer(AWAY_SECONDS, stage.sink.let_go).start()
    stage.stop("worker")
    stage.end_leases()
    stage.start("worker")


def kill_beat(stage: Stage) -> None:
    """`kill -9` of the scheduler; another one is started later."""
    stage.kill("beat")
    time.sleep(AWAY_SECONDS)
    stage.start("beat")


def two_beats(stage: Stage) -> None:
    """A second and a third scheduler run; then the first two are killed at once."""
    stage.start("beat-2")
    stage.start("beat-3")
    time.sleep(AWAY_SECONDS)
    stage.kill("beat")
    stage.kill("beat-2")


def stop_broker(stage: Stage) -> None:
    """The broker is away for a while, in the midst of a mail too: that is ended well, and not repeated."""
    assert stage.broker is not None
    stage.sink.hold_one(Place.TAKEN, HOLD_SECONDS)
    stage.broker.stop()
    time.sleep(AWAY_SECONDS)
    stage.sink.let_go()
    stage.broker.start()


def restart_broker(stage: Stage) -> None:
    """The broker is stopped and started at once, twice."""
    assert stage.broker is not None
    for _turn in range(2):
        stage.broker.stop()
        stage.broker.start()
        time.sleep(0.5)


def empty_broker(stage: Stage) -> None:
    """Every message that waits is lost, again and again."""
    assert stage.broker is not None
    for _turn in range(5):
        stage.broker.empty()
        time.sleep(0.3)


def crash_database(stage: Stage) -> None:
    """The database dies without a shutdown, and recovers."""
    stage.cluster.crash()
    time.sleep(0.5)
    stage.cluster.start()
    stage.engine.dispose()
    time.sleep(1)
    stage.end_leases()


def cut_connections(stage: Stage) -> None:
    """Every connection of the product is cut, wherever its transaction is, three times."""
    for _turn in range(3):
        with suppress(sa.exc.DBAPIError):
            stage.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                          "AND pid <> pg_backend_pid() AND usename = current_user")  # fmt: skip
        time.sleep(0.5)


def refuse_mail(stage: Stage) -> None:
    """Nobody answers at the mail server's port."""
    stage.sink.stop()
    time.sleep(AWAY_SECONDS)
    stage.sink.start()


def hang_mail(stage: Stage) -> None:
    """The mail server takes mails and is silent."""
    stage.sink.mode = "hangs"
    time.sleep(AWAY_SECONDS)
    stage.sink.mode = "well"


def drop_mail(stage: Stage) -> None:
    """The mail server takes mails and hangs up without an answer."""
    stage.sink.mode = "drops"
    time.sleep(AWAY_SECONDS)
    stage.sink.mode = "well"


def slow_mail(stage: Stage) -> None:
    """One line to the mail server is slow: what its worker has claimed stays its own, though the others are done with all else."""
    if not stage.sink.hold_one(Place.BEGUN, HOLD_SECONDS):
        raise RuntimeError("no mail was under way any more: play with more reminders")
    taken, since = stage.sink.taken, time.monotonic()
    while time.monotonic() - since < QUIET_SECONDS:
        if stage.sink.taken != taken:
            taken, since = stage.sink.taken, time.monotonic()
        time.sleep(0.1)
    stage.sink.let_go()


def move_clock(stage: Stage) -> None:
    """The clock of the product's machine jumps an hour ahead, two hours back, and is put right."""
    for hours in (1, -1, 0):
        stage.set_clock(timedelta(hours=hours))
        time.sleep(1.5)


FAULTS = (
    Fault("child_killed", kill_children, in_flight=3 * MOST_OPEN),
    Fault("worker_killed", kill_worker, in_flight=OPEN),
    Fault("worker_stopped", stop_worker),
    Fault("beat_killed", kill_beat),
    Fault("two_beats", two_beats),
    Fault("broker_stopped", stop_broker),
    Fault("broker_restarted", restart_broker),
    Fault("broker_emptied", empty_broker),
    Fault("database_restarted", crash_database, in_flight=OPEN),
    Fault("connection_cut", cut_connections, in_flight=3 * OPEN),
    Fault("smtp_refusing", refuse_mail, in_flight=CHILDREN),
    Fault("smtp_hanging", hang_mail),
    Fault("smtp_dropping", drop_mail),
    Fault("smtp_slow", slow_mail),
    Fault("clock_moved", move_clock),
)
