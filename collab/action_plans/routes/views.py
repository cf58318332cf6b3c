"""The page of a plan: how far it is, its picture and its table, and what this person may do with it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import current_app, render_template, request
from flask.typing import ResponseReturnValue

from collab.action_plans import presenters, queries, sheet
from collab.action_plans.routes.common import blueprint, item_prefix
from collab.action_plans.routes.views_common import open_view, tidied
from collab.action_plans.sheet import Asked, Sheet
from collab.action_plans.states import PlanState, PlanVerb
from collab.action_plans.wording import PLAN_STATES, TONES, TURNS
from collab.kernel import targets
from collab.kernel.access import Permission, can
from collab.kernel.targets import Ref
from collab.web.compression import with_fragments
from collab.web.context import current_actor, reading
from collab.web.forms import CollabForm
from collab.web.routing import requires

#: Stands in the template where the body goes; nobody can type it, because what people type is escaped.
_BODY = "<!--body of the plan-->"


@blueprint.get("/action-plans/<uuid:plan_id>")
@requires(Permission.ACTION_PLAN_VIEW)
def detail(plan_id: UUID) -> ResponseReturnValue:
    """Show one plan: progress, picture, items by group, and what this person may do with it."""
    return plan_page(plan_id, CollabForm(), 200)


def plan_page(plan_id: UUID, form: CollabForm, status: int) -> ResponseReturnValue:
    """Return the page of a plan; ``form`` may carry the faults of what was tried on it."""
    with reading() as session:
        view = open_view(session, plan_id, "plan")
        if (tidy := tidied(view)) is not None:
            return tidy
        plan = view.plan
        asked = Asked(plan.id, plan.head, view.filters, request.args.get("cursor", ""), view.today)
        body = sheet.body(session, asked, view.whole, view.names, _renderer())
    form.version.data = str(plan.version)
    page = render_template(
        "action_plans/detail.html", view=view, plan=plan, form=form, body=body, verbs=presenters.plan_verbs(current_actor(), plan),
        Verb=PlanVerb, may_manage=can(current_actor(), Permission.ACTION_PLAN_MANAGE, plan), state=PLAN_STATES[plan.state], tone=TONES[plan.state.value], turn=_turn(plan),
    )  # fmt: skip
    response = with_fragments(page, {_BODY: body.text})
    response.status_code = status
    return response


@blueprint.get("/action-plans/<uuid:plan_id>/why")
@requires(Permission.ACTION_PLAN_VIEW)
def why(plan_id: UUID) -> ResponseReturnValue:
    """Show on whose authority the plan stands: the thread from the proposal down to it."""
    with reading() as session:
        plan = queries.get_plan(session, current_actor(), plan_id)
        steps = targets.why(session, current_actor(), Ref("action_plan", plan.id))
    return render_template("action_plans/why.html", plan=plan, steps=steps)


def _renderer() -> Callable[[Sheet], str]:
    # Straight from the environment: the frame's context (who looks, what is unread) has no place in what is kept for everybody.
    template = current_app.jinja_env.get_template("action_plans/_sheet.html")
    prefix = item_prefix()
    return lambda made: template.render(sheet=made, item_prefix=prefix)


def _turn(plan: Any) -> Any:
    return TURNS[{PlanState.DRAFT: "coordinator", PlanState.ACTIVE: "clerk"}.get(plan.state, "")]
