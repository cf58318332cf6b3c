"""What comes again: an item on the n-th working day of each month, quarter or year, made as items of the plan at once."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from collab import history
from collab.action_plans import queries
from collab.action_plans.models import ActionItem, ActionPlan, ItemSupporter, Recurrence
from collab.action_plans.rules import period_of, periods_between
from collab.action_plans.schedule import WorkingDays
from collab.action_plans.states import Frequency, ItemKind, ItemState, PlanState
from collab.kernel.access import Actor, Permission, authorize
from collab.kernel.clock import today
from collab.kernel.dates import format_date
from collab.kernel.errors import InvalidInput, NotFound, StateConflict
from collab.kernel.i18n import _
from collab.kernel.ids import new_id
from collab.kernel.text import normalise

MOST_WORKING_DAY = 20
MOST_OCCURRENCES = 24


def make_recurring(session: Session, *, actor: Actor, now: datetime, item_id: UUID, frequency: Frequency, working_day: int,
                   ends_on: date) -> Recurrence:  # fmt: skip
    """Let an item come again on the ``working_day``-th working day of each later period up to ``ends_on``.

    Each occurrence is an item of the same length, party, weight and authority; the item itself stands for its own period. In an
    active plan the occurrences are open at once. Raises NotFound, NotAllowed, StateConflict, InvalidInput.
    """
    plan, item = queries.lock_item(session, actor, item_id, whole_plan=True)
    authorize(actor, Permission.ACTION_ITEM_MANAGE, plan)
    if plan.state is PlanState.CLOSED or item.removed_at is not None or item.recurrence_id is not None:
        raise StateConflict(_("This can no longer be done: the state has changed meanwhile."))
    periods = _periods(item, frequency, working_day, ends_on)
    rule = Recurrence(id=new_id(), plan_id=plan.id, frequency=frequency, working_day=working_day, ends_on=ends_on)
    days = queries.working_days(session, [item.starts_on])
    copies = [_occurrence(plan, item, rule, period, days) for period in periods]
    copies = [row for row in copies if row.due_on <= ends_on]
    first = queries.next_position(session, plan.id)
    supporters = queries.supporters_of(session, [item.id]).get(item.id, [])
    with history.act(session, verb="action_item.recurring", actor=actor, now=now, subject=rule):
        session.add(rule)
        session.flush()
        item.recurrence_id, item.period_on = rule.id, period_of(item.due_on, frequency)
        for number, row in enumerate(copies):
            row.position = first + number
        session.add_all(copies)
        session.flush()
        session.add_all(
            ItemSupporter(plan_id=plan.id, item_id=row.id, organisation_id=organisation)
            for row in copies
            for organisation in supporters
        )
    return rule


def end_recurrence(session: Session, *, actor: Actor, now: datetime, recurrence_id: UUID, reason: str) -> Recurrence:
    """End a recurrence: occurrences of later periods that nobody has begun are taken out, with the reason.

    Raises NotFound, NotAllowed, StateConflict, InvalidInput.
    """
    rule = session.get(Recurrence, recurrence_id)
    if rule is None:
        raise NotFound("action_recurrence", recurrence_id)
    plan = queries.lock_plan(session, actor, rule.plan_id)
    authorize(actor, Permission.ACTION_ITEM_MANAGE, plan)
    session.refresh(rule)
    if rule.removed_at is not None:
        raise NotFound("action_recurrence", recurrence_id)
    if plan.state is PlanState.CLOSED:
        raise StateConflict(_("This can no longer be done: the state has changed meanwhile."))
    words = normalise(reason)
    if not words:
        raise InvalidInput({"reason": _("Say why.")})
    begun = period_of(today(now), rule.frequency)
    later = [
        row
        for row in queries.occurrences_of(session, rule.id)
        if row.state is ItemState.PLANNED and row.period_on and row.period_on > begun
    ]
    with history.act(session, verb="action_item.recurrence_ended", actor=actor, now=now, subject=rule, reason=words):
        rule.removed_at = now
        for row in later:
            row.removed_at, row.is_open = now, False
            for link in queries.dependencies_of(session, row.id):
                link.removed_at = now
    return rule


def _periods(item: ActionItem, frequency: Frequency, working_day: int, ends_on: date) -> list[date]:
    faults = {}
    if not 1 <= working_day <= MOST_WORKING_DAY:
        faults["working_day"] = _("Write a number from %(least)s to %(most)s.", least=1, most=MOST_WORKING_DAY)
    periods = periods_between(item.due_on, ends_on, frequency)
    if not periods:
        faults["ends_on"] = _("No further period begins before this day.")
    elif len(periods) > MOST_OCCURRENCES:
        faults["ends_on"] = _("These would be more than %(most)s items. Choose an earlier day.", most=MOST_OCCURRENCES)
    if faults:
        raise InvalidInput(faults)
    return periods


def _occurrence(plan: ActionPlan, item: ActionItem, rule: Recurrence, period: date, days: WorkingDays) -> ActionItem:
    due = days.after(days.from_day(period), rule.working_day - 1)
    length = max(days.count(item.starts_on, item.due_on), 1)
    start = due if item.kind is ItemKind.MILESTONE else days.before(due, length - 1)
    # The name of the period tells the occurrences apart; what is stored is in Thai, as all that is written in plans.
    name = format_date(period, "th", short=True).split(" ", 1)[1]
    return ActionItem(
        id=new_id(), plan_id=plan.id, committee_id=plan.committee_id, kind=item.kind, group_name=item.group_name,
        title=f"{item.title} ({name})", description=item.description, location=item.location,
        lead_organisation_id=item.lead_organisation_id, owner_id=item.owner_id, starts_on=start, due_on=due, weight=item.weight,
        budget_planned=Decimal(0), authority_kind=item.authority_kind, authority_id=item.authority_id, recurrence_id=rule.id,
        period_on=period, state=ItemState.PLANNED, percent=0, is_open=plan.state is PlanState.ACTIVE,
    )  # fmt: skip
