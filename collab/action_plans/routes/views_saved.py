"""Filters under a name: kept and forgotten from the view that they narrow."""

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.action_plans import filters, filters_saved, queries
from collab.action_plans.forms_views import SaveFilterForm
from collab.action_plans.routes.common import attempt, blueprint
from collab.action_plans.routes.views_common import view_url
from collab.kernel.access import Permission
from collab.kernel.i18n import _
from collab.web.context import current_actor, reading, request_now, unit_of_work
from collab.web.forms import CollabForm
from collab.web.routing import requires


@blueprint.route("/action-plans/<uuid:plan_id>/filters/save", methods=["GET", "POST"])
@requires(Permission.ACTION_PLAN_VIEW)
def save_filters(plan_id: UUID) -> ResponseReturnValue:
    """Keep the filters in the address under a name, for oneself or for the committee."""
    with reading() as session:
        plan = queries.get_plan(session, current_actor(), plan_id)
    chosen, back = filters.parse(request.args), view_url(request.args.get("view", ""), plan_id, filters.parse(request.args))
    form, status = SaveFilterForm(), 200
    if request.method == "POST":
        status = 422
        if form.validate():

            def act(session: Session) -> str:
                filters_saved.save(
                    session, actor=current_actor(), now=request_now(), plan_id=plan_id, name=form.name.data, filters=chosen,
                    is_shared=form.is_shared.data,
                )  # fmt: skip
                return back

            answer, status = attempt(form, act, _("The filters were saved."))
            if answer is not None:
                return answer
    return render_template("action_plans/filter_save.html", form=form, plan=plan, back=back), status


@blueprint.post("/action-plans/<uuid:plan_id>/filters/<uuid:filter_id>/forget")
@requires(Permission.ACTION_PLAN_VIEW)
def forget_filters(plan_id: UUID, filter_id: UUID) -> ResponseReturnValue:
    """Forget filters that the person kept."""
    form = CollabForm()
    if form.validate():
        with unit_of_work() as session:
            filters_saved.forget(session, actor=current_actor(), filter_id=filter_id)
        flash(_("The filters were forgotten."), "success")
    return redirect(url_for("action_plans.detail", plan_id=plan_id), 303)
