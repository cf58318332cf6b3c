"""Shows holidays to the rest of the product."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from collab.calendar import queries
from collab.kernel import i18n
from collab.kernel.access import Actor
from collab.kernel.dates import BUDDHIST_OFFSET
from collab.kernel.i18n import _, lazy
from collab.kernel.targets import TargetInfo, TargetKind, register


def _load(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
    return [
        TargetInfo(
            kind="holiday", id=row.id, title=row.name_en if i18n.get_locale() == "en" and row.name_en else row.name_th,
            url=f"/calendar/{row.day.year + BUDDHIST_OFFSET}", day=row.day,
            state=_("Removed") if row.removed_at else _("Offices closed") if row.is_office_closed else _("Offices open"),
        )
        for row in queries.holidays_by_ids(session, keys)
    ]  # fmt: skip


def _visible(session: Session, actor: Actor, keys: Sequence[UUID]) -> set[UUID]:
    return set(keys)


def install() -> None:
    """Register the kind: every signed-in person may read the calendar."""
    register("holiday", TargetKind(lazy("Holiday"), _load, _visible))
