"""Asking, giving and closing opinions."""

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from collab.kernel import targets
from collab.kernel.access import Permission, authorize, can
from collab.kernel.clock import today
from collab.kernel.errors import InvalidInput, NotFound, VersionConflict
from collab.kernel.i18n import _
from collab.kernel.targets import Ref
from collab.members import queries as members
from collab.proposals import queries, service
from collab.proposals.forms import OpinionForm, RequestForm, StepForm
from collab.proposals.models import OpinionRequest, Proposal
from collab.proposals.routes.blueprint import blueprint
from collab.proposals.states import ProposalState
from collab.proposals.wording import OPINION_STATES, STANCES
from collab.web.context import current_actor, reading, request_now, unit_of_work
from collab.web.forms import options
from collab.web.routing import requires, signed_in


@blueprint.route("/proposals/<uuid:proposal_id>/opinions", methods=["GET", "POST"])
@requires(Permission.OPINION_REQUEST)
def ask(proposal_id: UUID) -> ResponseReturnValue:
    """Ask the councils."""
    with reading() as session:
        proposal = queries.get_visible(session, current_actor(), proposal_id)
        authorize(current_actor(), Permission.OPINION_REQUEST, proposal)
        seats = members.seats_on(session, proposal.committee_id, today(request_now()))
        due_on = service.default_due(session, proposal.committee_id, request_now())
    form = RequestForm(due_on=due_on)
    choices = list(dict.fromkeys((str(seat.organisation_id), seat.organisation_name) for seat in seats))
    asked = [choice for choice in choices if choice[0] != str(proposal.organisation_id)]
    form.organisation_ids.choices = options(asked)
    if request.method == "GET":
        form.version.data = str(proposal.version)
        form.organisation_ids.data = [key for key, _name in asked]
        return render_template("proposals/ask.html", form=form, proposal=proposal)
    if form.validate():
        try:
            with unit_of_work() as session:
                service.request_opinions(
                    session, actor=current_actor(), now=request_now(), proposal_id=proposal_id, due_on=form.due_on.data,
                    organisation_ids=form.organisations(), expected_version=form.expected_version,
                )  # fmt: skip
            flash(_("The councils were asked."), "success")
            return redirect(url_for("proposals.detail", proposal_id=proposal_id), 303)
        except InvalidInput as error:
            form.put_errors(error.errors)
    return render_template("proposals/ask.html", form=form, proposal=proposal), 422


@blueprint.route("/proposals/<uuid:proposal_id>/opinions/close", methods=["POST"])
@requires(Permission.OPINION_REQUEST)
def close(proposal_id: UUID) -> ResponseReturnValue:
    """Close the opinions."""
    form = StepForm()
    try:
        with unit_of_work() as session:
            service.close_opinions(
                session, actor=current_actor(), now=request_now(), proposal_id=proposal_id, expected_version=form.expected_version
            )
        flash(_("The opinions were closed."), "success")
    except InvalidInput as error:
        for message in error.errors.values():
            flash(message, "warning")
    return redirect(url_for("proposals.detail", proposal_id=proposal_id), 303)


@blueprint.route("/opinions/<uuid:opinion_id>", methods=["GET", "POST"])
@signed_in
def opinion(opinion_id: UUID) -> ResponseReturnValue:
    """Show an opinion; those of the council answer it while opinions are open."""
    found, proposal = _load(opinion_id)
    form = OpinionForm()
    if request.method == "GET":
        _show(form, found)
        return _page(form, found, proposal, None, 200)
    if form.validate():
        try:
            with unit_of_work() as session:
                service.give_opinion(
                    session, actor=current_actor(), now=request_now(), opinion_id=opinion_id, answer=form.answer(),
                    expected_version=form.expected_version,
                )  # fmt: skip
            flash(_("The opinion was recorded."), "success")
            return redirect(url_for("proposals.detail", proposal_id=proposal.id), 303)
        except InvalidInput as error:
            form.put_errors(error.errors)
        except VersionConflict as conflict:
            form.version.data = str(conflict.current_version)
            saved, _proposal = _load(opinion_id)
            return _page(form, saved, proposal, saved, 409)
    return _page(form, found, proposal, None, 422)


def _load(opinion_id: UUID) -> tuple[OpinionRequest, Proposal]:
    ref = Ref("opinion_request", opinion_id)
    with reading() as session:
        if ref not in targets.visible(session, current_actor(), [ref]):
            raise NotFound("opinion_request", opinion_id)
        found = queries.opinions_by_ids(session, [opinion_id])[0]
        return found, queries.get_proposal(session, found.proposal_id)


def _show(form: OpinionForm, found: OpinionRequest) -> None:
    form.version.data = str(found.version)
    form.stance.data = found.stance.value if found.stance else None
    form.text.data, form.council_session.data = found.text, found.council_session
    form.resolution_number.data = found.resolution_number
    form.resolved_on.process(None, data=found.resolved_on)


def _page(
    form: OpinionForm, found: OpinionRequest, proposal: Proposal, saved: OpinionRequest | None, status: int
) -> ResponseReturnValue:
    with reading() as session:
        why = targets.why(session, current_actor(), Ref("opinion_request", found.id))
        names = members.organisation_names(session, {found.organisation_id})
    open_now = proposal.state is ProposalState.OPINIONS_REQUESTED and found.edition == proposal.edition
    return render_template(
        "proposals/opinion.html", form=form, opinion=found, proposal=proposal, saved=saved, why=why,
        organisation=names[found.organisation_id], state=OPINION_STATES[found.state], stances=STANCES,
        may_answer=open_now and can(current_actor(), Permission.OPINION_GIVE, found),
    ), status  # fmt: skip
