"""Records what became of mails, a few at a time.

A commit for each mail took most of the time of sending it. So what a fast mail server has answered is recorded together: when
`MOST_OPEN` mails are open, when the first of them is open for `LONGEST_OPEN_SECONDS`, and whenever the mail server lets us wait. A
server that takes longer over a mail than a commit does has each one recorded while it works on the next; one that falls silent keeps
nothing from being recorded. The open ones, from the moment at which the server is told until the commit, are what "in flight" means:
a kill repeats at most them, under the same Message-ID.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from collab.kernel.db import Database
from collab.kernel.ids import new_id
from collab.kernel.retry import patiently
from collab.notices.models import MessageState

#: So many mails of one worker may be handed over and not yet recorded, the one under way included.
MOST_OPEN = 16
LONGEST_OPEN_SECONDS = 0.02
#: Changes the messages that the worker still holds, adds what the mail server said, and returns which they were. One statement, and
#: the same for any number of marks, because it runs all the time. Who holds a message says enough (nobody holds one that is not
#: claimed): were its state asked for too, the planner would walk the index of claims, which says little while claims come and go.
_RECORD = sa.text("""
WITH new AS (
    SELECT * FROM unnest(
        CAST(:keys AS uuid[]), CAST(:attempt_ids AS uuid[]), CAST(:states AS text[]), CAST(:counts AS int[]),
        CAST(:next_attempts AS timestamptz[]), CAST(:accepted AS timestamptz[]), CAST(:reasons AS text[]),
        CAST(:blanked AS bool[]), CAST(:answers AS text[])
    ) AS w(id, attempt_id, state, attempts, next_attempt_at, accepted_at, reason, is_blanked, answer)
), marked AS (
    UPDATE message m
    SET state = new.state, claimed_by = NULL, leased_until = NULL, attempts = new.attempts, reason = new.reason,
        next_attempt_at = coalesce(new.next_attempt_at, m.next_attempt_at), accepted_at = new.accepted_at,
        text = CASE WHEN new.is_blanked THEN '' ELSE m.text END, url = CASE WHEN new.is_blanked THEN '' ELSE m.url END
    FROM new WHERE m.id = new.id AND m.claimed_by = :worker
    RETURNING m.id, new.attempt_id, new.state, new.answer
), told AS (
    INSERT INTO delivery_attempt (id, message_id, tried_at, is_accepted, answer)
    SELECT attempt_id, id, :now, state = 'accepted', answer FROM marked WHERE answer IS NOT NULL
)
SELECT id FROM marked
""")


@dataclass(frozen=True)
class Mark:
    """What is to be recorded of one message. ``answer`` is what the mail server said, None when it was not asked."""

    key: UUID
    outcome: str
    state: MessageState
    attempts: int
    next_attempt_at: datetime | None = None
    accepted_at: datetime | None = None
    reason: str = ""
    #: Its link has left; nobody who reads the table later may use it.
    is_blanked: bool = False
    answer: str | None = None


class Books:
    """The records of one batch in the hands of ``worker``: `enter` after each mail, `close` at the end."""

    def __init__(self, database: Database, now: datetime, worker: str) -> None:
        self.counts: dict[str, int] = {}
        self._database, self._now, self._worker = database, now, worker
        self._open: list[Mark] = []
        self._since = 0.0
        self._error: Exception | None = None

    def enter(self, mark: Mark) -> None:
        """Have ``mark`` recorded soon. Raises what went wrong in recording: then nothing more may be sent."""
        if not self._open:
            self._since = time.monotonic()
        self._open.append(mark)
        if self._error is not None:
            raise self._error
        if len(self._open) >= MOST_OPEN or time.monotonic() - self._since > LONGEST_OPEN_SECONDS:
            self._write()

    def meanwhile(self) -> None:
        """Record what is open, while a mail server is silent in the midst of a mail; what goes wrong is raised after that mail."""
        try:
            self._write()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised when the mail is done with
            self._error = error

    def close(self) -> None:
        """Record what is still open, also what could not be recorded before."""
        self._write()

    def _write(self) -> None:
        if not self._open:
            return
        kept = patiently(self._write_once)
        for mark in self._open:
            outcome = mark.outcome if mark.key in kept else "passed"
            self.counts[outcome] = self.counts.get(outcome, 0) + 1
        self._open.clear()

    def _write_once(self) -> set[UUID]:
        """Write the open marks of those messages that are still this worker's, in one statement and commit; return which."""
        with self._database.unit_of_work() as session:
            return set(session.connection().execute(_RECORD, _values(self._open, self._now, self._worker)).scalars())


def _values(marks: Sequence[Mark], now: datetime, worker: str) -> dict[str, Any]:
    """Return what `_RECORD` is run with."""
    return {
        "keys": [mark.key for mark in marks], "attempt_ids": [new_id() for _mark in marks],
        "states": [mark.state.value for mark in marks], "counts": [mark.attempts for mark in marks],
        "next_attempts": [mark.next_attempt_at for mark in marks], "accepted": [mark.accepted_at for mark in marks],
        "reasons": [mark.reason for mark in marks], "blanked": [mark.is_blanked for mark in marks],
        "answers": [mark.answer for mark in marks], "worker": worker, "now": now,
    }  # fmt: skip
