"""Reads beside the reports: requests for help, drafts, closed months."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.action_plans.models import ActionItem, BudgetLine, HelpRequest, MonthlyClosing, ProgressReport, ReportDraft
from collab.action_plans.states import ClosingState, HelpState


def helps_of(session: Session, item_id: UUID) -> list[HelpRequest]:
    """Return the requests for help with an item, the newest first."""
    statement = sa.select(HelpRequest).where(HelpRequest.item_id == item_id)
    return list(session.scalars(statement.order_by(HelpRequest.asked_at.desc(), HelpRequest.id.desc())))


def asked_help(session: Session, item_id: UUID) -> HelpRequest | None:
    """Return the request for help with an item that waits for an answer, if one does."""
    return session.scalar(sa.select(HelpRequest).where(HelpRequest.item_id == item_id, HelpRequest.state == HelpState.ASKED))


def find_draft(session: Session, item_id: UUID, user_id: UUID | None) -> ReportDraft | None:
    """Return what a person has typed about an item and not sent yet, if anything."""
    return session.get(ReportDraft, (item_id, user_id)) if user_id else None


def closings_of(session: Session, plan_id: UUID) -> list[MonthlyClosing]:
    """Return the months that were closed in a plan, the newest first."""
    statement = sa.select(MonthlyClosing).where(MonthlyClosing.plan_id == plan_id)
    return list(session.scalars(statement.order_by(MonthlyClosing.month.desc(), MonthlyClosing.id)))


def find_closing(session: Session, plan_id: UUID, organisation_id: UUID, month: date) -> MonthlyClosing | None:
    """Return the closing of a month by an organisation, closed or opened again, if there is one."""
    return session.scalar(
        sa.select(MonthlyClosing).where(
            MonthlyClosing.plan_id == plan_id, MonthlyClosing.organisation_id == organisation_id, MonthlyClosing.month == month
        )
    )


def is_closed(session: Session, plan_id: UUID, organisation_id: UUID, month: date) -> bool:
    """Say whether the organisation has closed the month in the plan."""
    found = find_closing(session, plan_id, organisation_id, month)
    return found is not None and found.state is ClosingState.CLOSED


def reported_between(session: Session, plan_id: UUID, first: datetime, end: datetime) -> set[UUID]:
    """Return the items of a plan on which anybody reported from ``first`` until before ``end``."""
    statement = sa.select(ProgressReport.item_id).where(
        ProgressReport.plan_id == plan_id, ProgressReport.reported_at >= first, ProgressReport.reported_at < end
    )
    return set(session.scalars(statement.distinct()))


def parties_of(session: Session, plan_id: UUID) -> list[UUID]:
    """Return the organisations that lead an item of a plan or pay for one, in a fixed order."""
    leads = sa.select(ActionItem.lead_organisation_id).where(ActionItem.plan_id == plan_id, ActionItem.removed_at.is_(None))
    pays = sa.select(BudgetLine.organisation_id).where(BudgetLine.plan_id == plan_id, BudgetLine.removed_at.is_(None))
    return sorted(set(session.scalars(leads.union(pays))))
