"""The board of a plan, and moving an item to another organisation without dragging."""

from uuid import UUID

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.action_plans import board as boards
from collab.action_plans import presenters, queries
from collab.action_plans.board import By
from collab.action_plans.forms_views import MoveForm
from collab.action_plans.models import ActionItem, ActionPlan
from collab.action_plans.routes.common import attempt, blueprint
from collab.action_plans.routes.views_common import open_view, tidied
from collab.kernel.access import Permission, authorize, can
from collab.kernel.clock import today
from collab.kernel.errors import StateConflict, VersionConflict
from collab.kernel.i18n import _
from collab.members import queries as members
from collab.members.rules import name_of
from collab.web.context import current_actor, reading, request_now
from collab.web.routing import local_path, requires


@blueprint.get("/action-plans/<uuid:plan_id>/board")
@requires(Permission.ACTION_PLAN_VIEW)
def board(plan_id: UUID) -> ResponseReturnValue:
    """Show the items as cards in columns: leading organisations, or states."""
    by = board_by()
    with reading() as session:
        view = open_view(session, plan_id, "board")
        if (tidy := tidied(view)) is not None:
            return tidy
        columns = boards.columns(view.lines(session), by)
    manages = can(current_actor(), Permission.ACTION_ITEM_MANAGE, view.plan) and view.plan.state != "closed"
    return render_template("action_plans/board.html", view=view, plan=view.plan, columns=columns, by=by, By=By, manages=manages)


def board_by() -> By:
    """Return what the address asks for as columns."""
    return By.STATE if request.args.get("by") == By.STATE else By.ORGANISATION


@blueprint.route("/action-plans/items/<uuid:item_id>/move", methods=["GET", "POST"])
@requires(Permission.ACTION_ITEM_MANAGE)
def move_item(item_id: UUID) -> ResponseReturnValue:
    """Give an item to another leading organisation, with an owner there or none yet."""
    with reading() as session:
        plan, row = queries.get_item(session, current_actor(), item_id)
        authorize(current_actor(), Permission.ACTION_ITEM_MANAGE, plan)
        if not presenters.offers(session, current_actor(), plan, row, None, None).edit:
            raise StateConflict(_("This can no longer be done: the state has changed meanwhile."))
        form = _with_choices(session, MoveForm(version=row.version), plan, row)
    back, status = _back(plan.id), 200
    if request.method == "POST":
        status = 422
        if form.validate():
            try:
                answer, status = attempt(form, lambda opened: _move(opened, form, item_id, back), _("The item was moved."))
                if answer is not None:
                    return answer
            except VersionConflict as conflict:
                status = 409
                form.version.data = str(conflict.current_version)
                form.form_errors.append(_("Somebody else changed the item meanwhile. Look at it again, then move it."))
    return render_template("action_plans/move.html", form=form, plan=plan, item=row, back=back), status


def _move(session: Session, form: MoveForm, item_id: UUID, back: str) -> str:
    owner = UUID(form.owner_id.data) if form.owner_id.data else None
    boards.move(
        session, actor=current_actor(), now=request_now(), item_id=item_id, expected_version=form.expected_version,
        organisation_id=UUID(form.lead_organisation_id.data), owner_id=owner,
    )  # fmt: skip
    return back


def _back(plan_id: UUID) -> str:
    return local_path(request.args.get("back")) or url_for("action_plans.board", plan_id=plan_id)


def _with_choices(session: Session, form: MoveForm, plan: ActionPlan, row: ActionItem) -> MoveForm:
    agency = members.get_committee(session, plan.committee_id).agency_id
    seats = members.seats_on(session, plan.committee_id, today(request_now()))
    ids = [key for key in dict.fromkeys([*(seat.organisation_id for seat in seats), agency]) if key != row.lead_organisation_id]
    names = members.organisation_names(session, ids)
    form.lead_organisation_id.choices = [(str(key), names[key]) for key in ids]
    owners: dict[str, list[tuple[str, str]]] = {"": [("", _("No owner yet"))]}
    for person in queries.people_of(session, ids):
        owners.setdefault(names[person.organisation_id], []).append((str(person.id), name_of(person)))
    form.owner_id.choices = owners
    return form
