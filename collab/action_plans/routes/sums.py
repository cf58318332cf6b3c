"""Views of a plan's sums: money by organisation, how the progress is made, groups of work with their weights."""

from uuid import UUID

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.action_plans import presenters, queries, service, sums
from collab.action_plans.forms import GroupForm, ReasonForm
from collab.action_plans.models import ActionPlan
from collab.action_plans.routes.common import blueprint, refuse, submitted
from collab.kernel.access import Permission, can
from collab.kernel.errors import NotFound
from collab.kernel.i18n import _
from collab.web.context import current_actor, reading, request_now
from collab.web.routing import requires


@blueprint.get("/action-plans/<uuid:plan_id>/money")
@requires(Permission.ACTION_PLAN_VIEW)
def money(plan_id: UUID) -> ResponseReturnValue:
    """Show what every organisation plans, has committed and has spent in a plan."""
    with reading() as session:
        plan = queries.get_plan(session, current_actor(), plan_id)
        found = sums.money_of(session, plan)
    return render_template("action_plans/money.html", plan=plan, money=found)


@blueprint.get("/action-plans/<uuid:plan_id>/progress")
@requires(Permission.ACTION_PLAN_VIEW)
def progress_sum(plan_id: UUID) -> ResponseReturnValue:
    """Show how the progress of a plan is made: every line of the sum."""
    with reading() as session:
        plan = queries.get_plan(session, current_actor(), plan_id)
        groups, result = sums.terms_of(session, plan)
    may_plan = presenters.may_plan(current_actor(), plan)
    return render_template("action_plans/progress_sum.html", plan=plan, groups=groups, result=result, may_plan=may_plan)


@blueprint.route("/action-plans/<uuid:plan_id>/group", methods=["GET", "POST"])
@requires(Permission.ACTION_ITEM_MANAGE)
def group(plan_id: UUID) -> ResponseReturnValue:
    """Give a group of work (``?name=``; a new one without it) its name, place and weight."""
    name = request.args.get("name", "")
    with reading() as session:
        plan = queries.get_plan(session, current_actor(), plan_id)
        found = next((row for row in queries.groups_of(session, [plan.id]) if row.name == name), None)
        is_known = not name or found is not None or any(item.group_name == name for item in queries.items_of(session, plan.id))
    _check_may_plan(plan)
    if not is_known:
        raise NotFound("action_group", plan_id)
    form = GroupForm(name=name, weight=found.weight if found else None, position=found.position if found else 0)

    def act(session: Session) -> str:
        service.save_group(
            session, actor=current_actor(), now=request_now(), plan_id=plan_id, name=name, new_name=form.name.data, weight=form.weight.data,
            position=int(form.position.data or 0),
        )  # fmt: skip
        return _back(plan_id)

    answer, status = submitted(form, act, _("The group of work was saved."))
    if answer is not None:
        return answer
    return render_template("action_plans/group.html", form=form, plan=plan, name=name, found=found), status


@blueprint.route("/action-plans/<uuid:plan_id>/group/remove", methods=["GET", "POST"])
@requires(Permission.ACTION_ITEM_MANAGE)
def remove_group(plan_id: UUID) -> ResponseReturnValue:
    """Take out a group of work (``?name=``) that has no items, with the reason."""
    name = request.args.get("name", "")
    with reading() as session:
        plan = queries.get_plan(session, current_actor(), plan_id)
    _check_may_plan(plan)
    form = ReasonForm()

    def act(session: Session) -> str:
        service.remove_group(
            session, actor=current_actor(), now=request_now(), plan_id=plan_id, name=name, reason=form.reason.data
        )
        return _back(plan_id)

    answer, status = submitted(form, act, _("The group of work was taken out."))
    if answer is not None:
        return answer
    title = _("Take out the group of work “%(name)s”", name=name)
    return render_template("action_plans/reason.html", form=form, item=None, plan=plan, title=title, back=_back(plan_id)), status


def _back(plan_id: UUID) -> str:
    return url_for("action_plans.progress_sum", plan_id=plan_id)


def _check_may_plan(plan: ActionPlan) -> None:
    if not presenters.may_plan(current_actor(), plan):
        refuse(can(current_actor(), Permission.ACTION_ITEM_MANAGE, plan), Permission.ACTION_ITEM_MANAGE)
