"""Shows findings to the rest of the product, and says for whom they wait."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.audits import queries
from collab.audits.models import Finding
from collab.audits.states import FindingState
from collab.kernel import turns
from collab.kernel.access import Actor, Role, Scope
from collab.kernel.i18n import _, lazy
from collab.kernel.paging import AnySelect
from collab.kernel.targets import Ref, TargetInfo, TargetKind, register
from collab.reminders.registry import DueKind, register_due


def state_text(state: FindingState) -> str:
    """Return a finding's state in words."""
    words = {
        FindingState.OPEN: _("Waiting for an answer"),
        FindingState.ANSWERED: _("Answered"),
        FindingState.CLOSED: _("Closed"),
    }
    return words[state]


def _load(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
    return [
        TargetInfo(
            kind="finding", id=row.id, title=row.question[:120], url=f"/audit/findings/{row.id}", state=state_text(row.state),
            day=row.due_on, committee_id=row.committee_id, organisation_id=row.organisation_id,
        )
        for row in queries.findings_by_ids(session, keys)
    ]  # fmt: skip


def _visible(session: Session, actor: Actor, keys: Sequence[UUID]) -> set[UUID]:
    return {row.id for row in session.scalars(queries.visible_findings(actor).where(Finding.id.in_(keys)))}


def _because_of(session: Session, key: UUID) -> list[Ref]:
    return [Ref(row.target_kind, row.target_id) for row in queries.findings_by_ids(session, [key])]


def _waiting(actor: Actor, now: datetime) -> AnySelect | None:
    answering = actor.scopes(Role.CLERK, Scope.ORGANISATION) | actor.scopes(Role.EXECUTIVE, Scope.ORGANISATION)
    clauses = []
    if answering:
        clauses.append(sa.and_(Finding.state == FindingState.OPEN, Finding.organisation_id.in_(answering)))
    if actor.has(Role.AUDITOR):
        clauses.append(sa.and_(Finding.state == FindingState.ANSWERED, Finding.auditor_id == actor.user_id))
    if not clauses:
        return None
    task = sa.case((Finding.state == FindingState.OPEN, "finding.reply"), else_="finding.judge")
    return sa.select(
        sa.literal("finding").label("kind"), Finding.id.label("target_id"), Finding.committee_id, Finding.organisation_id,
        task.label("task"), Finding.due_on, sa.cast(sa.null(), sa.DateTime(timezone=True)).label("since"),
    ).where(sa.or_(*clauses))  # fmt: skip


def _due() -> AnySelect:
    return sa.select(
        Finding.id.label("target_id"), Finding.due_on, Finding.organisation_id, sa.cast(sa.null(), sa.Uuid()).label("owner_id"),
        Finding.committee_id,
    ).where(Finding.state == FindingState.OPEN)  # fmt: skip


def install() -> None:
    """Register the kind, its due rows and its tasks."""
    register("finding", TargetKind(lazy("Audit finding"), _load, _visible, because_of=_because_of))
    register_due(DueKind(kind="finding", target_kind="finding", label=lazy("Answer to an audit finding"), select=_due))
    turns.register_turn(turns.TurnSource("finding", _waiting))
    turns.register_task_label("finding.reply", lazy("Answer the auditor's question"))
    turns.register_task_label("finding.judge", lazy("Read the answer to your finding"))
