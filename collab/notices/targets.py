"""Names channels on timelines; who keeps them goes on from their organisation, others may not see more."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from collab.kernel.access import Actor, Permission, Role, can
from collab.kernel.i18n import lazy
from collab.kernel.targets import TargetInfo, TargetKind, register
from collab.notices.channel_rules import service_name
from collab.notices.channels import channels_by_ids


def _load(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
    return [
        TargetInfo(
            "channel", row.id, f"{row.name} ({service_name(row.service)})", f"/members/organisations/{row.organisation_id}",
            organisation_id=row.organisation_id,
        )
        for row in channels_by_ids(session, keys)
    ]  # fmt: skip


def _visible(session: Session, actor: Actor, keys: Sequence[UUID]) -> set[UUID]:
    rows = channels_by_ids(session, keys)
    return {row.id for row in rows if actor.has(Role.AUDITOR) or can(actor, Permission.CHANNEL_MANAGE, row)}


def install() -> None:
    """Register the kind."""
    register("channel", TargetKind(lazy("Further channel"), _load, _visible))
