"""Pages of agreements: the register and its exports, one agreement, its terms, circulation and end."""

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.agreements import documents, exchange, ledger, legal, presenters, queries, rules, service
from collab.agreements.council_routes import blueprint as council_blueprint
from collab.agreements.forms import NewAgreementForm, ReasonForm, StepForm, TerminateForm, TermsForm
from collab.agreements.ledger import Attention
from collab.agreements.pages import form_page, managed, shown, terms_of
from collab.agreements.part_routes import blueprint as parts_blueprint
from collab.agreements.states import AgreementVerb, PartyRole
from collab.agreements.wording import ATTENTION, ATTENTION_TONES, OUTCOMES, RECURRENCES, STATES
from collab.documents import sheets
from collab.documents.typesetting import render_pdf
from collab.kernel import targets
from collab.kernel.access import Permission, authorize, can
from collab.kernel.clock import today
from collab.kernel.errors import InvalidInput, StateConflict, VersionConflict
from collab.kernel.i18n import _
from collab.kernel.targets import Ref
from collab.members import queries as members
from collab.members.rules import SeatInfo, name_of
from collab.service_plans import queries as plans
from collab.service_plans.models import ServicePlan
from collab.service_plans.states import PlanState
from collab.web.context import current_actor, reading, request_now, unit_of_work
from collab.web.downloads import PDF, download
from collab.web.once import AlreadySubmitted, claim, leads_to, to_first
from collab.web.routing import requires

blueprint = Blueprint("agreements", __name__)
blueprints = [blueprint, parts_blueprint, council_blueprint]


@blueprint.get("/agreements")
@requires(Permission.AGREEMENT_VIEW)
def index() -> ResponseReturnValue:
    """Show the register, exceptions first, narrowed by committee, party and attention."""
    actor, day, wanted = current_actor(), today(request_now()), _wanted()
    with reading() as session:
        page = ledger.list_register(session, actor, day, wanted, request.args.get("cursor"))
        keys = [row.Agreement.id for row in page.rows]
        parties = queries.parties_by_agreement(session, keys)
        current = queries.current_ratifications(session, keys)
        organisations = members.list_organisations(session)
        committees = members.list_committees(session, actor)
        counts = ledger.counts(session, actor, day)
    names = {row.id: name_of(row) for row in organisations}
    rows = [
        (row.Agreement, ledger.attention_of(row.rank), str(STATES[rules.status_on(row.Agreement, day)]),
         presenters.partners_of(parties.get(row.Agreement.id, []), current, names))
        for row in page.rows
    ]  # fmt: skip
    filters = {name: request.args.get(name, "")[:64] for name in ("committee", "party", "attention", "plan")}
    return render_template(
        "agreements/index.html", page=page, rows=rows, filters=filters, counts=counts, words=ATTENTION, tones=ATTENTION_TONES,
        committees=[(str(row.id), name_of(row)) for row in committees], parties=[(str(key), name) for key, name in names.items()],
    )  # fmt: skip


@blueprint.get("/agreements/register.<any(csv, xlsx):kind>")
@requires(Permission.AGREEMENT_VIEW)
def export(kind: str) -> ResponseReturnValue:
    """Return the register, narrowed like the page, as a file."""
    day = today(request_now())
    with reading() as session:
        lines = exchange.rows(session, current_actor(), day, _wanted())
    head = exchange.head()
    body = sheets.as_csv(head, lines) if kind == "csv" else sheets.as_xlsx(_("Register"), head, lines)
    return download(body, sheets.CSV if kind == "csv" else sheets.XLSX, f"agreements-{day.isoformat()}.{kind}")


@blueprint.route("/agreements/new/<uuid:service_plan_id>", methods=["GET", "POST"])
@requires(Permission.AGREEMENT_MANAGE)
def new(service_plan_id: UUID) -> ResponseReturnValue:
    """Draft an agreement from an approved service plan."""
    form = NewAgreementForm()
    with reading() as session:
        plan = plans.get_visible(session, current_actor(), service_plan_id)
        authorize(current_actor(), Permission.AGREEMENT_MANAGE, plan)
        if plan.state is not PlanState.APPROVED:
            raise StateConflict(_("An agreement is made from an approved service plan."))
        seats = {seat.organisation_id: seat for seat in members.seats_on(session, plan.committee_id, today(request_now()))}
    form.offer([(key, seat.organisation_name) for key, seat in seats.items()])
    if request.method == "GET":
        form.title.data = plan.title
        form.member_ids.data = [str(key) for key in seats]
        return _new_page(form, plan, 200)
    if not form.validate():
        return _new_page(form, plan, 422)
    try:
        with unit_of_work() as session:
            claim(session, form, request_now())
            made = service.draft_agreement(
                session, actor=current_actor(), now=request_now(), service_plan_id=service_plan_id, terms=terms_of(form),
                parties=_parties(form, seats), with_standard_clauses=form.with_standard_clauses.data,
            )  # fmt: skip
            location = url_for("agreements.detail", agreement_id=made.id)
            leads_to(session, form, location)
    except AlreadySubmitted as fact:
        return to_first(fact)
    except InvalidInput as error:
        form.put_errors(error.errors)
        return _new_page(form, plan, 422)
    flash(_("The agreement was drafted. Check parties and clauses, then circulate it."), "success")
    return redirect(location, 303)


