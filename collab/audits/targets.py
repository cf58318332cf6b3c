"""Shows findings to the rest of the product, and says for whom they wait."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.audits import queries
from collab.audits.models import Finding
from collab.audits.states import FindingState, Severity
from collab.kernel import turns
from collab.kernel.access import Actor, Role, Scope
from collab.kernel.i18n import lazy
from collab.kernel.paging import AnySelect
from collab.kernel.targets import Ref, TargetInfo, TargetKind, register
from collab.reminders.registry import DueKind, register_due

STATES = {
    FindingState.DRAFT: lazy("Draft, not issued"),
    FindingState.OPEN: lazy("Waiting for an answer"),
    FindingState.ANSWERED: lazy("Answered"),
    FindingState.FOLLOW_UP: lazy("Accepted, to be followed up"),
    FindingState.CLOSED: lazy("Closed"),
    FindingState.WITHDRAWN: lazy("Withdrawn by the auditor"),
}
SEVERITIES = {Severity.LOW: lazy("Minor"), Severity.MEDIUM: lazy("Considerable"), Severity.HIGH: lazy("Grave")}


def state_text(state: FindingState) -> str:
    """Return a finding's state in words."""
    return str(STATES[state])


def severity_text(severity: Severity) -> str:
    """Return how much a finding weighs, in words."""
    return str(SEVERITIES[severity])


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
        asked = Finding.state.in_([FindingState.OPEN, FindingState.FOLLOW_UP])
        clauses.append(sa.and_(asked, Finding.organisation_id.in_(answering)))
    if actor.has(Role.AUDITOR):
        mine = Finding.state.in_([FindingState.ANSWERED, FindingState.DRAFT])
        clauses.append(sa.and_(mine, Finding.auditor_id == actor.user_id))
    if not clauses:
        return None
    task = sa.case({state: f"finding.{name}" for state, name in _TASKS.items()}, value=Finding.state)
    day = sa.case((Finding.state == FindingState.FOLLOW_UP, Finding.follow_up_on), else_=Finding.due_on)
    return sa.select(
        sa.literal("finding").label("kind"), Finding.id.label("target_id"), Finding.committee_id, Finding.organisation_id,
        task.label("task"), day.label("due_on"), sa.cast(sa.null(), sa.DateTime(timezone=True)).label("since"),
    ).where(sa.or_(*clauses))  # fmt: skip


_TASKS = {
    FindingState.OPEN: "reply",
    FindingState.FOLLOW_UP: "report",
    FindingState.ANSWERED: "judge",
    FindingState.DRAFT: "issue",
}


def _due(state: FindingState, day: sa.ColumnElement[date | None]) -> AnySelect:
    return sa.select(
        Finding.id.label("target_id"), day.label("due_on"), Finding.organisation_id, sa.cast(sa.null(), sa.Uuid()).label("owner_id"),
        Finding.committee_id,
    ).where(Finding.state == state)  # fmt: skip


def _due_replies() -> AnySelect:
    return _due(FindingState.OPEN, sa.type_coerce(Finding.due_on, sa.Date))


def _due_follow_ups() -> AnySelect:
    return _due(FindingState.FOLLOW_UP, sa.type_coerce(Finding.follow_up_on, sa.Date))


def install() -> None:
    """Register the kind, its due rows and its tasks."""
    register("finding", TargetKind(lazy("Audit finding"), _load, _visible, because_of=_because_of))
    register_due(
        DueKind(
            kind="finding",
            target_kind="finding",
            label=lazy("Answer to an audit finding"),
            select=_due_replies,
            may_count=queries.may_count,
        )
    )
    follow_up = lazy("Report on the follow-up of an audit finding")
    register_due(
        DueKind(
            kind="finding_follow_up", target_kind="finding", label=follow_up, select=_due_follow_ups, may_count=queries.may_count
        )
    )
    turns.register_turn(turns.TurnSource("finding", _waiting))
    turns.register_task_label("finding.reply", lazy("Answer the auditor's question"))
    turns.register_task_label("finding.report", lazy("Report to the auditor what was done"))
    turns.register_task_label("finding.issue", lazy("Issue your draft finding or withdraw it"))
    turns.register_task_label("finding.judge", lazy("Read the answer to your finding"))
