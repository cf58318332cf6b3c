"""Views of deadlines: ask, decide, the ledger of a plan, the rules of a committee."""

from datetime import date
from uuid import UUID

from flask import render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.action_plans import authorities, ledger, presenters, queries, service
from collab.action_plans.forms import DeadlineForm, DecideForm, SlipRulesForm
from collab.action_plans.models import ActionItem, ActionPlan
from collab.action_plans.routes.common import blueprint, item_url, moves_shown, refuse, submitted
from collab.action_plans.rules import Threshold
from collab.action_plans.states import ApprovalLevel
from collab.action_plans.wording import LEVELS
from collab.kernel.access import Permission, authorize, can
from collab.kernel.clock import today
from collab.kernel.errors import InvalidInput, NotFound
from collab.kernel.i18n import _
from collab.members import queries as members
from collab.members.rules import name_of
from collab.web.context import current_actor, reading, request_now
from collab.web.routing import requires


def _open(item_id: UUID) -> tuple[ActionPlan, ActionItem, presenters.ItemView]:
    with reading() as session:
        plan, row = queries.get_item(session, current_actor(), item_id)
        return plan, row, presenters.item_view(session, current_actor(), plan, row, today(request_now()))


@blueprint.route("/action-plans/items/<uuid:item_id>/deadline", methods=["GET", "POST"])
@requires(Permission.ACTION_ITEM_REPORT)
def ask_deadline(item_id: UUID) -> ResponseReturnValue:
    """Ask for another due date, with the reason; what else would move is shown first."""
    plan, row, view = _open(item_id)
    form = DeadlineForm()
    if request.method == "GET" and not view.offers.ask:
        refuse(view.offers != presenters.Offers(), Permission.ACTION_ITEM_REPORT)

    def act(session: Session) -> str:
        service.ask_deadline(
            session, actor=current_actor(), now=request_now(), item_id=item_id, new_due_on=form.new_due_on.data, reason=form.reason.data,
            accepted=form.accepted.data,
        )  # fmt: skip
        return item_url(item_id)

    answer, status = submitted(form, act, _("Your request was sent to those who may approve it."))
    if answer is not None:
        return answer
    with reading() as session:
        steps = ledger.steps_in_words(queries.ladder_of(session, plan.committee_id))
        slips = queries.slips_of(session, row.id)
    return render_template(
        "action_plans/deadline.html", form=form, item=row, row=view.row, steps=steps, slips=slips, moves=moves_shown(form)
    ), status


@blueprint.route("/action-plans/items/<uuid:item_id>/decide", methods=["GET", "POST"])
@requires(Permission.DEADLINE_DECIDE)
def decide_deadline(item_id: UUID) -> ResponseReturnValue:
    """Approve or refuse another due date; what else moves is shown first."""
    plan, row, view = _open(item_id)
    form = DecideForm()
    form.approved.choices = [("yes", _("Yes, approve it")), ("no", _("No, refuse it"))]
    change = view.waiting_change
    with reading() as session:
        found = authorities.carried_resolutions(session, current_actor(), plan.committee_id)
    if change is None or change.level is not ApprovalLevel.RESOLUTION:
        del form.resolution
    else:
        form.resolution.choices = [("", _("Not chosen yet")), *((str(info.id), f"{info.number} {info.title}") for info in found)]
    if request.method == "GET" and not view.offers.decide:
        refuse(change is None, Permission.DEADLINE_DECIDE)

    def act(session: Session) -> str:
        chosen = form.resolution.data if form.resolution is not None else ""
        service.decide_deadline(
            session, actor=current_actor(), now=request_now(), item_id=item_id, approved=form.approved.data == "yes", words=form.words.data,
            resolution_id=UUID(chosen) if chosen else None, accepted=form.accepted.data,
        )  # fmt: skip
        return item_url(item_id)

    answer, status = submitted(form, act, _("The decision was saved. The person who asked was told."))
    if answer is not None:
        return answer
    if request.method == "GET" and change is not None:
        _show_first(form, plan, row, change.new_due_on)
    level = LEVELS[change.level] if change and change.level else ""
    days = ledger.days_text(change.working_days) if change else ""
    return render_template(
        "action_plans/decide.html", form=form, item=row, view=view, level=level, days=days, moves=moves_shown(form)
    ), status


def _show_first(form: DecideForm, plan: ActionPlan, row: ActionItem, new_due_on: date) -> None:
    """Show the consequence when the page is opened: whoever approves what is shown need not confirm it again."""
    with reading() as session:
        try:
            impact = service.impact_of_deadline(session, plan, row, new_due_on)
        except InvalidInput as error:
            form.put_errors(error.errors)
            return
    if impact.moves:
        form.show(impact)


@blueprint.get("/action-plans/<uuid:plan_id>/deadlines")
@requires(Permission.ACTION_PLAN_VIEW)
def deadlines(plan_id: UUID) -> ResponseReturnValue:
    """Show the ledger of a plan: each item that was ever asked to move, every change of it, and the sums."""
    with reading() as session:
        plan = queries.get_plan(session, current_actor(), plan_id)
        rows = ledger.of_plan(session, plan)
        steps = ledger.steps_in_words(queries.ladder_of(session, plan.committee_id))
    may_set = can(current_actor(), Permission.SLIP_RULES_SET, plan)
    return render_template("action_plans/deadlines.html", plan=plan, ledgers=rows, steps=steps, may_set=may_set)


@blueprint.get("/action-plans/items/<uuid:item_id>/deadlines")
@requires(Permission.ACTION_PLAN_VIEW)
def item_deadlines(item_id: UUID) -> ResponseReturnValue:
    """Show the ledger of one item: its first date, each change with who asked and who approved, and what it comes to."""
    with reading() as session:
        plan, row = queries.get_item(session, current_actor(), item_id)
        entry = ledger.of_item(session, row)
        steps = ledger.steps_in_words(queries.ladder_of(session, plan.committee_id))
    return render_template("action_plans/item_deadlines.html", plan=plan, item=row, entry=entry, steps=steps)


@blueprint.route("/action-plans/slip-rules/<uuid:committee_id>", methods=["GET", "POST"])
@requires(Permission.SLIP_RULES_SET)
def slip_rules(committee_id: UUID) -> ResponseReturnValue:
    """Set at which level the changes of deadline of a committee are decided."""
    with reading() as session:
        committee = members.find_committee(session, committee_id)
        if committee is None:
            raise NotFound("committee", committee_id)
        ladder = queries.ladder_of(session, committee_id)
    authorize(current_actor(), Permission.SLIP_RULES_SET, committee)
    present = {f"{step.level.value}_slips": step.most_slips for step in ladder}
    form = SlipRulesForm(data=present | {f"{step.level.value}_days": step.most_days for step in ladder})

    def act(session: Session) -> str:
        steps = [
            Threshold(step.level, form[f"{step.level.value}_slips"].data, form[f"{step.level.value}_days"].data)
            for step in ladder
        ]
        service.set_slip_rules(
            session, actor=current_actor(), now=request_now(), committee_id=committee_id, steps=steps, reason=form.reason.data
        )
        return request.path

    answer, status = submitted(form, act, _("The rules were saved. Requests that wait already keep their level."))
    if answer is not None:
        return answer
    return render_template("action_plans/slip_rules.html", form=form, committee=name_of(committee)), status
