"""Pages of service plans: list, one edition, its steps, two editions side by side. The parts' forms: `part_routes.py`."""

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.kernel import targets
from collab.kernel.access import Actor, Permission, authorize, can
from collab.kernel.errors import InvalidInput, NotFound, VersionConflict
from collab.kernel.i18n import _
from collab.kernel.targets import Ref
from collab.members import queries as members
from collab.members.rules import name_of
from collab.proposals import queries as proposals
from collab.service_plans import presenters, queries, service
from collab.service_plans.forms import ApproveForm, PlanForm, ReasonForm, StepForm
from collab.service_plans.models import ServicePlan
from collab.service_plans.part_routes import blueprint as parts_blueprint
from collab.service_plans.rules import budget_table, show_figure
from collab.service_plans.states import MACHINE, PlanState, PlanVerb
from collab.service_plans.wording import SOURCES, STATES, TONES, TURNS
from collab.web.context import current_actor, reading, request_now, unit_of_work
from collab.web.once import AlreadySubmitted, claim, leads_to, to_first
from collab.web.routing import requires

blueprint = Blueprint("service_plans", __name__)
blueprints = [blueprint, parts_blueprint]


@blueprint.get("/service-plans")
@requires(Permission.SERVICE_PLAN_VIEW)
def index() -> ResponseReturnValue:
    """List the plans that the person may see, narrowed by committee and state."""
    actor = current_actor()
    state = next((code for code in PlanState if code.value == request.args.get("state")), None)
    committee_id = read_id(request.args.get("committee"))
    with reading() as session:
        page = queries.list_plans(session, actor, request.args.get("cursor"), committee_id=committee_id, state=state)
        committees = [(str(row.id), name_of(row)) for row in members.list_committees(session, actor)]
    return render_template(
        "service_plans/index.html", page=page, committees=committees, committee=str(committee_id or ""), state=state or "",
        states=STATES, tones=TONES, committee_names=dict(committees),
    )  # fmt: skip


@blueprint.route("/service-plans/new/<uuid:proposal_id>", methods=["GET", "POST"])
@requires(Permission.SERVICE_PLAN_MANAGE)
def new(proposal_id: UUID) -> ResponseReturnValue:
    """Draft a plan from an adopted proposal, beginning with the proposal's words; a plan that exists is shown instead."""
    form = PlanForm()
    with reading() as session:
        ref = Ref("proposal", proposal_id)
        if ref not in targets.visible(session, current_actor(), [ref]):
            raise NotFound("proposal", proposal_id)
        proposal = proposals.get_proposal(session, proposal_id)
        authorize(current_actor(), Permission.SERVICE_PLAN_MANAGE, proposal)
        made = queries.plan_of_proposal(session, proposal_id)
    if request.method == "GET" and made is not None:
        return redirect(url_for("service_plans.detail", plan_id=made.id), 303)
    if request.method == "GET":
        form.title.data, form.objective.data = proposal.title, proposal.objective
        return _edit_page(form, None, url_for("proposals.detail", proposal_id=proposal_id), 200)
    if not form.validate():
        return _edit_page(form, None, url_for("proposals.detail", proposal_id=proposal_id), 422)
    try:
        with unit_of_work() as session:
            claim(session, form, request_now())
            plan = service.draft_plan(
                session, actor=current_actor(), now=request_now(), proposal_id=proposal_id, text=_text(form)
            )
            location = url_for("service_plans.detail", plan_id=plan.id)
            leads_to(session, form, location)
    except AlreadySubmitted as fact:
        return to_first(fact)
    flash(_("The service plan was drafted. Add indicators, budget, service area and risks."), "success")
    return redirect(location, 303)


@blueprint.get("/service-plans/<uuid:plan_id>")
@requires(Permission.SERVICE_PLAN_VIEW)
def detail(plan_id: UUID) -> ResponseReturnValue:
    """Show one edition with everything it holds."""
    return _detail_page(plan_id, StepForm(), 200)


