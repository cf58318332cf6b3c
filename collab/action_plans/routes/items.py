"""Views of items: one item, new, edit, cancel or remove."""

from datetime import date
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from flask import render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.action_plans import authorities, presenters, queries, service
from collab.action_plans.forms import EndForm, ItemForm
from collab.action_plans.models import ActionItem, ActionPlan
from collab.action_plans.routes.common import attempt, blueprint, differences, item_url, moves_shown, plan_url
from collab.action_plans.states import ITEM_MACHINE, ItemKind, PlanState, PlanVerb
from collab.action_plans.wording import CHANGE_STATES, ITEM_KINDS, REPORT_STATES, TONES, TURNS
from collab.kernel import targets
from collab.kernel.access import Permission
from collab.kernel.clock import today
from collab.kernel.errors import InvalidInput, NotAllowed, StateConflict, VersionConflict
from collab.kernel.i18n import _
from collab.kernel.targets import Ref
from collab.members import queries as members
from collab.members.rules import name_of
from collab.web.context import current_actor, reading, request_now
from collab.web.forms import options
from collab.web.routing import requires


@blueprint.get("/action-plans/items/<uuid:item_id>")
@requires(Permission.ACTION_PLAN_VIEW)
def item(item_id: UUID) -> ResponseReturnValue:
    """Show one item: why it is done, who does it, reports with evidence, changes of deadline, and what this person may do."""
    actor = current_actor()
    with reading() as session:
        plan, row = queries.get_item(session, actor, item_id)
        view = presenters.item_view(session, actor, plan, row, today(request_now()))
        why = targets.why(session, actor, Ref("action_item", row.id))
    turn = TURNS[ITEM_MACHINE.turn[row.state]] if row.is_open else TURNS[""]
    return render_template(
        "action_plans/item.html", plan=plan, item=row, view=view, why=why, turn=turn, report_states=REPORT_STATES,
        change_states=CHANGE_STATES, tones=TONES,
    )  # fmt: skip


@blueprint.route("/action-plans/<uuid:plan_id>/items/new", methods=["GET", "POST"])
@requires(Permission.ACTION_ITEM_MANAGE)
def new_item(plan_id: UUID) -> ResponseReturnValue:
    """Add an item to a plan."""
    with reading() as session:
        plan = queries.get_plan(session, current_actor(), plan_id)
        if PlanVerb.ADD_ITEM not in presenters.plan_verbs(current_actor(), plan):
            raise NotAllowed(Permission.ACTION_ITEM_MANAGE.value)
        form = _with_choices(session, ItemForm(), plan)
    status = 200
    if request.method == "POST":
        status = 422

        def act(opened: Session) -> str:
            facts = _facts(opened, form)
            return item_url(service.add_item(opened, actor=current_actor(), now=request_now(), plan_id=plan_id, facts=facts).id)

        if form.validate():
            answer, status = attempt(form, act, _("The item was added."))
            if answer is not None:
                return answer
    return render_template("action_plans/item_form.html", form=form, plan=plan, item=None, saved=[], moves=[]), status


@blueprint.route("/action-plans/items/<uuid:item_id>/edit", methods=["GET", "POST"])
@requires(Permission.ACTION_ITEM_MANAGE)
def edit_item(item_id: UUID) -> ResponseReturnValue:
    """Change an item; a version saved in between is shown beside what was typed, so that nothing is lost."""
    with reading() as session:
        plan, row = queries.get_item(session, current_actor(), item_id)
        if not presenters.offers(session, current_actor(), plan, row, None, None).edit:
            raise _refusal(plan)
        form = _with_choices(session, ItemForm(data=_values(session, row)), plan, row)
        if queries.budget_lines_of(session, [row.id]):
            del form.budget_planned
    if plan.state is PlanState.ACTIVE:
        del form.due_on
        del form.length_days
    status, saved = 200, []
    if request.method == "POST":
        status = 422
        if form.validate():
            try:
                answer, status = attempt(form, lambda opened: _save(opened, form, item_id, row), _("The item was saved."))
                if answer is not None:
                    return answer
            except VersionConflict:
                status = 409
                saved = _differences(form, plan, item_id)
    moves = moves_shown(form)
    return render_template("action_plans/item_form.html", form=form, plan=plan, item=row, saved=saved, moves=moves), status


def _save(session: Session, form: ItemForm, item_id: UUID, row: ActionItem) -> str:
    service.edit_item(
        session,
        actor=current_actor(),
        now=request_now(),
        item_id=item_id,
        expected_version=form.expected_version,
        facts=_facts(session, form, row),
        accepted=form.accepted.data,
    )
    return item_url(item_id)


def _refusal(plan: ActionPlan) -> Exception:
    if PlanVerb.EDIT in presenters.plan_verbs(current_actor(), plan) or plan.state is PlanState.CLOSED:
        return StateConflict(_("This can no longer be done: the state has changed meanwhile."))
    return NotAllowed(Permission.ACTION_ITEM_MANAGE.value)


def _differences(form: ItemForm, plan: ActionPlan, item_id: UUID) -> list[tuple[str, str, str]]:
    """Return label, saved text and typed text of every field that differs, and let the next submission win knowingly."""
    with reading() as session:
        _plan, row = queries.get_item(session, current_actor(), item_id)
        theirs = _with_choices(session, ItemForm(formdata=None, data=_values(session, row)), plan, row)
    form.version.data = str(row.version)
    return differences(form, theirs)


