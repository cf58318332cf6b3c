"""Writing a proposal: begin, edit with autosave, check the answers, submit, withdraw."""

from uuid import UUID

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.kernel.access import Permission, Role, Scope, authorize
from collab.kernel.clock import BANGKOK
from collab.kernel.errors import InvalidInput, NotFound, VersionConflict
from collab.kernel.i18n import _
from collab.members import queries as members
from collab.members.rules import name_of
from collab.proposals import queries, service
from collab.proposals.facts import READINESS, legal_name
from collab.proposals.forms import NewForm, ProposalForm, ReasonForm, StepForm
from collab.proposals.models import Proposal
from collab.proposals.routes.blueprint import blueprint
from collab.proposals.rules import missing_fields
from collab.proposals.states import MACHINE, ProposalVerb
from collab.web.context import current_actor, reading, request_now, unit_of_work
from collab.web.forms import options
from collab.web.once import AlreadySubmitted, claim, leads_to, to_first
from collab.web.routing import requires


@blueprint.route("/proposals/new", methods=["GET", "POST"])
@requires(Permission.PROPOSAL_DRAFT)
def new() -> ResponseReturnValue:
    """Begin a draft."""
    actor = current_actor()
    organisations = sorted(actor.scopes(Role.CLERK, Scope.ORGANISATION), key=lambda key: (key != actor.organisation_id, key))
    form = NewForm()
    with reading() as session:
        form.committee_id.choices = options((str(row.id), name_of(row)) for row in members.list_committees(session, actor))
    if request.method == "GET":
        return render_template("proposals/new.html", form=form)
    if form.validate() and organisations:
        try:
            return _begin(form, organisations[0])
        except InvalidInput as error:
            form.put_errors(error.errors)
        except AlreadySubmitted as fact:
            return to_first(fact)
    return render_template("proposals/new.html", form=form), 422


def _begin(form: NewForm, organisation_id: UUID) -> ResponseReturnValue:
    with unit_of_work() as session:
        claim(session, form, request_now())
        made = service.draft_proposal(
            session, actor=current_actor(), now=request_now(), committee_id=UUID(form.committee_id.data),
            organisation_id=organisation_id, values={"title": form.title.data},
        )  # fmt: skip
        location = url_for("proposals.edit", proposal_id=made.id)
        leads_to(session, form, location)
    return redirect(location, 303)


@blueprint.route("/proposals/<uuid:proposal_id>/edit", methods=["GET", "POST"])
@requires(Permission.PROPOSAL_DRAFT)
def edit(proposal_id: UUID) -> ResponseReturnValue:
    """Write the draft; a conflict shows both texts."""
    with reading() as session:
        proposal = _editable(session, proposal_id)
        form = _form(session, proposal)
    if request.method == "GET":
        form.show(proposal)
        return render_template("proposals/edit.html", form=form, proposal=proposal, saved=None, factors=READINESS)
    if not form.validate():
        return render_template("proposals/edit.html", form=form, proposal=proposal, saved=None, factors=READINESS), 422
    try:
        _save(form, proposal_id)
    except VersionConflict as conflict:
        return _conflict(form, proposal_id, conflict)
    if request.form.get("next") == "later":
        flash(_("The draft was saved."), "success")
        return redirect(url_for("proposals.detail", proposal_id=proposal_id), 303)
    return redirect(url_for("proposals.check", proposal_id=proposal_id), 303)


@blueprint.post("/proposals/<uuid:proposal_id>/autosave")
@requires(Permission.PROPOSAL_DRAFT)
def autosave(proposal_id: UUID) -> ResponseReturnValue:
    """Keep what was typed so far; answers a sentence for the reader and the draft's new version in a header."""
    with reading() as session:
        form = _form(session, _editable(session, proposal_id))
    if not form.validate():
        return _("Not saved yet: there is a fault in the form."), 422
    version = _save(form, proposal_id)
    clock = request_now().astimezone(BANGKOK)
    answer = Response(_("Draft saved %(time)s", time=f"{clock:%H:%M}"), mimetype="text/plain")
    answer.headers["X-Draft-Version"] = str(version)
    return answer


def _save(form: ProposalForm, proposal_id: UUID) -> int:
    with unit_of_work() as session:
        saved = service.edit_proposal(
            session, actor=current_actor(), now=request_now(), proposal_id=proposal_id, values=form.values(),
            expected_version=form.expected_version,
        )  # fmt: skip
        session.flush()
        return saved.version


