"""Names formulas on timelines."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from collab.cost_sharing import queries
from collab.cost_sharing.wording import METHODS
from collab.kernel import targets
from collab.kernel.access import Actor
from collab.kernel.i18n import lazy
from collab.kernel.targets import Ref, TargetInfo, TargetKind, register


def _load(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
    return [
        TargetInfo(
            "cost_formula", row.id, str(METHODS[row.method]), f"/cost-sharing/{row.target_kind}/{row.target_id}", number=str(row.edition),
            day=row.measured_on, committee_id=row.committee_id,
        )
        for row in queries.formulas_by_ids(session, keys)
    ]  # fmt: skip


def _visible(session: Session, actor: Actor, keys: Sequence[UUID]) -> set[UUID]:
    rows = queries.formulas_by_ids(session, keys)
    seen = targets.visible(session, actor, [Ref(row.target_kind, row.target_id) for row in rows])
    return {row.id for row in rows if Ref(row.target_kind, row.target_id) in seen}


def _because(session: Session, key: UUID) -> list[Ref]:
    return [Ref(row.target_kind, row.target_id) for row in queries.formulas_by_ids(session, [key])]


def install() -> None:
    """Register the kind."""
    register("cost_formula", TargetKind(lazy("Cost shares"), _load, _visible, _because))