def _values(session: Session, row: ActionItem) -> dict[str, Any]:
    return {
        "version": row.version, "kind": row.kind.value, "location": row.location, "group_name": row.group_name, "title": row.title, "description": row.description,
        "lead_organisation_id": str(row.lead_organisation_id), "owner_id": str(row.owner_id or ""), "starts_on": row.starts_on,
        "supporter_ids": [str(key) for key in queries.supporters_of(session, [row.id]).get(row.id, [])], "due_on": row.due_on,
        "weight": row.weight, "budget_planned": row.budget_planned,
        "authority": f"{row.authority_kind}:{row.authority_id}" if row.authority_id else "",
    }  # fmt: skip


def _with_choices(session: Session, form: ItemForm, plan: ActionPlan, row: ActionItem | None = None) -> ItemForm:
    """Fill in who may lead, help and own, and on what authority; what an item already names stays possible."""
    agency = members.get_committee(session, plan.committee_id).agency_id
    seats = members.seats_on(session, plan.committee_id, today(request_now()))
    ids = dict.fromkeys([*(seat.organisation_id for seat in seats), agency])
    if row is not None:
        ids |= dict.fromkeys([row.lead_organisation_id, *queries.supporters_of(session, [row.id]).get(row.id, [])])
    names = members.organisation_names(session, list(ids))
    form.lead_organisation_id.choices = [(str(key), names[key]) for key in ids]
    form.supporter_ids.choices = [(str(key), names[key]) for key in ids]
    owners: dict[str, list[tuple[str, str]]] = {"": [("", _("No owner yet"))]}
    for person in queries.people_of(session, list(ids)):
        owners.setdefault(names[person.organisation_id], []).append((str(person.id), name_of(person)))
    form.owner_id.choices = owners
    form.kind.choices = options((kind.value, label) for kind, label in ITEM_KINDS.items())
    found: dict[str, list[tuple[str, str]]] = {"": [("", _("Not chosen yet"))]}
    for info in authorities.candidates(session, current_actor(), plan):
        found.setdefault(info.kind_label, []).append((f"{info.kind}:{info.id}", f"{info.number} {info.title}".strip()))
    _keep_present(session, found, row)
    form.authority.choices = found
    return form


def _keep_present(session: Session, found: dict[str, list[tuple[str, str]]], row: ActionItem | None) -> None:
    if row is None or row.authority_id is None or row.authority_kind is None:
        return
    value = f"{row.authority_kind}:{row.authority_id}"
    if any(value == choice for pairs in found.values() for choice, _text in pairs):
        return
    ref = Ref(row.authority_kind, row.authority_id)
    info = targets.resolve(session, current_actor(), [ref]).get(ref)
    found[""].append((value, info.title if info else _("As before")))


def _facts(session: Session, form: ItemForm, row: ActionItem | None = None) -> service.ItemFacts:
    return service.ItemFacts(
        kind=ItemKind(form.kind.data), location=form.location.data, title=form.title.data, group_name=form.group_name.data, description=form.description.data,
        lead_organisation_id=UUID(form.lead_organisation_id.data), supporter_ids=frozenset(UUID(key) for key in form.supporter_ids.data or ()),
        owner_id=UUID(form.owner_id.data) if form.owner_id.data else None, starts_on=form.starts_on.data, due_on=_due_on(session, form, row),
        weight=int(form.weight.data or 0), budget_planned=_budget(form, row), authority=authorities.parse(form.authority.data or ""),
    )  # fmt: skip


def _budget(form: ItemForm, row: ActionItem | None) -> Decimal:
    """Return the budget as typed; where the budget lines say it, the form does not ask."""
    if row is not None and "budget_planned" not in form:
        return row.budget_planned
    return form.budget_planned.amount or Decimal(0)


def _due_on(session: Session, form: ItemForm, row: ActionItem | None) -> date:
    """Return the due date as typed, or reckoned from the length; a milestone is due on its day. In an active plan it stays."""
    if row is not None and "due_on" not in form:
        return row.due_on
    if form.length_days.data is not None:
        return service.due_after(session, form.starts_on.data, form.length_days.data)
    if form.due_on.data is not None:
        return cast(date, form.due_on.data)
    if ItemKind(form.kind.data) is ItemKind.MILESTONE:
        return cast(date, form.starts_on.data)
    raise InvalidInput({"due_on": _("Fill in the date, or how many working days it takes.")})


@blueprint.route("/action-plans/items/<uuid:item_id>/end", methods=["GET", "POST"])
@requires(Permission.ACTION_ITEM_MANAGE)
def end_item(item_id: UUID) -> ResponseReturnValue:
    """Cancel an item, or remove one that should not be there, with the reason."""
    with reading() as session:
        plan, row = queries.get_item(session, current_actor(), item_id)
        if not presenters.offers(session, current_actor(), plan, row, None, None).end:
            raise _refusal(plan)
    form = EndForm(version=row.version, how="remove")
    choices = [("remove", _("Remove it: it was never meant to be in the plan"))]
    if plan.state is PlanState.ACTIVE:
        choices.insert(0, ("cancel", _("Cancel it: it will not be done, and stays in the table")))
    form.how.choices = choices
    status = 200
    if request.method == "POST":
        status = 422

        def act(opened: Session) -> str:
            end = service.cancel_item if form.how.data == "cancel" else service.remove_item
            end(
                opened,
                actor=current_actor(),
                now=request_now(),
                item_id=item_id,
                reason=form.reason.data,
                expected_version=form.expected_version,
            )
            return plan_url(plan.id)

        if form.validate():
            answer, status = attempt(form, act, _("The plan was saved."))
            if answer is not None:
                return answer
    return render_template("action_plans/end.html", form=form, plan=plan, item=row), status
