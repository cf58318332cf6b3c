"""What a session has recorded and not yet written, and how much of it a savepoint that is taken back takes with it.

The session tells of a savepoint's beginning, of its release and of its end. What ends without a release was taken back, whether by
a rollback, by one of what is around it, or by closing the session.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session, SessionTransaction

from collab.history import store, writer

_KEY = "collab.history"


@dataclass
class Mark:
    """How far recording had come when a savepoint began."""

    pending: int
    act: Any
    touched: int


@dataclass
class Recording:
    """What the transaction of a session has to tell."""

    #: The act under way.
    act: Any = None
    pending: list[writer.PendingEvent] = field(default_factory=list)
    seen: store.Seen | None = None
    #: The transaction or savepoint in which the database was last told that an act is under way.
    announced: SessionTransaction | None = None
    #: The open savepoints.
    marks: dict[SessionTransaction, Mark] = field(default_factory=dict)
    #: The savepoint that was innermost at the last commit that began.
    releasing: SessionTransaction | None = None


def recording(session: Session) -> Recording:
    """Return what ``session`` has recorded in its transaction so far."""
    found: Recording | None = session.info.get(_KEY)
    if found is None:
        found = session.info[_KEY] = Recording()
    return found


def _after_transaction_create(session: Session, transaction: SessionTransaction) -> None:
    if transaction.nested:
        now = recording(session)
        now.marks[transaction] = Mark(len(now.pending), now.act, len(now.act.touched) if now.act else 0)


def _after_commit(session: Session) -> None:
    savepoint = session.get_nested_transaction()
    if savepoint is not None:
        del recording(session).marks[savepoint]


def _after_transaction_end(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session.info.pop(_KEY, None)
    elif transaction.nested:
        now = recording(session)
        mark = now.marks.pop(transaction, None)
        if mark:
            _take_back(now, mark)


def _take_back(now: Recording, mark: Mark) -> None:
    del now.pending[mark.pending :]
    if now.act is not mark.act:
        # The act began within the savepoint; its block finds that it is no longer the one under way.
        now.act = None
    elif now.act:
        del now.act.touched[mark.touched :]


#: What `tracking.install` puts on every Session, by the name of the session's event.
LISTENERS: dict[str, Callable[..., None]] = {
    "after_transaction_create": _after_transaction_create,
    "after_commit": _after_commit,
    "after_transaction_end": _after_transaction_end,
}
