"""What of meetings falls due: the invitation with its agenda, by the rules of procedure, and the minutes, by the next meeting."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from collab.kernel.i18n import lazy
from collab.kernel.paging import AnySelect
from collab.meetings.models import Meeting
from collab.meetings.states import MeetingState
from collab.members.models import Committee, CommitteeRules
from collab.reminders.registry import DueKind, register_due


def day_of(moment: Any) -> sa.ColumnElement[Any]:
    """Return the day of an instant where the offices are."""
    return sa.cast(sa.func.timezone("Asia/Bangkok", moment), sa.Date())


def _select(due_on: sa.ColumnElement[Any]) -> AnySelect:
    """The agency that coordinates the committee is responsible; which of its people, the rules of reminding say."""
    return sa.select(
        Meeting.id.label("target_id"), due_on.label("due_on"), Committee.agency_id.label("organisation_id"),
        sa.cast(sa.null(), sa.Uuid()).label("owner_id"), Meeting.committee_id,
    ).join(Committee, Committee.id == Meeting.committee_id)  # fmt: skip


def due_invitations() -> AnySelect:
    """Return the meetings that are not convened yet, due as many days before as the rules in force on that day ask for."""
    day = day_of(Meeting.starts_at)
    in_force = sa.and_(
        CommitteeRules.committee_id == Meeting.committee_id, CommitteeRules.removed_at.is_(None), CommitteeRules.valid_from <= day,
        sa.or_(CommitteeRules.valid_to.is_(None), CommitteeRules.valid_to >= day),
    )  # fmt: skip
    newest = (CommitteeRules.valid_from.desc(), CommitteeRules.id.desc())
    notice = sa.select(CommitteeRules.notice_days).where(in_force).order_by(*newest).limit(1).correlate(Meeting).scalar_subquery()
    due_on = day - sa.func.coalesce(notice, 0)
    return _select(sa.cast(due_on, sa.Date())).where(Meeting.state == MeetingState.DRAFT)


def next_meeting() -> sa.ColumnElement[Any]:
    """Return when the committee's meeting after a `Meeting` begins; none when none is called."""
    following = aliased(Meeting)
    return (
        sa.select(sa.func.min(following.starts_at))
        .where(
            following.committee_id == Meeting.committee_id, following.starts_at > Meeting.starts_at,
            following.state.in_([MeetingState.CONVENED, MeetingState.IN_SESSION, MeetingState.CLOSED]),
        )
        .correlate(Meeting)
        .scalar_subquery()
    )  # fmt: skip


def due_minutes() -> AnySelect:
    """Return the closed meetings whose minutes are not adopted, due on the day of the committee's next meeting."""
    next_at = next_meeting()
    open_ones = sa.and_(Meeting.state == MeetingState.CLOSED, Meeting.minutes_adopted_at.is_(None), next_at.is_not(None))
    return _select(day_of(next_at)).where(open_ones)


def install() -> None:
    """Register the due dates."""
    register_due(DueKind("meeting_invitation", "meeting", lazy("Invitation and agenda of a meeting due"), due_invitations))
    register_due(DueKind("meeting_minutes", "meeting", lazy("Minutes of a meeting to be adopted"), due_minutes))
