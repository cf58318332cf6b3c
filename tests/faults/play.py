"""Plays one fault: so many errands become due, something breaks on the way, and afterwards the books must balance."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from collab.kernel.jobs import LEASE
from tests.faults import TICK_SECONDS
from tests.faults.faults import Fault
from tests.faults.stage import Stage

#: What has not arrived after so long a time in which nothing at all was done does not arrive: a lease and a minute. However slow the
#: machine is, the harness waits as long as something moves.
PATIENCE_SECONDS = LEASE.total_seconds() + 60.0
#: When nothing has arrived for so long, whatever waits, waits for time to pass: a mail server may be silent for less.
STANDSTILL_SECONDS = 4.0
#: The books are closed when no mail has arrived for so long after the last: meanwhile the timetable has come round once more, and
#: whoever wrongly believes to have something left to send has sent it.
SILENT_SECONDS = TICK_SECONDS + 0.5
#: What is not silent after so long never will be, because it goes on to repeat itself.
LONGEST_CLOSING_SECONDS = 30.0
LOOK_SECONDS = 0.25


@dataclass(frozen=True)
class Outcome:
    """The books after a fault: ``lost`` errands nobody was told of, ``doubled`` rows and mails too many, ``resent`` mails repeated
    under the same Message-ID, of which ``in_flight`` are explained by the fault."""

    fault: str
    broker: str
    lost: int
    doubled: int
    resent: int
    in_flight: int
    seconds: float
    #: Seconds for which nothing moved, the longest since the fault began.
    standstill: float
    #: Nothing had moved for `PATIENCE_SECONDS` and not everything was done: what is called lost may only be late.
    is_given_up: bool = False

    @property
    def is_kept(self) -> bool:
        """Whether the promise was kept."""
        return not self.is_given_up and not self.lost and not self.doubled and self.resent <= self.in_flight

    def __str__(self) -> str:
        end = " GAVE UP" if self.is_given_up else ""
        return f"FAULT {self.fault} {self.broker}: lost {self.lost} doubled {self.doubled} resent {self.resent}{end}"


def play(stage: Stage, fault: Fault, items: int) -> Outcome:
    """Let ``items`` errands be due, do the fault when a tenth is told, wait for the end, and count; the rows are left as they are."""
    began = time.monotonic()
    stage.execute("DELETE FROM errand")
    stage.sink.arrived.clear()
    stage.sink.disturbed = 0
    for name in ("worker", "beat"):
        if name not in stage.processes:
            stage.start(name)
    stage.add_errands(items)
    watch = _Watch(stage, may_push=False)
    is_done = watch.until(lambda: len(stage.sink.arrived) >= items / 10)
    if is_done:
        watch = _Watch(stage, may_push=True)
        fault.do(stage)
        is_done = watch.until(lambda: _is_done(stage, items))
    standstill = watch.standstill
    if is_done:
        end = time.monotonic() + LONGEST_CLOSING_SECONDS
        is_done = watch.until(lambda: time.monotonic() > end or (watch.is_silent() and _is_done(stage, items)))
    lost, doubled, resent = count(stage)
    assert stage.broker is not None
    return Outcome(
        fault.name, stage.broker.name, lost, doubled, resent, fault.in_flight + stage.sink.disturbed, time.monotonic() - began,
        standstill, is_given_up=not is_done,
    )  # fmt: skip


class _Watch:
    """Looks whether anything moves, from its making on; what died is started again and, if it ``may_push``, waits are cut short."""

    def __init__(self, stage: Stage, *, may_push: bool) -> None:
        self.stage, self.may_push = stage, may_push
        #: Seconds for which nothing moved, the longest.
        self.standstill = 0.0
        self._done = (-1, -1)
        self._moved = self._pushed = self._arrived = time.monotonic()

    def until(self, is_reached: Callable[[], bool]) -> bool:
        """Wait until ``is_reached``; return whether it came to that, or nothing moved any more for `PATIENCE_SECONDS`."""
        while not is_reached():
            if time.monotonic() - self._moved > PATIENCE_SECONDS:
                return False
            self._look()
            time.sleep(LOOK_SECONDS)
        self._look()
        return True

    def is_silent(self) -> bool:
        """Say whether no mail has arrived for `SILENT_SECONDS`."""
        return time.monotonic() - self._arrived > SILENT_SECONDS

    def _look(self) -> None:
        self.stage.revive()
        now, done = time.monotonic(), _done(self.stage)
        if done != self._done:
            self.standstill = max(self.standstill, now - self._moved)
            self._moved = now
            if done[0] != self._done[0]:
                self._pushed = self._arrived = now
            self._done = done
        # Both children may record for a while what became of ten thousand mails; meanwhile no mail arrives.
        if self.may_push and now - self._pushed > STANDSTILL_SECONDS:
            self.stage.end_leases()
            self.stage.end_waits()
            self._pushed = now


def _done(stage: Stage) -> tuple[int, int]:
    """Return how far the work is: mails that arrived, and rows that were added of what is recorded, told, known and sealed.

    Counted by the database's statistics, which cost the same however much there is.
    """
    (row,) = stage.execute(
        "SELECT coalesce(sum(n_tup_ins), 0) FROM pg_stat_user_tables "
        "WHERE relname IN ('reminder', 'message', 'reminder_evidence', 'log_sealed')"
    )
    return stage.sink.taken, int(row[0])


def _is_done(stage: Stage, items: int) -> bool:
    if len(stage.sink.arrived) < items:
        return False
    (row,) = stage.execute(
        "SELECT (SELECT count(*) FROM message WHERE state IN ('waiting', 'claimed')), "
        "(SELECT count(*) FROM reminder WHERE state IN ('due', 'claimed'))"
    )
    return tuple(row) == (0, 0)


def count(stage: Stage) -> tuple[int, int, int]:
    """Return how many errands nobody was told of, how many rows and mails there are too many, and how many mails were repeated."""
    rows = stage.execute(
        "SELECT e.id, u.email, m.mail_id, coalesce(m.state = 'accepted', false) AS is_accepted, "
        "(SELECT count(*) FROM reminder r WHERE r.target_id = e.id AND r.state = 'queued') AS reminders, "
        "(SELECT count(*) FROM reminder_evidence v WHERE v.target_id = e.id AND v.outcome = 'queued') AS evidence, "
        "(SELECT count(*) FROM reminder_evidence v WHERE v.target_id = e.id AND v.outcome = 'accepted') AS accepted "
        "FROM errand e JOIN user_account u ON u.id = e.owner_id "
        "LEFT JOIN message m ON m.target_id = e.id"
    )
    arrived = dict(stage.sink.arrived)
    recorded = {(row.email, row.mail_id) for row in rows}
    told = [(row.email, row.mail_id) in arrived and row.is_accepted and row.reminders > 0 and row.evidence > 0 for row in rows]
    lost = told.count(False)
    doubled = sum(max(row.reminders, row.evidence, row.accepted) > 1 for row in rows) + len(rows) - len({row.id for row in rows})
    doubled += len(arrived.keys() - recorded)
    return lost, doubled, sum(times - 1 for times in arrived.values())
