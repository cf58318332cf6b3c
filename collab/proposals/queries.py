"""Reads of proposals and opinions."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.kernel.access import Actor, Role, Scope
from collab.kernel.errors import NotFound
from collab.kernel.paging import Key, Page, keyset
from collab.proposals.models import OpinionRequest, Proposal
from collab.proposals.states import BEING_WRITTEN, OpinionState, ProposalState

_NEWEST = (Key(Proposal.id, lambda row: row.id, descending=True),)


def visible_clause(actor: Actor) -> sa.ColumnElement[bool]:
    """Return the condition under which ``actor`` may see a proposal: `policy` as one clause for lists."""
    mine = Proposal.organisation_id.in_(
        actor.scopes(Role.CLERK, Scope.ORGANISATION) | actor.scopes(Role.EXECUTIVE, Scope.ORGANISATION)
    )
    submitted = Proposal.submitted_at.is_not(None)
    if any(actor.everywhere(role) for role in (Role.AUDITOR, Role.ADMINISTRATOR, Role.COORDINATOR)):
        return sa.or_(mine, submitted)
    seated = Proposal.committee_id.in_(set(actor.committee_ids) | actor.scopes(Role.CHAIR, Scope.COMMITTEE))
    overseen = Proposal.committee_id.in_(
        actor.scopes(Role.COORDINATOR, Scope.COMMITTEE) | actor.scopes(Role.AUDITOR, Scope.COMMITTEE)
    )
    whole = Proposal.state.not_in(BEING_WRITTEN)
    return sa.or_(mine, sa.and_(submitted, sa.or_(overseen, sa.and_(seated, whole))))


def find_proposal(session: Session, proposal_id: UUID) -> Proposal | None:
    """Return the proposal, or None; whoever asks."""
    return session.get(Proposal, proposal_id)


def get_proposal(session: Session, proposal_id: UUID) -> Proposal:
    """Return the proposal; NotFound when there is none. Whoever asks: the caller authorizes."""
    found = find_proposal(session, proposal_id)
    if found is None:
        raise NotFound("proposal", proposal_id)
    return found


def get_visible(session: Session, actor: Actor, proposal_id: UUID) -> Proposal:
    """Return the proposal when ``actor`` may see it; NotFound otherwise, so that nobody learns of another's draft."""
    found = session.scalars(sa.select(Proposal).where(Proposal.id == proposal_id, visible_clause(actor))).one_or_none()
    if found is None:
        raise NotFound("proposal", proposal_id)
    return found


def lock_proposal(session: Session, proposal_id: UUID) -> Proposal:
    """Return the proposal with its row locked and fresh; NotFound when there is none."""
    statement = sa.select(Proposal).where(Proposal.id == proposal_id).with_for_update()
    found = session.scalars(statement.execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise NotFound("proposal", proposal_id)
    return found


def list_proposals(session: Session, actor: Actor, *, state: ProposalState | None = None, cursor: str | None = None,
                   size: int = 50) -> Page[Proposal]:  # fmt: skip
    """Return a page of the proposals that ``actor`` may see, newest first."""
    statement = sa.select(Proposal).where(visible_clause(actor))
    if state is not None:
        statement = statement.where(Proposal.state == state)
    return keyset(session, statement, _NEWEST, cursor, size=size, scalars=True)


def proposals_by_ids(session: Session, keys: Sequence[UUID]) -> list[Proposal]:
    """Return the proposals with these ids, whoever asks."""
    return list(session.scalars(sa.select(Proposal).where(Proposal.id.in_(keys))))


def visible_ids(session: Session, actor: Actor, keys: Sequence[UUID]) -> set[UUID]:
    """Return those of ``keys`` that ``actor`` may see."""
    return set(session.scalars(sa.select(Proposal.id).where(Proposal.id.in_(keys), visible_clause(actor))))


def opinions_of(session: Session, proposal_id: UUID) -> list[OpinionRequest]:
    """Return the opinion requests on a proposal, the newest edition first."""
    order = (OpinionRequest.edition.desc(), OpinionRequest.id)
    return list(session.scalars(sa.select(OpinionRequest).where(OpinionRequest.proposal_id == proposal_id).order_by(*order)))


def lock_opinions(session: Session, proposal_id: UUID, edition: int) -> list[OpinionRequest]:
    """Return the requests on one edition with their rows locked."""
    statement = sa.select(OpinionRequest).where(OpinionRequest.proposal_id == proposal_id, OpinionRequest.edition == edition)
    return list(session.scalars(statement.order_by(OpinionRequest.id).with_for_update()))


def lock_opinion(session: Session, opinion_id: UUID) -> OpinionRequest:
    """Return one request with its row locked; NotFound when there is none."""
    found = session.scalars(
        sa.select(OpinionRequest)
        .where(OpinionRequest.id == opinion_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise NotFound("opinion_request", opinion_id)
    return found


def opinions_by_ids(session: Session, keys: Sequence[UUID]) -> list[OpinionRequest]:
    """Return the requests with these ids, whoever asks."""
    return list(session.scalars(sa.select(OpinionRequest).where(OpinionRequest.id.in_(keys))))


def open_opinion_clause() -> sa.ColumnElement[bool]:
    """Return the condition under which an opinion is still owed."""
    return OpinionRequest.state.in_([OpinionState.ASKED, OpinionState.STALE])


def last_number(session: Session, committee_id: UUID, year: int) -> int:
    """Return the last number given in the committee's register of the year; 0 when none. Call it with the committee locked."""
    highest = sa.select(sa.func.max(Proposal.number_in_year)).where(
        Proposal.committee_id == committee_id, Proposal.number_year == year
    )
    return session.scalar(highest) or 0
