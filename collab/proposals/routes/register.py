"""Reading proposals: the list, one proposal with its thread, the list as CSV."""

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from collab.documents import sheets
from collab.kernel import targets
from collab.kernel.access import Permission, authorize, can, could
from collab.kernel.i18n import _
from collab.kernel.targets import Ref
from collab.meetings import queries as meetings
from collab.members import queries as members
from collab.proposals import queries, service
from collab.proposals.facts import READINESS, legal_name
from collab.proposals.forms import ReasonForm
from collab.proposals.routes.blueprint import blueprint
from collab.proposals.rules import readiness_mean
from collab.proposals.states import MACHINE, ProposalState, ProposalVerb
from collab.proposals.wording import OPINION_STATES, RIBBON, STANCES, STATES, TURNS
from collab.web.context import current_actor, reading, request_now, unit_of_work
from collab.web.downloads import download
from collab.web.routing import requires


@blueprint.get("/proposals")
@requires(Permission.PROPOSAL_VIEW)
def index() -> ResponseReturnValue:
    """List the proposals that the person may see."""
    state = _asked_state()
    with reading() as session:
        page = queries.list_proposals(session, current_actor(), state=state, cursor=request.args.get("cursor"))
        names = members.organisation_names(session, {row.organisation_id for row in page.rows})
    return render_template(
        "proposals/index.html", page=page, names=names, states=STATES, state=state.value if state else "",
        may_propose=could(current_actor(), Permission.PROPOSAL_DRAFT),
    )  # fmt: skip


@blueprint.get("/proposals.csv")
@requires(Permission.PROPOSAL_VIEW)
def export() -> ResponseReturnValue:
    """Return the list as filtered, as CSV that Excel opens in Thai."""
    head = [_("Number"), _("Name of the joint service"), _("Proposed by"), _("State"), _("Estimated cost (baht)")]
    with reading() as session:
        page = queries.list_proposals(session, current_actor(), state=_asked_state(), size=5000)
        names = members.organisation_names(session, {row.organisation_id for row in page.rows})
    rows = [
        [row.number, row.title, names[row.organisation_id], str(STATES[row.state][0]), row.cost_amount] for row in page.rows
    ]  # fmt: skip
    return download(sheets.as_csv(head, rows), sheets.CSV, "proposals.csv")


@blueprint.get("/proposals/<uuid:proposal_id>")
@requires(Permission.PROPOSAL_VIEW)
def detail(proposal_id: UUID) -> ResponseReturnValue:
    """Show one proposal: its text, the councils' opinions, what follows from it, and the steps the person may take."""
    actor = current_actor()
    ref = Ref("proposal", proposal_id)
    with reading() as session:
        proposal = queries.get_visible(session, actor, proposal_id)
        opinions = queries.opinions_of(session, proposal_id)
        resolutions = meetings.resolutions_on(session, [ref]).get(ref, [])
        why = targets.why(session, actor, ref)
        partners = {UUID(key) for key in proposal.partner_ids}
        names = members.organisation_names(
            session, partners | {proposal.organisation_id} | {row.organisation_id for row in opinions}
        )
        author = members.user_names(session, {proposal.author_id}).get(proposal.author_id, "")
    current = [row for row in opinions if row.edition == proposal.edition]
    return render_template(
        "proposals/detail.html", proposal=proposal, opinions=opinions, resolutions=resolutions, why=why, names=names, author=author,
        state=STATES[proposal.state], turn=TURNS[MACHINE.turn[proposal.state]], stances=STANCES, opinion_states=OPINION_STATES,
        ribbon_rows=[{"name": names[row.organisation_id], "state": RIBBON[row.stance] if row.stance else "waiting"} for row in current],
        may=_verbs(proposal), partners=[names[key] for key in partners if key in names], legal_name=legal_name, factors=READINESS,
        mean=readiness_mean(proposal.readiness),
    )  # fmt: skip


def _verbs(proposal: object) -> dict[str, bool]:
    """Return which steps the person may take now: who may (policy) and when (states)."""
    actor = current_actor()
    state: ProposalState = proposal.state  # type: ignore[attr-defined]
    needed = {
        ProposalVerb.EDIT: Permission.PROPOSAL_DRAFT,
        ProposalVerb.SUBMIT: Permission.PROPOSAL_SUBMIT,
        ProposalVerb.WITHDRAW: Permission.PROPOSAL_SUBMIT,
        ProposalVerb.RETURN: Permission.PROPOSAL_SCREEN,
        ProposalVerb.REQUEST_OPINIONS: Permission.OPINION_REQUEST,
        ProposalVerb.CLOSE_OPINIONS: Permission.OPINION_REQUEST,
        ProposalVerb.PLACE: Permission.PROPOSAL_SCREEN,
    }
    found = {verb.value: MACHINE.allows(state, verb) and can(actor, permission, proposal) for verb, permission in needed.items()}
    found["plan"] = state is ProposalState.ADOPTED and can(actor, Permission.SERVICE_PLAN_MANAGE, proposal)
    return found


@blueprint.route("/proposals/<uuid:proposal_id>/return", methods=["GET", "POST"])
@requires(Permission.PROPOSAL_SCREEN)
def give_back(proposal_id: UUID) -> ResponseReturnValue:
    """Return the proposal to its municipality with a reason."""
    form = ReasonForm()
    with reading() as session:
        proposal = queries.get_visible(session, current_actor(), proposal_id)
    authorize(current_actor(), Permission.PROPOSAL_SCREEN, proposal)
    if request.method == "GET" or not form.validate():
        form.version.data = form.version.data or str(proposal.version)
        status = 200 if request.method == "GET" else 422
        return render_template("proposals/reason.html", form=form, proposal=proposal, title=_("Return the proposal")), status
    with unit_of_work() as session:
        service.return_proposal(
            session, actor=current_actor(), now=request_now(), proposal_id=proposal_id, reason=form.reason.data,
            expected_version=form.expected_version,
        )  # fmt: skip
    flash(_("The proposal was returned."), "success")
    return redirect(url_for("proposals.detail", proposal_id=proposal_id), 303)


def _asked_state() -> ProposalState | None:
    asked = request.args.get("state", "")
    return ProposalState(asked) if asked in set(ProposalState) else None
