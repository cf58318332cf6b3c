"""Names posts on timelines."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from collab.forum import queries
from collab.kernel import targets
from collab.kernel.access import Actor
from collab.kernel.i18n import _, lazy
from collab.kernel.targets import Ref, TargetInfo, TargetKind, register


def _load(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
    return [
        TargetInfo(
            "post", row.id, _("Removed post") if row.removed_at else row.text[:80], f"/forum/{row.target_kind}/{row.target_id}",
            committee_id=row.committee_id, organisation_id=row.organisation_id,
        )
        for row in queries.posts_by_ids(session, keys)
    ]  # fmt: skip


def _visible(session: Session, actor: Actor, keys: Sequence[UUID]) -> set[UUID]:
    rows = queries.posts_by_ids(session, keys)
    seen = targets.visible(session, actor, [Ref(row.target_kind, row.target_id) for row in rows])
    return {row.id for row in rows if Ref(row.target_kind, row.target_id) in seen}


def _because(session: Session, key: UUID) -> list[Ref]:
    return [Ref(row.target_kind, row.target_id) for row in queries.posts_by_ids(session, [key])]


def install() -> None:
    """Register the kind."""
    register("post", TargetKind(lazy("Post"), _load, _visible, _because))