@blueprint.route("/service-plans/<uuid:plan_id>/edit", methods=["GET", "POST"])
@requires(Permission.SERVICE_PLAN_MANAGE)
def edit(plan_id: UUID) -> ResponseReturnValue:
    """Change the words of a draft; on a conflict both texts are shown."""
    plan = _managed(plan_id, PlanVerb.EDIT)
    back = url_for("service_plans.detail", plan_id=plan_id)
    form = PlanForm(obj=plan)
    if request.method == "GET":
        return _edit_page(form, None, back, 200)
    if not form.validate():
        return _edit_page(form, None, back, 422)
    try:
        with unit_of_work() as session:
            service.edit_plan(
                session, actor=current_actor(), now=request_now(), plan_id=plan_id, text=_text(form),
                expected_version=form.expected_version,
            )  # fmt: skip
    except VersionConflict as conflict:
        form.version.data = str(conflict.current_version)
        with reading() as session:
            saved = queries.get_visible(session, current_actor(), plan_id)
        return _edit_page(form, {"title": saved.title, "objective": saved.objective, "standard": saved.standard}, back, 409)
    flash(_("Saved."), "success")
    return redirect(back, 303)


@blueprint.post("/service-plans/<uuid:plan_id>/propose")
@requires(Permission.SERVICE_PLAN_MANAGE)
def propose(plan_id: UUID) -> ResponseReturnValue:
    """Lay the draft before the committee."""
    form = StepForm()
    if not form.validate():
        return _detail_page(plan_id, form, 422)
    try:
        with unit_of_work() as session:
            service.propose_plan(
                session, actor=current_actor(), now=request_now(), plan_id=plan_id, expected_version=form.expected_version
            )
    except InvalidInput as error:
        form.put_errors(error.errors)
        return _detail_page(plan_id, form, 422)
    except VersionConflict:
        form.form_errors.append(_("The plan was changed meanwhile. Read it again, then propose it."))
        return _detail_page(plan_id, form, 409)
    flash(_("The plan is before the committee. Put it on the agenda of a meeting."), "success")
    return redirect(url_for("service_plans.detail", plan_id=plan_id), 303)


@blueprint.route("/service-plans/<uuid:plan_id>/<any(return, revise):step>", methods=["GET", "POST"])
@requires(Permission.SERVICE_PLAN_MANAGE)
def take_step(plan_id: UUID, step: str) -> ResponseReturnValue:
    """Take a proposed plan back, or begin the next edition of an approved one; both with a reason."""
    plan = _managed(plan_id, PlanVerb.RETURN if step == "return" else PlanVerb.REVISE)
    form = ReasonForm()
    if request.method == "GET":
        form.version.data = str(plan.version)
        return _step_page(form, plan, step, 200)
    if not form.validate():
        return _step_page(form, plan, step, 422)
    verb = service.return_plan if step == "return" else service.revise_plan
    try:
        with unit_of_work() as session:
            claim(session, form, request_now())
            made = verb(
                session, actor=current_actor(), now=request_now(), plan_id=plan_id, reason=form.reason.data or "",
                expected_version=form.expected_version,
            )  # fmt: skip
            location = url_for("service_plans.detail", plan_id=made.id)
            leads_to(session, form, location)
    except AlreadySubmitted as fact:
        return to_first(fact)
    except VersionConflict as conflict:
        form.version.data = str(conflict.current_version)
        form.form_errors.append(_("The plan was changed meanwhile. Read it again, then confirm."))
        return _step_page(form, plan, step, 409)
    flash(_("Recorded."), "success")
    return redirect(location, 303)


@blueprint.route("/service-plans/<uuid:plan_id>/approve", methods=["GET", "POST"])
@requires(Permission.SERVICE_PLAN_MANAGE)
def approve(plan_id: UUID) -> ResponseReturnValue:
    """Record which resolution approved the plan."""
    plan = _managed(plan_id, PlanVerb.APPROVE)
    form = ApproveForm()
    with reading() as session:
        infos = targets.resolve(session, current_actor(), [Ref("resolution", row.id) for row in _approving(session, plan)])
    form.resolution_id.choices = [(str(ref.id), f"{info.number} {info.title}".strip()) for ref, info in infos.items()]
    if request.method == "GET":
        form.version.data = str(plan.version)
        return render_template("service_plans/approve.html", form=form, plan=plan)
    if not form.validate():
        return render_template("service_plans/approve.html", form=form, plan=plan), 422
    try:
        with unit_of_work() as session:
            service.approve_plan(
                session, actor=current_actor(), now=request_now(), plan_id=plan_id,
                resolution_id=UUID(form.resolution_id.data), expected_version=form.expected_version,
            )  # fmt: skip
    except VersionConflict as conflict:
        form.version.data = str(conflict.current_version)
        form.form_errors.append(_("The plan was changed meanwhile. Read it again, then confirm."))
        return render_template("service_plans/approve.html", form=form, plan=plan), 409
    flash(_("The plan is approved. Agreements can be made from it."), "success")
    return redirect(url_for("service_plans.detail", plan_id=plan_id), 303)


