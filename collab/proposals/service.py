"""What is done with proposals and opinions: one function a verb."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab import history
from collab.calendar import queries as calendar
from collab.calendar.rules import add_days
from collab.history import Authority
from collab.kernel.access import Actor, Permission, authorize
from collab.kernel.clock import today
from collab.kernel.dates import buddhist_year
from collab.kernel.db import check_version
from collab.kernel.errors import InvalidInput, NotAllowed, NotFound
from collab.kernel.i18n import _
from collab.members import queries as members
from collab.members.models import Committee
from collab.proposals import emails, queries
from collab.proposals.models import OpinionRequest, Proposal
from collab.proposals.rules import missing_fields, opinions_can_close, register_number
from collab.proposals.states import MACHINE, OpinionState, ProposalState, ProposalVerb, Stance

#: What a draft holds, by attribute.
FIELDS = ("title", "problem", "objective", "area", "funding", "cost_amount", "legal_basis", "partner_ids", "readiness")
LONGEST_DELAY_DAYS = 400


@dataclass(frozen=True)
class OpinionText:
    """A council's answer."""

    stance: Stance
    text: str
    council_session: str = ""
    resolution_number: str = ""
    resolved_on: date | None = None


def draft_proposal(session: Session, *, actor: Actor, now: datetime, committee_id: UUID, organisation_id: UUID,
                   values: Mapping[str, Any]) -> Proposal:  # fmt: skip
    """Begin a draft for an organisation that sits in the committee. Raises NotAllowed, NotFound, InvalidInput."""
    committee = members.get_committee(session, committee_id)
    if actor.user_id is None:
        raise NotAllowed(Permission.PROPOSAL_DRAFT.value)
    made = Proposal(
        committee_id=committee.id, organisation_id=organisation_id, author_id=actor.user_id, state=ProposalState.DRAFT, edition=0
    )
    authorize(actor, Permission.PROPOSAL_DRAFT, made)
    if organisation_id not in {seat.organisation_id for seat in members.seats_on(session, committee.id, today(now))}:
        raise InvalidInput({"committee_id": _("Your organisation has no seat in this committee.")})
    _fill(made, values)
    with history.act(session, verb="proposal.drafted", actor=actor, now=now, subject=made):
        session.add(made)
    return made


def edit_proposal(session: Session, *, actor: Actor, now: datetime, proposal_id: UUID, values: Mapping[str, Any],
                  expected_version: int | None) -> Proposal:  # fmt: skip
    """Change a draft or a returned proposal; nothing is required yet. Raises NotFound, NotAllowed, VersionConflict, StateConflict."""
    proposal = _locked(session, actor, proposal_id, Permission.PROPOSAL_DRAFT)
    check_version(proposal, expected_version)
    MACHINE.advance(proposal.state, ProposalVerb.EDIT)
    if all(getattr(proposal, name) == value for name, value in values.items()):
        # An autosave of what is saved already is no change and leaves no event.
        return proposal
    with history.act(session, verb="proposal.edited", actor=actor, now=now, subject=proposal):
        _fill(proposal, values)
    return proposal


def submit_proposal(
    session: Session, *, actor: Actor, now: datetime, proposal_id: UUID, expected_version: int | None
) -> Proposal:
    """Submit a draft: it gets its number in the committee's register of the Buddhist year, gap-free; opinions on an earlier text go stale.

    Raises NotFound, NotAllowed, VersionConflict, StateConflict; InvalidInput naming the fields still empty.
    """
    proposal = _locked(session, actor, proposal_id, Permission.PROPOSAL_SUBMIT)
    check_version(proposal, expected_version)
    state = MACHINE.advance(proposal.state, ProposalVerb.SUBMIT)
    missing = missing_fields({name: getattr(proposal, name) for name in FIELDS})
    if missing:
        raise InvalidInput({name: _("Fill this in before you submit.") for name in missing})
    with history.act(session, verb="proposal.submitted", actor=actor, now=now, subject=proposal):
        if proposal.number is None:
            _number(session, proposal, now)
        for opinion in queries.lock_opinions(session, proposal.id, proposal.edition):
            opinion.state = OpinionState.STALE if opinion.state is OpinionState.ANSWERED else OpinionState.CLOSED
        proposal.state, proposal.submitted_at, proposal.return_reason = state, now, ""
        proposal.edition += 1
    emails.tell_coordinators(session, proposal, now)
    return proposal