@blueprint.get("/agreements/<uuid:agreement_id>")
@requires(Permission.AGREEMENT_VIEW)
def detail(agreement_id: UUID) -> ResponseReturnValue:
    """Show one agreement."""
    return _detail_page(agreement_id, StepForm(), 200)


@blueprint.get("/agreements/<uuid:agreement_id>.pdf")
@requires(Permission.AGREEMENT_VIEW)
def pdf(agreement_id: UUID) -> ResponseReturnValue:
    """Return the agreement as a paper to ratify and sign: the fixed text, or the draft as it stands."""
    with reading() as session:
        agreement = queries.get_visible(session, current_actor(), agreement_id)
        parties, clauses = queries.parties_of(session, agreement_id), queries.clauses_of(session, agreement_id)
        content = service.content(session, agreement, parties, clauses)
        paper = documents.paper_of(content, queries.text_of(session, agreement_id))
    return download(render_pdf(paper, request_now()), PDF, f"{agreement.number or agreement.title}.pdf")


@blueprint.route("/agreements/<uuid:agreement_id>/edit", methods=["GET", "POST"])
@requires(Permission.AGREEMENT_MANAGE)
def edit(agreement_id: UUID) -> ResponseReturnValue:
    """Change the terms of a draft; on a conflict both texts are shown."""
    agreement = managed(agreement_id, AgreementVerb.EDIT)
    # The field "form" of an agreement is a code; WTForms reads it from the object like the others.
    form = TermsForm(obj=agreement)
    frame: dict[str, Any] = {
        "title": _("Terms of the agreement"), "agreement": agreement, "button": _("Save"),
        "back": url_for("agreements.detail", agreement_id=agreement_id),
    }  # fmt: skip
    if request.method == "GET":
        return form_page(form, 200, **frame)
    if not form.validate():
        return form_page(form, 422, **frame)
    try:
        with unit_of_work() as session:
            service.edit_agreement(
                session, actor=current_actor(), now=request_now(), agreement_id=agreement_id, terms=terms_of(form),
                expected_version=form.expected_version,
            )  # fmt: skip
    except InvalidInput as error:
        form.put_errors(error.errors)
        return form_page(form, 422, **frame)
    except VersionConflict as conflict:
        form.version.data = str(conflict.current_version)
        with reading() as session:
            saved = queries.get_visible(session, current_actor(), agreement_id)
        names = [name for name in form._fields if hasattr(saved, name) and name != "version"]
        return form_page(form, 409, saved=shown(form, {name: getattr(saved, name) for name in names}), **frame)
    flash(_("Saved."), "success")
    return redirect(url_for("agreements.detail", agreement_id=agreement_id), 303)


@blueprint.post("/agreements/<uuid:agreement_id>/circulate")
@requires(Permission.AGREEMENT_MANAGE)
def circulate(agreement_id: UUID) -> ResponseReturnValue:
    """Number the draft, fix its text and ask the councils."""
    form = StepForm()
    if not form.validate():
        return _detail_page(agreement_id, form, 422)
    try:
        with unit_of_work() as session:
            service.circulate(
                session, actor=current_actor(), now=request_now(), agreement_id=agreement_id,
                expected_version=form.expected_version,
            )  # fmt: skip
    except InvalidInput as error:
        form.put_errors(error.errors)
        return _detail_page(agreement_id, form, 422)
    except VersionConflict:
        form.form_errors.append(_("The agreement was changed meanwhile. Read it again, then circulate it."))
        return _detail_page(agreement_id, form, 409)
    flash(_("The agreement was numbered and sent to the parties."), "success")
    return redirect(url_for("agreements.detail", agreement_id=agreement_id), 303)


@blueprint.post("/agreements/<uuid:agreement_id>/copy")
@requires(Permission.AGREEMENT_MANAGE)
def copy(agreement_id: UUID) -> ResponseReturnValue:
    """Make a new draft from this agreement."""
    form = StepForm()
    try:
        with unit_of_work() as session:
            claim(session, form, request_now())
            made = service.copy_as_draft(session, actor=current_actor(), now=request_now(), agreement_id=agreement_id)
            location = url_for("agreements.detail", agreement_id=made.id)
            leads_to(session, form, location)
    except AlreadySubmitted as fact:
        return to_first(fact)
    flash(_("A new draft was made with the same terms, parties and clauses."), "success")
    return redirect(location, 303)


