"""Views of baselines: the list with a form for the next one, and one baseline beside the plan of today."""

from uuid import UUID

from flask import render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.action_plans import authorities, queries, service
from collab.action_plans.forms import BaselineForm
from collab.action_plans.routes.common import blueprint, submitted
from collab.action_plans.states import PlanState
from collab.action_plans.wording import ITEM_KINDS, ITEM_STATES
from collab.kernel import targets
from collab.kernel.access import Permission, authorize, can
from collab.kernel.i18n import _
from collab.kernel.targets import Ref
from collab.members import queries as members
from collab.web.context import current_actor, reading, request_now
from collab.web.routing import requires


@blueprint.get("/action-plans/<uuid:plan_id>/baselines")
@requires(Permission.ACTION_PLAN_VIEW)
def baselines(plan_id: UUID) -> ResponseReturnValue:
    """Show the baselines of a plan."""
    actor = current_actor()
    with reading() as session:
        plan = queries.get_plan(session, actor, plan_id)
        rows = queries.baselines_of(session, plan.id)
        people = members.user_names(session, {row.made_by_id for row in rows})
        resolutions = targets.resolve(session, actor, [Ref("resolution", row.resolution_id) for row in rows])
    may_approve = plan.state is not PlanState.CLOSED and can(actor, Permission.ACTION_PLAN_MANAGE, plan)
    shown = [(row, resolutions.get(Ref("resolution", row.resolution_id)), people.get(row.made_by_id, "")) for row in rows]
    return render_template("action_plans/baselines.html", plan=plan, rows=shown, may_approve=may_approve)


@blueprint.route("/action-plans/<uuid:plan_id>/baselines/new", methods=["GET", "POST"])
@requires(Permission.ACTION_PLAN_MANAGE)
def new_baseline(plan_id: UUID) -> ResponseReturnValue:
    """Keep the plan as it stands as the next baseline, on the authority of a resolution."""
    actor = current_actor()
    with reading() as session:
        plan = queries.get_plan(session, actor, plan_id)
        found = authorities.carried_resolutions(session, actor, plan.committee_id)
    authorize(actor, Permission.ACTION_PLAN_MANAGE, plan)
    form = BaselineForm()
    form.resolution.choices = [("", _("Not chosen yet")), *((str(info.id), f"{info.number} {info.title}") for info in found)]

    def act(session: Session) -> str:
        made = service.approve_baseline(
            session, actor=actor, now=request_now(), plan_id=plan_id, note=form.note.data,
            resolution_id=UUID(form.resolution.data) if form.resolution.data else UUID(int=0),
        )  # fmt: skip
        return f"/action-plans/baselines/{made.id}"

    answer, status = submitted(form, act, _("The baseline was kept."))
    if answer is not None:
        return answer
    return render_template("action_plans/baseline_form.html", form=form, plan=plan), status


@blueprint.get("/action-plans/baselines/<uuid:baseline_id>")
@requires(Permission.ACTION_PLAN_VIEW)
def baseline(baseline_id: UUID) -> ResponseReturnValue:
    """Show a baseline beside the dates of today, and whether its rows are still those that were approved."""
    with reading() as session:
        plan, row = queries.get_baseline(session, current_actor(), baseline_id)
        items = queries.baseline_items(session, row.id)
        unchanged = service.is_unchanged(session, row)
        now = {item.id: item for item in queries.items_by_ids(session, [item.item_id for item in items])}
        leads = members.organisation_names(session, {item.lead_organisation_id for item in items})
        why = targets.why(session, current_actor(), Ref("action_baseline", row.id))
    return render_template(
        "action_plans/baseline.html", plan=plan, row=row, items=items, now=now, leads=leads, unchanged=unchanged, why=why,
        kinds=ITEM_KINDS, states=ITEM_STATES,
    )  # fmt: skip
