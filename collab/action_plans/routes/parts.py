"""Views of what belongs to an item: budget lines and indicators."""

from decimal import Decimal
from uuid import UUID

from flask import render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.action_plans import presenters, queries, service
from collab.action_plans.forms import BudgetForm, IndicatorForm, ReasonForm
from collab.action_plans.models import ActionItem, ActionPlan, BudgetLine, Indicator
from collab.action_plans.routes.common import blueprint, item_url, refuse, submitted, versioned
from collab.kernel.access import Permission, can
from collab.kernel.clock import today
from collab.kernel.errors import InvalidInput, NotFound
from collab.kernel.i18n import _
from collab.members import queries as members
from collab.web.context import current_actor, reading, request_now
from collab.web.forms import CollabForm
from collab.web.routing import requires


@blueprint.route("/action-plans/items/<uuid:item_id>/budget/new", methods=["GET", "POST"])
@requires(Permission.ACTION_ITEM_MANAGE)
def new_budget_line(item_id: UUID) -> ResponseReturnValue:
    """Give an item the budget line of an organisation."""
    with reading() as session:
        plan, row = queries.get_item(session, current_actor(), item_id)
        seats = members.seats_on(session, plan.committee_id, today(request_now()))
        ids = dict.fromkeys(
            [
                row.lead_organisation_id,
                *(seat.organisation_id for seat in seats),
                members.get_committee(session, plan.committee_id).agency_id,
            ]
        )
        names = members.organisation_names(session, list(ids))
    _check_may_plan(plan, row)
    form = BudgetForm(organisation_id=str(row.lead_organisation_id))
    form.organisation_id.choices = [(str(key), names[key]) for key in ids]
    return _budget_page(form, plan, row, None)


@blueprint.route("/action-plans/budget/<uuid:line_id>/edit", methods=["GET", "POST"])
@requires(Permission.ACTION_PLAN_VIEW)
def edit_budget_line(line_id: UUID) -> ResponseReturnValue:
    """Change a budget line: all of it for those who plan, committed and spent for the organisation itself.

    Two permissions lead here, so the door asks for what both have in common and `may_report_money` for the rest.
    """
    with reading() as session:
        line = session.get(BudgetLine, line_id)
        if line is None or line.removed_at is not None:
            raise NotFound("action_budget_line", line_id)
        plan, row = queries.get_item(session, current_actor(), line.item_id)
    if not presenters.may_report_money(current_actor(), plan, row, line):
        refuse(can(current_actor(), Permission.BUDGET_REPORT, line), Permission.BUDGET_REPORT)
    form = BudgetForm(obj=line)
    del form.organisation_id
    if not can(current_actor(), Permission.ACTION_ITEM_MANAGE, plan):
        del form.planned
    return _budget_page(form, plan, row, line)


def _budget_page(form: BudgetForm, plan: ActionPlan, row: ActionItem, line: BudgetLine | None) -> ResponseReturnValue:
    def act(session: Session) -> str:
        organisation_id = line.organisation_id if line else UUID(form.organisation_id.data)
        if line is None and queries.find_budget_line(session, row.id, organisation_id) is not None:
            raise InvalidInput({"organisation_id": _("This organisation has a budget line already. Change that one.")})
        planned = form.planned.amount or Decimal(0) if "planned" in form else line.planned if line else Decimal(0)
        sums = service.Sums(planned, form.committed.amount or Decimal(0), form.spent.amount or Decimal(0))
        service.save_budget_line(
            session, actor=current_actor(), now=request_now(), item_id=row.id, organisation_id=organisation_id, sums=sums,
            expected_version=form.expected_version,
        )  # fmt: skip
        return item_url(row.id)

    def fresh(session: Session) -> tuple[int, CollabForm]:
        now_saved = session.get_one(BudgetLine, line.id if line else UUID(int=0))
        return now_saved.version, BudgetForm(formdata=None, obj=now_saved)

    answer, status, saved = versioned(form, act, _("The budget was saved."), fresh)
    if answer is not None:
        return answer
    with reading() as session:
        name = members.organisation_names(session, [line.organisation_id])[line.organisation_id] if line else ""
    return render_template("action_plans/budget_form.html", form=form, item=row, line=line, name=name, saved=saved), status