def _number(session: Session, proposal: Proposal, now: datetime) -> None:
    # The committee's row is the lock of its registers: two submissions at once cannot take one number, and none is skipped.
    committee = session.scalars(
        sa.select(Committee).where(Committee.id == proposal.committee_id).with_for_update(key_share=True)
    ).one()
    year = buddhist_year(today(now))
    proposal.number_year = year
    proposal.number_in_year = queries.last_number(session, committee.id, year) + 1
    proposal.number = register_number(committee.code, proposal.number_in_year, year)


def request_opinions(session: Session, *, actor: Actor, now: datetime, proposal_id: UUID, due_on: date | None,
                     organisation_ids: set[UUID], expected_version: int | None) -> list[OpinionRequest]:  # fmt: skip
    """Ask the councils' opinions by ``due_on`` (None: the committee's legal delay). Raises as the verbs above, and InvalidInput."""
    proposal = _locked(session, actor, proposal_id, Permission.OPINION_REQUEST)
    check_version(proposal, expected_version)
    state = MACHINE.advance(proposal.state, ProposalVerb.REQUEST_OPINIONS)
    day = due_on or default_due(session, proposal.committee_id, now)
    seated = {seat.organisation_id for seat in members.seats_on(session, proposal.committee_id, today(now))}
    _check_request(day, today(now), organisation_ids, seated)
    made = [
        OpinionRequest(
            proposal_id=proposal.id, committee_id=proposal.committee_id, organisation_id=key, edition=proposal.edition,
            state=OpinionState.ASKED, due_on=day,
        )
        for key in sorted(organisation_ids)
    ]  # fmt: skip
    with history.act(session, verb="proposal.opinions_requested", actor=actor, now=now, subject=proposal):
        proposal.state, proposal.opinions_due_on = state, day
        session.add_all(made)
    for opinion in made:
        emails.tell_council(session, proposal, opinion, now)
    return made


def _check_request(day: date, now_day: date, organisation_ids: set[UUID], seated: set[UUID]) -> None:
    if day <= now_day or (day - now_day).days > LONGEST_DELAY_DAYS:
        raise InvalidInput({"due_on": _("Choose a day after today, within a year.")})
    if not organisation_ids or organisation_ids - seated:
        raise InvalidInput({"organisation_ids": _("Choose at least one organisation of the committee.")})


def default_due(session: Session, committee_id: UUID, now: datetime) -> date:
    """Return the day on which opinions asked today are due by the committee's rules of procedure."""
    day = today(now)
    rules = members.rules_on(session, committee_id, day)
    closed = calendar.closed_days(session, day, date(day.year + 1, 12, 31))
    return add_days(day, rules.opinion_days, rules.opinion_day_kind.value, closed)


def give_opinion(session: Session, *, actor: Actor, now: datetime, opinion_id: UUID, answer: OpinionText,
                 expected_version: int | None) -> OpinionRequest:  # fmt: skip
    """Answer for one's own council while opinions are open; answering again corrects the answer, and both stay in the history.

    Raises NotFound, NotAllowed, VersionConflict, StateConflict; InvalidInput when an objection or condition has no words.
    """
    found = queries.opinions_by_ids(session, [opinion_id])
    if not found:
        raise NotFound("opinion_request", opinion_id)
    proposal = queries.lock_proposal(session, found[0].proposal_id)
    opinion = queries.lock_opinion(session, opinion_id)
    authorize(actor, Permission.OPINION_GIVE, opinion)
    check_version(opinion, expected_version)
    MACHINE.advance(proposal.state, ProposalVerb.CLOSE_OPINIONS)
    if answer.stance in (Stance.WITH_CONDITIONS, Stance.OBJECT) and not answer.text:
        raise InvalidInput({"text": _("Say on which conditions, or why you object.")})
    if answer.resolved_on is not None and answer.resolved_on > today(now):
        raise InvalidInput({"resolved_on": _("The council cannot have resolved on a day to come.")})
    with history.act(session, verb="opinion.given", actor=actor, now=now, subject=opinion, on_behalf_of=opinion.organisation_id):
        opinion.stance, opinion.text, opinion.state = answer.stance, answer.text, OpinionState.ANSWERED
        opinion.council_session, opinion.resolution_number = answer.council_session, answer.resolution_number
        opinion.resolved_on, opinion.answered_by_id, opinion.answered_at = answer.resolved_on, actor.user_id, now
    return opinion