@blueprint.get("/service-plans/<uuid:plan_id>/compare/<uuid:other_id>")
@requires(Permission.SERVICE_PLAN_VIEW)
def compare(plan_id: UUID, other_id: UUID) -> ResponseReturnValue:
    """Show two editions of one plan side by side, the older on the left."""
    actor = current_actor()
    with reading() as session:
        plans = [queries.get_visible(session, actor, key) for key in (plan_id, other_id)]
        if plans[0].series_id != plans[1].series_id:
            raise NotFound("service_plan", other_id)
        old, new_ = sorted(plans, key=lambda row: row.edition)
        parts = {row.id: queries.parts_of(session, row.id) for row in (old, new_)}
        names = members.organisation_names(session, {key for held in parts.values() for key in _organisations(held)})
    lines = presenters.differences(
        presenters.texts_of(old, parts[old.id], names), presenters.texts_of(new_, parts[new_.id], names)
    )
    return render_template("service_plans/compare.html", old=old, new=new_, lines=lines)


def read_id(text: str | None) -> UUID | None:
    """Return the id that a query string names, or None."""
    try:
        return UUID(text or "")
    except ValueError:
        return None


def _text(form: PlanForm) -> service.PlanText:
    return service.PlanText(form.title.data or "", form.objective.data or "", form.standard.data or "")


def _approving(session: Session, plan: ServicePlan) -> list[Any]:
    return service.approving_resolutions(session, plan)


def _organisations(parts: queries.Parts) -> set[UUID]:
    return {line.organisation_id for line in parts.budget_lines} | {area.organisation_id for area in parts.areas}


def _managed(plan_id: UUID, verb: PlanVerb) -> ServicePlan:
    with reading() as session:
        plan = queries.get_visible(session, current_actor(), plan_id)
    authorize(current_actor(), Permission.SERVICE_PLAN_MANAGE, plan)
    if request.method == "GET":
        MACHINE.advance(plan.state, verb)
    return plan


def _verbs(actor: Actor, plan: ServicePlan) -> set[str]:
    if not can(actor, Permission.SERVICE_PLAN_MANAGE, plan):
        return set()
    return {verb.value for verb in MACHINE.allowed(plan.state)}


def _edit_page(form: PlanForm, saved: dict[str, str] | None, back: str, status: int) -> ResponseReturnValue:
    return render_template("service_plans/edit.html", form=form, saved=saved, back=back), status


def _step_page(form: ReasonForm, plan: ServicePlan, step: str, status: int) -> ResponseReturnValue:
    return render_template("service_plans/step.html", form=form, plan=plan, step=step), status


def _detail_page(plan_id: UUID, form: StepForm, status: int) -> ResponseReturnValue:
    actor = current_actor()
    with reading() as session:
        plan = queries.get_visible(session, actor, plan_id)
        parts = queries.parts_of(session, plan_id)
        editions = queries.editions_of(session, actor, plan.series_id)
        names = members.organisation_names(session, _organisations(parts))
        committee = members.get_committee(session, plan.committee_id)
        why = targets.why(session, actor, Ref("service_plan", plan_id))
    if not form.is_submitted() or status == 409:
        form.version.data = str(plan.version)
    return render_template(
        "service_plans/detail.html", plan=plan, parts=parts, editions=editions, names=names, committee=name_of(committee), why=why,
        form=form, budget=budget_table(parts.budget_lines), verbs=_verbs(actor, plan), state=str(STATES[plan.state]),
        tone=TONES[plan.state], turn=str(TURNS[plan.state]), sources=SOURCES, states=STATES, figure=show_figure,
        earlier=next((row for row in editions if row.edition == plan.edition - 1), None),
        may_agree=plan.state is PlanState.APPROVED and can(actor, Permission.AGREEMENT_MANAGE, plan),
    ), status  # fmt: skip