def _conflict(form: ProposalForm, proposal_id: UUID, conflict: VersionConflict) -> ResponseReturnValue:
    form.version.data = str(conflict.current_version)
    with reading() as session:
        saved = queries.get_visible(session, current_actor(), proposal_id)
    return render_template("proposals/edit.html", form=form, proposal=saved, saved=saved, factors=READINESS), 409


@blueprint.get("/proposals/<uuid:proposal_id>/check")
@requires(Permission.PROPOSAL_SUBMIT)
def check(proposal_id: UUID) -> ResponseReturnValue:
    """Show the answers before they are submitted."""
    return _check_page(proposal_id, StepForm(), 200)


@blueprint.post("/proposals/<uuid:proposal_id>/submit")
@requires(Permission.PROPOSAL_SUBMIT)
def submit(proposal_id: UUID) -> ResponseReturnValue:
    """Submit the draft."""
    form = StepForm()
    try:
        with unit_of_work() as session:
            service.submit_proposal(
                session, actor=current_actor(), now=request_now(), proposal_id=proposal_id, expected_version=form.expected_version
            )
    except InvalidInput as error:
        form.form_errors.extend(error.errors.values())
        return _check_page(proposal_id, form, 422)
    return redirect(url_for("proposals.submitted", proposal_id=proposal_id), 303)


@blueprint.get("/proposals/<uuid:proposal_id>/submitted")
@requires(Permission.PROPOSAL_VIEW)
def submitted(proposal_id: UUID) -> ResponseReturnValue:
    """Confirm the submission and say what happens next."""
    with reading() as session:
        proposal = queries.get_visible(session, current_actor(), proposal_id)
        if proposal.number is None:
            raise NotFound("proposal", proposal_id)
    return render_template("proposals/submitted.html", proposal=proposal)


@blueprint.route("/proposals/<uuid:proposal_id>/withdraw", methods=["GET", "POST"])
@requires(Permission.PROPOSAL_SUBMIT)
def withdraw(proposal_id: UUID) -> ResponseReturnValue:
    """Take the proposal back with a reason."""
    form = ReasonForm()
    with reading() as session:
        proposal = queries.get_visible(session, current_actor(), proposal_id)
    authorize(current_actor(), Permission.PROPOSAL_SUBMIT, proposal)
    if request.method == "GET" or not form.validate():
        form.version.data = form.version.data or str(proposal.version)
        status = 200 if request.method == "GET" else 422
        return render_template("proposals/reason.html", form=form, proposal=proposal, title=_("Withdraw the proposal")), status
    with unit_of_work() as session:
        service.withdraw_proposal(
            session, actor=current_actor(), now=request_now(), proposal_id=proposal_id, reason=form.reason.data,
            expected_version=form.expected_version,
        )  # fmt: skip
    flash(_("The proposal was withdrawn."), "success")
    return redirect(url_for("proposals.detail", proposal_id=proposal_id), 303)


def _check_page(proposal_id: UUID, form: StepForm, status: int) -> ResponseReturnValue:
    with reading() as session:
        proposal = _editable(session, proposal_id)
        names = members.organisation_names(session, {UUID(key) for key in proposal.partner_ids})
    if status == 200:
        form.version.data = str(proposal.version)
    missing = missing_fields({name: getattr(proposal, name) for name in service.FIELDS})
    return render_template(
        "proposals/check.html",
        form=form,
        proposal=proposal,
        names=names,
        missing=missing,
        legal_name=legal_name,
        factors=READINESS,
    ), status


def _editable(session: Session, proposal_id: UUID) -> Proposal:
    proposal = queries.get_visible(session, current_actor(), proposal_id)
    authorize(current_actor(), Permission.PROPOSAL_DRAFT, proposal)
    MACHINE.advance(proposal.state, ProposalVerb.EDIT)
    return proposal


def _form(session: Session, proposal: Proposal) -> ProposalForm:
    form = ProposalForm()
    seats = members.seats_on(session, proposal.committee_id, request_now().astimezone(BANGKOK).date())
    form.partner_ids.choices = options(dict.fromkeys((str(seat.organisation_id), seat.organisation_name) for seat in seats))
    return form
