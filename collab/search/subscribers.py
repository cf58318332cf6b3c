"""Keeps the index in the transaction of the change, so that what was saved is found at once."""

from collections import defaultdict
from uuid import UUID

from sqlalchemy.orm import Session

from collab.history.writer import ChangesRecorded
from collab.kernel import targets
from collab.kernel.events import subscribe
from collab.search import service


def install() -> None:
    """Subscribe to recorded changes."""
    subscribe(ChangesRecorded)(reindex_changed)


def reindex_changed(session: Session, event: ChangesRecorded) -> None:
    """Bring the index up to date for the subjects of ``event``."""
    changed: dict[str, list[UUID]] = defaultdict(list)
    for kind, key in event.subjects:
        if kind in targets.kinds():
            changed[kind].append(key)
    for kind, keys in changed.items():
        service.reindex(session, kind, keys)
