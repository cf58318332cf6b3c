"""Shows files to the rest of the product."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from collab.documents import queries
from collab.kernel.access import Actor
from collab.kernel.clock import today
from collab.kernel.i18n import _, lazy
from collab.kernel.targets import Ref, TargetInfo, TargetKind, register


def _load(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
    return [
        TargetInfo(
            kind="document", id=row.id, title=row.filename, url=f"/documents/{row.id}",
            state=_("Removed") if row.removed_at else _("Attached"), day=today(row.uploaded_at), organisation_id=row.organisation_id,
        )
        for row in queries.documents_by_ids(session, keys)
    ]  # fmt: skip


def _visible(session: Session, actor: Actor, keys: Sequence[UUID]) -> set[UUID]:
    return queries.visible_ids(session, actor, queries.documents_by_ids(session, keys))


def _because_of(session: Session, key: UUID) -> list[Ref]:
    return [Ref(row.target_kind, row.target_id) for row in queries.documents_by_ids(session, [key])]


def _search_texts(session: Session, keys: Sequence[UUID]) -> dict[UUID, str]:
    return {row.id: f"{row.filename} {row.note}" for row in queries.documents_by_ids(session, keys) if row.removed_at is None}


def install() -> None:
    """Register the kind."""
    register(
        "document",
        TargetKind(lazy("File"), _load, _visible, because_of=_because_of, search_texts=_search_texts),
    )
