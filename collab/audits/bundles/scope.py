"""What belongs to a target's bundle, and what of it the recipient may read in clear."""

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.documents import queries as documents
from collab.documents import storage
from collab.documents.models import Document
from collab.history.evidence.build import EventKey
from collab.history.models import HistoryEvent
from collab.kernel import targets
from collab.kernel.access import Actor
from collab.kernel.targets import Ref


def streams_of(session: Session, kind: str, subject_id: UUID) -> list[str]:
    """Return the streams that tell of a target: its own with all its parts, else those in which it occurs."""
    own = f"{kind}/{subject_id}"
    found = session.scalars(
        sa.select(HistoryEvent.stream_id)
        .where(HistoryEvent.subject_id == subject_id, HistoryEvent.subject_kind == kind)
        .group_by(HistoryEvent.stream_id)
    ).all()
    return [own] if own in found else sorted(found)


def documents_of(session: Session, streams: list[str]) -> list[Document]:
    """Return the files attached to anything in ``streams``, the removed ones too."""
    subjects = sa.select(HistoryEvent.subject_id).where(HistoryEvent.stream_id.in_(streams)).distinct()
    return list(session.scalars(sa.select(Document).where(Document.target_id.in_(subjects)).order_by(Document.id)))


def opener(session: Session, actor: Actor | None, target: Ref) -> Callable[[EventKey, str], bool]:
    """Return the answer to "may ``actor`` read this event's private values?"; None is the console, which may read all.

    A part (of a kind that is not registered by itself) is read with its whole: with the target.
    """
    known = targets.kinds()
    answers: dict[Ref, bool] = {target: True}

    def may_open(event: EventKey, _path: str) -> bool:
        if actor is None or event.subject_kind not in known:
            return True
        ref = Ref(event.subject_kind, event.subject_id)
        if ref not in answers:
            answers[ref] = ref in targets.visible(session, actor, {ref})
        return answers[ref]

    return may_open


def attachments(session: Session, actor: Actor | None, found: list[Document]) -> Callable[[str], Path | None]:
    """Return the answer to "where are the bytes of this attachment?" for files that ``actor`` may see; None for others."""
    allowed = {row.id for row in found} if actor is None else documents.visible_ids(session, actor, found)
    places = {row.sha256 for row in found if row.id in allowed}

    def path_of(digest: str) -> Path | None:
        if digest not in places:
            return None
        try:
            return storage.store().path_of(digest)
        except storage.MissingFile:
            return None

    return path_of