def close_opinions(session: Session, *, actor: Actor, now: datetime, proposal_id: UUID, expected_version: int | None) -> Proposal:
    """Close the opinions when all are in or the day is past. Raises as the verbs above; InvalidInput when it is too early."""
    proposal = _locked(session, actor, proposal_id, Permission.OPINION_REQUEST)
    check_version(proposal, expected_version)
    state = MACHINE.advance(proposal.state, ProposalVerb.CLOSE_OPINIONS)
    opinions = queries.lock_opinions(session, proposal.id, proposal.edition)
    due_on = proposal.opinions_due_on or today(now)
    if not opinions_can_close([opinion.state for opinion in opinions], due_on, today(now)):
        raise InvalidInput({"due_on": _("Some opinions are still missing and their day is not past.")})
    with history.act(session, verb="proposal.opinions_closed", actor=actor, now=now, subject=proposal):
        proposal.state = state
        for opinion in opinions:
            if opinion.state is OpinionState.ASKED:
                opinion.state = OpinionState.CLOSED
    return proposal


def return_proposal(session: Session, *, actor: Actor, now: datetime, proposal_id: UUID, reason: str,
                    expected_version: int | None) -> Proposal:  # fmt: skip
    """Give a proposal back to its municipality with the reason. Raises as the verbs above."""
    proposal = _locked(session, actor, proposal_id, Permission.PROPOSAL_SCREEN)
    check_version(proposal, expected_version)
    state = MACHINE.advance(proposal.state, ProposalVerb.RETURN)
    with history.act(session, verb="proposal.returned", actor=actor, now=now, subject=proposal, reason=reason):
        proposal.state, proposal.return_reason = state, reason
        _close_asked(session, proposal)
    emails.tell_author(session, proposal, now, _("The proposal was returned"), reason)
    return proposal


def withdraw_proposal(session: Session, *, actor: Actor, now: datetime, proposal_id: UUID, reason: str,
                      expected_version: int | None) -> Proposal:  # fmt: skip
    """Take a proposal back, with the reason. Raises as the verbs above."""
    proposal = _locked(session, actor, proposal_id, Permission.PROPOSAL_SUBMIT)
    check_version(proposal, expected_version)
    state = MACHINE.advance(proposal.state, ProposalVerb.WITHDRAW)
    with history.act(session, verb="proposal.withdrawn", actor=actor, now=now, subject=proposal, reason=reason):
        proposal.state = state
        _close_asked(session, proposal)
    return proposal


def place(session: Session, *, actor: Actor, now: datetime, proposal_id: UUID) -> Proposal:
    """Note that a meeting's agenda holds the proposal. Raises NotFound, StateConflict unless opinions are closed."""
    proposal = queries.lock_proposal(session, proposal_id)
    state = MACHINE.advance(proposal.state, ProposalVerb.PLACE)
    with history.act(session, verb="proposal.placed", actor=actor, now=now, subject=proposal):
        proposal.state = state
    return proposal


def decide(session: Session, *, actor: Actor, now: datetime, proposal_id: UUID, resolution_id: UUID, carried: bool) -> Proposal:
    """Note what the committee resolved, on the authority of its resolution, and tell the proposing municipality."""
    proposal = queries.lock_proposal(session, proposal_id)
    state = MACHINE.advance(proposal.state, ProposalVerb.ADOPT if carried else ProposalVerb.REJECT)
    verb = "proposal.adopted" if carried else "proposal.rejected"
    authority = Authority("resolution", resolution_id)
    with history.act(session, verb=verb, actor=actor, now=now, subject=proposal, authority=authority):
        proposal.state, proposal.decided_at = state, now
    subject = _("The proposal was adopted") if carried else _("The proposal was not adopted")
    emails.tell_author(session, proposal, now, subject, proposal.title)
    return proposal


def _close_asked(session: Session, proposal: Proposal) -> None:
    for opinion in queries.lock_opinions(session, proposal.id, proposal.edition):
        if opinion.state is OpinionState.ASKED:
            opinion.state = OpinionState.CLOSED


def _fill(proposal: Proposal, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if name in FIELDS:
            setattr(proposal, name, value)


def _locked(session: Session, actor: Actor, proposal_id: UUID, permission: Permission) -> Proposal:
    proposal = queries.lock_proposal(session, proposal_id)
    if not queries.visible_ids(session, actor, [proposal_id]):
        raise NotFound("proposal", proposal_id)
    authorize(actor, permission, proposal)
    return proposal
