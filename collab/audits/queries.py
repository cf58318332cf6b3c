"""Reads of findings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.audits.models import Finding, FindingReply
from collab.audits.states import FindingState, Severity, Step
from collab.history.models import HistoryEvent
from collab.kernel.access import Actor, Role, Scope
from collab.kernel.errors import NotFound
from collab.kernel.paging import Key, Page, keyset
from collab.kernel.targets import Ref
from collab.kernel.text import sort_key
from collab.members.models import User

_COUNTS = ("issued", "waiting", "overdue", "late", "reopened")
_NEWEST = (Key(Finding.due_on, lambda row: row.due_on, descending=True), Key(Finding.id, lambda row: row.id, descending=True))


def visible_findings(actor: Actor) -> sa.Select[Finding]:
    """Return the findings that ``actor`` may see: auditors and administrators all, others those to their organisations.

    One that was never issued is its author's alone.
    """
    statement = sa.select(Finding).where(sa.or_(Finding.issued_at.is_not(None), Finding.auditor_id == actor.user_id))
    if _sees_all_findings(actor):
        return statement
    mine = Finding.organisation_id.in_(actor.organisation_ids)
    return statement.where(sa.or_(mine, Finding.committee_id.in_(_overseen(actor))))


def _sees_all_findings(actor: Actor) -> bool:
    return actor.everywhere(Role.AUDITOR) or actor.everywhere(Role.ADMINISTRATOR)


def _overseen(actor: Actor) -> set[UUID]:
    return actor.scopes(Role.COORDINATOR, Scope.COMMITTEE) | actor.scopes(Role.AUDITOR, Scope.COMMITTEE)


def may_count(actor: Actor, committee_id: UUID) -> bool:
    """Say whether ``actor`` sees every issued finding of the committee, and so may know how many there are."""
    return _sees_all_findings(actor) or committee_id in _overseen(actor)


def get_finding(session: Session, actor: Actor, finding_id: UUID) -> Finding:
    """Return the finding; NotFound when there is none that ``actor`` may see."""
    found = session.scalars(visible_findings(actor).where(Finding.id == finding_id)).one_or_none()
    if found is None:
        raise NotFound("finding", finding_id)
    return found


def lock_finding(session: Session, actor: Actor, finding_id: UUID) -> Finding:
    """Return the finding with its row locked; NotFound as `get_finding`."""
    get_finding(session, actor, finding_id)
    return session.scalars(
        sa.select(Finding).where(Finding.id == finding_id).with_for_update().execution_options(populate_existing=True)
    ).one()


def list_findings(session: Session, actor: Actor, cursor: str | None = None, *, state: str = "", severity: str = "",
                  organisation_id: UUID | None = None) -> Page[Finding]:  # fmt: skip
    """Return a page of the findings that ``actor`` may see, the latest due first, narrowed by state, severity, organisation."""
    statement = visible_findings(actor)
    if state:
        statement = statement.where(Finding.state == state)
    if severity:
        statement = statement.where(Finding.severity == severity)
    if organisation_id:
        statement = statement.where(Finding.organisation_id == organisation_id)
    return keyset(session, statement, _NEWEST, cursor, scalars=True)


def event_belongs(session: Session, event_id: UUID, target: Ref) -> bool:
    """Say whether the event is one of ``target`` itself or of a part in its stream."""
    event = HistoryEvent
    of_it = sa.or_(event.subject_id == target.id, event.stream_id == f"{target.kind}/{target.id}")
    return session.scalars(sa.select(event.id).where(event.id == event_id, of_it)).first() is not None


@dataclass(frozen=True)
class Statistics:
    """Findings in numbers: by state and severity, by organisation (issued, waiting, overdue, late replies, reopened)."""

    by_state: dict[FindingState, dict[Severity, int]]
    by_organisation: list[tuple[UUID, dict[str, int]]]
    median_days_to_reply: float | None
    lessons: list[Finding]


def statistics(session: Session, actor: Actor, day: date) -> Statistics:
    """Return the numbers of the issued findings that ``actor`` may see, as they stand on ``day``; four queries."""
    seen = visible_findings(actor).where(Finding.issued_at.is_not(None)).subquery()
    columns = seen.c
    by_state: dict[FindingState, dict[Severity, int]] = {}
    for state, severity, count in session.execute(
        sa.select(columns.state, columns.severity, sa.func.count()).group_by(columns.state, columns.severity)
    ):
        by_state.setdefault(FindingState(state), {})[Severity(severity)] = count
    replies = sa.select(
        FindingReply.finding_id, sa.func.min(FindingReply.written_at).label("first_at"),
        sa.func.bool_or(sa.cast(sa.func.timezone("Asia/Bangkok", FindingReply.written_at), sa.Date) > FindingReply.due_on).label("late"),
    ).where(FindingReply.step == Step.REPLY).group_by(FindingReply.finding_id).subquery()  # fmt: skip
    waits = columns.state == FindingState.OPEN
    overdue = sa.or_(
        sa.and_(waits, columns.due_on < day), sa.and_(columns.state == FindingState.FOLLOW_UP, columns.follow_up_on < day)
    )
    rows = session.execute(
        sa.select(
            columns.organisation_id, sa.func.count().label("issued"), sa.func.count().filter(waits).label("waiting"),
            sa.func.count().filter(overdue).label("overdue"), sa.func.count().filter(replies.c.late).label("late"),
            sa.func.count().filter(columns.reopened > 0).label("reopened"),
        ).outerjoin(replies, replies.c.finding_id == columns.id).group_by(columns.organisation_id).order_by(sa.desc("overdue"), sa.desc("issued"))
    )  # fmt: skip
    days = sa.extract("epoch", replies.c.first_at - columns.issued_at) / 86400
    median = session.scalar(
        sa.select(sa.func.percentile_cont(0.5).within_group(days))
        .select_from(seen)
        .join(replies, replies.c.finding_id == columns.id)
    )
    lessons = session.scalars(visible_findings(actor).where(Finding.lesson != "").order_by(Finding.closed_at.desc()).limit(50))
    found = [(row.organisation_id, {name: getattr(row, name) for name in _COUNTS}) for row in rows]
    return Statistics(by_state, found, float(median) if median is not None else None, list(lessons))


def findings_on(session: Session, actor: Actor, target_id: UUID) -> list[Finding]:
    """Return the findings about one object that ``actor`` may see, oldest first."""
    return list(session.scalars(visible_findings(actor).where(Finding.target_id == target_id).order_by(Finding.id)))


def replies_of(session: Session, finding_id: UUID) -> list[FindingReply]:
    """Return the exchange on a finding, oldest first."""
    return list(session.scalars(sa.select(FindingReply).where(FindingReply.finding_id == finding_id).order_by(FindingReply.id)))


def findings_by_ids(session: Session, keys: Sequence[UUID]) -> list[Finding]:
    """Return the findings with these ids, whoever asks."""
    return list(session.scalars(sa.select(Finding).where(Finding.id.in_(keys))))


def people(session: Session) -> list[User]:
    """Return everybody with an account, disabled ones too, by their Thai names."""
    return sorted(session.scalars(sa.select(User)), key=lambda row: (sort_key(row.name_th), row.id))