@blueprint.route("/agreements/<uuid:agreement_id>/<any(withdraw, terminate):step>", methods=["GET", "POST"])
@requires(Permission.AGREEMENT_MANAGE)
def end(agreement_id: UUID, step: str) -> ResponseReturnValue:
    """Withdraw a text that is not in force, or record that an agreement in force ended."""
    early = step == "withdraw"
    agreement = managed(agreement_id, AgreementVerb.WITHDRAW if early else AgreementVerb.TERMINATE)
    form = ReasonForm() if early else TerminateForm()
    title = _("Withdraw the agreement") if early else _("Record that the agreement has ended")
    intro = (
        _("The text can then no longer be ratified. Its parties are told. A new draft can be made from it.")
        if early
        else _("The parties' duties end on the day you give. This cannot be undone.")
    )
    frame: dict[str, Any] = {
        "title": title, "agreement": agreement, "button": _("Confirm"), "intro": intro, "warning": True,
        "back": url_for("agreements.detail", agreement_id=agreement_id),
    }  # fmt: skip
    if request.method == "GET":
        form.version.data = str(agreement.version)
        return form_page(form, 200, **frame)
    if not form.validate():
        return form_page(form, 422, **frame)
    try:
        with unit_of_work() as session:
            _end(session, form, agreement_id)
    except InvalidInput as error:
        form.put_errors(error.errors)
        return form_page(form, 422, **frame)
    except VersionConflict as conflict:
        form.version.data = str(conflict.current_version)
        form.form_errors.append(_("The agreement was changed meanwhile. Read it again, then confirm."))
        return form_page(form, 409, **frame)
    flash(_("Recorded."), "success")
    return redirect(url_for("agreements.detail", agreement_id=agreement_id), 303)


def _end(session: Session, form: ReasonForm, agreement_id: UUID) -> None:
    actor, now, reason = current_actor(), request_now(), form.reason.data or ""
    if isinstance(form, TerminateForm):
        assert form.ended_on.data is not None
        service.terminate(
            session, actor=actor, now=now, agreement_id=agreement_id, ended_on=form.ended_on.data, reason=reason,
            expected_version=form.expected_version,
        )  # fmt: skip
    else:
        service.withdraw(
            session, actor=actor, now=now, agreement_id=agreement_id, reason=reason, expected_version=form.expected_version
        )


def _wanted() -> ledger.Filter:
    return ledger.Filter(
        committee_id=_read_id("committee"), organisation_id=_read_id("party"), service_plan_id=_read_id("plan"),
        attention=next((code for code in Attention if code.value == request.args.get("attention")), None),
    )  # fmt: skip


def _read_id(name: str) -> UUID | None:
    try:
        return UUID(request.args.get(name, ""))
    except ValueError:
        return None


def _new_page(form: NewAgreementForm, plan: ServicePlan, status: int) -> ResponseReturnValue:
    back = url_for("service_plans.detail", plan_id=plan.id)
    return form_page(form, status, title=_("Draft an agreement"), agreement=None, button=_("Draft the agreement"), back=back)


def _parties(form: NewAgreementForm, seats: dict[UUID, SeatInfo]) -> list[service.PartyInput]:
    host = UUID(form.host_id.data)
    chosen = [host, *(UUID(key) for key in form.member_ids.data or () if UUID(key) != host)]
    return [
        service.PartyInput(
            organisation_id=key, role=PartyRole.HOST if key == host else PartyRole.MEMBER, signatory_name=seats[key].holder_name,
            # A seat is held by the head of the organisation unless somebody changes it on the party's page.
            signatory_position="นายกเทศมนตรี",
        )
        for key in chosen
    ]  # fmt: skip


def _detail_page(agreement_id: UUID, form: StepForm, status: int) -> ResponseReturnValue:
    actor, day = current_actor(), today(request_now())
    with reading() as session:
        agreement = queries.get_visible(session, actor, agreement_id)
        view = presenters.view_of(session, actor, agreement, day)
        clauses = queries.clauses_of(session, agreement_id)
        obligations = queries.obligations_of(session, agreement_id)
        history = queries.ratifications_of(session, agreement_id)
        text = queries.text_of(session, agreement_id)
        committee = members.get_committee(session, agreement.committee_id)
        why = targets.why(session, actor, Ref("agreement", agreement_id))
    if not form.is_submitted() or status == 409:
        form.version.data = str(agreement.version)
    names = {line.party.organisation_id: line.name for line in view.ledger}
    may_fulfil = {
        row.id for row in obligations
        if can(actor, Permission.OBLIGATION_FULFIL, service.Duty(row.organisation_id, agreement.committee_id))
    }  # fmt: skip
    return render_template(
        "agreements/detail.html", agreement=agreement, view=view, clauses=clauses, obligations=obligations, history=history,
        text=text, committee=name_of(committee), why=why, form=form, names=names, may_fulfil=may_fulfil, day=day,
        form_name=legal.FORMS[agreement.form], basis=legal.LEGAL_BASES[agreement.legal_basis],
        acts=[str(legal.ACTS[legal.Act(code)]) for code in agreement.acts], recurrences=RECURRENCES, outcomes=OUTCOMES, left=rules.days_left(agreement, day),
    ), status  # fmt: skip