@blueprint.route("/action-plans/budget/<uuid:line_id>/remove", methods=["GET", "POST"])
@requires(Permission.ACTION_ITEM_MANAGE)
def remove_budget_line(line_id: UUID) -> ResponseReturnValue:
    """Take a budget line out, with the reason."""
    with reading() as session:
        line = session.get(BudgetLine, line_id)
        if line is None or line.removed_at is not None:
            raise NotFound("action_budget_line", line_id)
        plan, row = queries.get_item(session, current_actor(), line.item_id)
        name = members.organisation_names(session, [line.organisation_id])[line.organisation_id]
    _check_may_plan(plan, row)
    form = ReasonForm()

    def act(session: Session) -> str:
        service.remove_budget_line(session, actor=current_actor(), now=request_now(), line_id=line_id, reason=form.reason.data)
        return item_url(row.id)

    answer, status = submitted(form, act, _("The budget line was taken out."))
    if answer is not None:
        return answer
    title = _("Take out the budget line of %(name)s", name=name)
    return render_template("action_plans/reason.html", form=form, item=row, title=title), status


@blueprint.route("/action-plans/items/<uuid:item_id>/indicators/new", methods=["GET", "POST"])
@requires(Permission.ACTION_ITEM_MANAGE)
def new_indicator(item_id: UUID) -> ResponseReturnValue:
    """Say by what an item is measured."""
    with reading() as session:
        plan, row = queries.get_item(session, current_actor(), item_id)
    _check_may_plan(plan, row)
    return _indicator_page(IndicatorForm(), plan, row, None)


@blueprint.route("/action-plans/indicators/<uuid:indicator_id>/edit", methods=["GET", "POST"])
@requires(Permission.ACTION_ITEM_REPORT)
def edit_indicator(indicator_id: UUID) -> ResponseReturnValue:
    """Change an indicator, or say what was reached."""
    with reading() as session:
        found = session.get(Indicator, indicator_id)
        if found is None or found.removed_at is not None:
            raise NotFound("action_indicator", indicator_id)
        plan, row = queries.get_item(session, current_actor(), found.item_id)
    if not presenters.may_measure(current_actor(), plan, row):
        refuse(can(current_actor(), Permission.ACTION_ITEM_REPORT, row), Permission.ACTION_ITEM_REPORT)
    form = IndicatorForm(obj=found)
    if not can(current_actor(), Permission.ACTION_ITEM_MANAGE, plan):
        for name in ("text", "unit", "target"):
            del form[name]
    return _indicator_page(form, plan, row, found)


def _indicator_page(form: IndicatorForm, plan: ActionPlan, row: ActionItem, found: Indicator | None) -> ResponseReturnValue:
    def act(session: Session) -> str:
        if found is not None and "text" not in form:
            measure = service.Measure(found.text, found.unit, found.target, form.reached.amount)
        else:
            measure = service.Measure(form.text.data, form.unit.data, form.target.amount or Decimal(0), form.reached.amount)
        service.save_indicator(
            session, actor=current_actor(), now=request_now(), item_id=row.id, indicator_id=found.id if found else None, measure=measure,
            expected_version=form.expected_version,
        )  # fmt: skip
        return item_url(row.id)

    def fresh(session: Session) -> tuple[int, CollabForm]:
        now_saved = session.get_one(Indicator, found.id if found else UUID(int=0))
        return now_saved.version, IndicatorForm(formdata=None, obj=now_saved)

    answer, status, saved = versioned(form, act, _("The indicator was saved."), fresh)
    if answer is not None:
        return answer
    return render_template("action_plans/indicator_form.html", form=form, item=row, indicator=found, saved=saved), status


@blueprint.route("/action-plans/indicators/<uuid:indicator_id>/remove", methods=["GET", "POST"])
@requires(Permission.ACTION_ITEM_MANAGE)
def remove_indicator(indicator_id: UUID) -> ResponseReturnValue:
    """Take an indicator out, with the reason."""
    with reading() as session:
        found = session.get(Indicator, indicator_id)
        if found is None or found.removed_at is not None:
            raise NotFound("action_indicator", indicator_id)
        plan, row = queries.get_item(session, current_actor(), found.item_id)
    _check_may_plan(plan, row)
    form = ReasonForm()

    def act(session: Session) -> str:
        service.remove_indicator(
            session, actor=current_actor(), now=request_now(), indicator_id=indicator_id, reason=form.reason.data
        )
        return item_url(row.id)

    answer, status = submitted(form, act, _("The indicator was taken out."))
    if answer is not None:
        return answer
    title = _("Take out the indicator “%(name)s”", name=found.text)
    return render_template("action_plans/reason.html", form=form, item=row, title=title), status


def _check_may_plan(plan: ActionPlan, row: ActionItem) -> None:
    if row.removed_at is not None or not presenters.may_plan(current_actor(), plan):
        refuse(can(current_actor(), Permission.ACTION_ITEM_MANAGE, plan), Permission.ACTION_ITEM_MANAGE)
