"""Plays one fault: so many errands become due, something breaks on the way, and afterwards the books must balance."""

import time
from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta

from tests.faults.faults import Fault
from tests.faults.stage import Stage, wait_for

#: What has not arrived after so long a time in which nothing at all was done does not arrive.
PATIENCE_SECONDS = 60.0
#: When nothing has arrived for so long, nothing is under way: a mail server may be silent for less.
STANDSTILL_SECONDS = 4.0


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
    """Let ``items`` errands be due, do the fault when a tenth is told, wait for the end, and count."""
    assert stage.broker is not None
    began = time.monotonic()
    stage.sink.arrived.clear()
    stage.sink.disturbed = 0
    for name in ("worker", "beat"):
        if name not in stage.processes:
            stage.start(name)
    stage.execute(
        "INSERT INTO errand (id, due_on, owner_id) SELECT gen_random_uuid(), :due, id FROM user_account "
        "WHERE email LIKE 'person%' LIMIT :items",
        due=stage.day - timedelta(days=3), items=items,
    )  # fmt: skip
    wait_for(lambda: sum(stage.sink.arrived.values()) >= items / 10, PATIENCE_SECONDS * 2, f"{fault.name}: nothing arrives")
    fault.do(stage)
    is_done = _settle(stage, items)
    outcome = replace(_count(stage, fault, time.monotonic() - began), is_given_up=not is_done)
    stage.execute("DELETE FROM errand")
    return outcome


def _settle(stage: Stage, items: int) -> bool:
    """Wait until everybody is told and nothing is under way; what died is started again, and waits are cut short.

    Return whether it came to that, or nothing moved any more.
    """
    done, told, moved, pushed = (-1, -1, -1), -1, time.monotonic(), time.monotonic()
    while not (is_done := _is_done(stage, items)) and time.monotonic() - moved < PATIENCE_SECONDS:
        stage.revive()
        # Both children may record for a while what became of ten thousand mails; meanwhile no mail arrives.
        if done != (done := _done(stage)):
            moved = time.monotonic()
        if told != (told := len(stage.sink.arrived)):
            pushed = time.monotonic()
        elif time.monotonic() - pushed > STANDSTILL_SECONDS:
            # Whoever still holds something is gone, and whatever waits, waits for time to pass.
            stage.end_leases()
            stage.end_waits()
            pushed = time.monotonic()
        time.sleep(0.2)
    return is_done


def _done(stage: Stage) -> tuple[int, int, int]:
    """Return how far the work is: mails that arrived, steps of reminders that were recorded, and what was sealed."""
    (row,) = stage.execute("SELECT (SELECT count(*) FROM reminder_evidence), (SELECT coalesce(max(size), 0) FROM log_head)")
    return len(stage.sink.arrived), row[0], row[1]


def _is_done(stage: Stage, items: int) -> bool:
    if len(stage.sink.arrived) < items:
        return False
    (row,) = stage.execute(
        "SELECT (SELECT count(*) FROM message WHERE state IN ('waiting', 'claimed')), "
        "(SELECT count(*) FROM reminder WHERE state IN ('due', 'claimed'))"
    )
    return tuple(row) == (0, 0)


def _count(stage: Stage, fault: Fault, seconds: float) -> Outcome:
    rows = stage.execute(
        "SELECT u.email, m.mail_id, (SELECT count(*) FROM reminder r WHERE r.target_id = e.id AND r.state = 'queued') AS reminders, "
        "(SELECT count(*) FROM reminder_evidence v WHERE v.target_id = e.id AND v.outcome = 'queued') AS evidence "
        "FROM errand e JOIN user_account u ON u.id = e.owner_id "
        "LEFT JOIN message m ON m.target_id = e.id AND m.state = 'accepted'"
    )
    recorded = {(row.email, row.mail_id) for row in rows}
    told = {email for email, _mail_id in stage.sink.arrived}
    mails = Counter(email for email, _mail_id in stage.sink.arrived)
    lost = sum(row.email not in told or row.mail_id is None or row.reminders < 1 or row.evidence < 1 for row in rows)
    doubled = sum(max(row.reminders, row.evidence) > 1 for row in rows) + len(rows) - len({row.email for row in rows})
    doubled += sum(count - 1 for count in mails.values()) + len(set(stage.sink.arrived) - recorded)
    resent = sum(count - 1 for count in stage.sink.arrived.values())
    assert stage.broker is not None
    return Outcome(fault.name, stage.broker.name, lost, doubled, resent, fault.in_flight + stage.sink.disturbed, seconds)
