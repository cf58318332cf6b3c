"""Shows proposals and opinions to the rest of the product; says what is due and what waits for whom."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.kernel import turns
from collab.kernel.access import Actor, Role, Scope
from collab.kernel.clock import today
from collab.kernel.i18n import _, lazy
from collab.kernel.paging import AnySelect
from collab.kernel.targets import Ref, TargetInfo, TargetKind, register
from collab.members import queries as members
from collab.proposals import queries
from collab.proposals.models import OpinionRequest, Proposal
from collab.proposals.states import ProposalState
from collab.proposals.wording import OPINION_STATES, STATES
from collab.reminders.registry import DueKind, register_due


def _load(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
    return [
        TargetInfo(
            kind="proposal", id=row.id, title=row.title or _("Untitled proposal"), url=f"/proposals/{row.id}", number=row.number or "",
            state=str(STATES[row.state][0]), day=today(row.submitted_at) if row.submitted_at else None, committee_id=row.committee_id,
            organisation_id=row.organisation_id,
        )
        for row in queries.proposals_by_ids(session, keys)
    ]  # fmt: skip


def _load_opinions(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
    rows = queries.opinions_by_ids(session, keys)
    proposals = {row.id: row for row in queries.proposals_by_ids(session, [row.proposal_id for row in rows])}
    names = members.organisation_names(session, {row.organisation_id for row in rows})
    return [
        TargetInfo(
            kind="opinion_request", id=row.id, title=f"{names[row.organisation_id]}: {proposals[row.proposal_id].title}",
            url=f"/opinions/{row.id}", number=proposals[row.proposal_id].number or "", state=str(OPINION_STATES[row.state]),
            day=row.due_on, committee_id=row.committee_id, organisation_id=row.organisation_id,
        )
        for row in rows
    ]  # fmt: skip


def _visible_opinions(session: Session, actor: Actor, keys: Sequence[UUID]) -> set[UUID]:
    statement = sa.select(OpinionRequest.id).join(Proposal, Proposal.id == OpinionRequest.proposal_id)
    return set(session.scalars(statement.where(OpinionRequest.id.in_(keys), queries.visible_clause(actor))))


def _opinion_because(session: Session, key: UUID) -> list[Ref]:
    return [Ref("proposal", row.proposal_id) for row in queries.opinions_by_ids(session, [key])]


def _leads_to(session: Session, key: UUID) -> list[Ref]:
    return [Ref("opinion_request", row.id) for row in queries.opinions_of(session, key)]


def _texts(session: Session, keys: Sequence[UUID]) -> dict[UUID, str]:
    return {
        row.id: f"{row.title} {row.problem} {row.objective} {row.area}"
        for row in queries.proposals_by_ids(session, keys)
        if row.submitted_at is not None
    }


def _due() -> AnySelect:
    return sa.select(
        OpinionRequest.id.label("target_id"), OpinionRequest.due_on, OpinionRequest.organisation_id,
        sa.cast(sa.null(), sa.Uuid()).label("owner_id"), OpinionRequest.committee_id,
    ).where(queries.open_opinion_clause())  # fmt: skip


def _opinions_turn(actor: Actor, now: datetime) -> AnySelect | None:
    organisations = actor.scopes(Role.CLERK, Scope.ORGANISATION) | actor.scopes(Role.EXECUTIVE, Scope.ORGANISATION)
    if not organisations:
        return None
    return sa.select(
        sa.literal("opinion_request").label("kind"), OpinionRequest.id.label("target_id"), OpinionRequest.committee_id,
        OpinionRequest.organisation_id, sa.literal("opinion.give").label("task"), OpinionRequest.due_on,
        _no_instant().label("since"),
    ).where(queries.open_opinion_clause(), OpinionRequest.organisation_id.in_(organisations))  # fmt: skip


def _drafts_turn(actor: Actor, now: datetime) -> AnySelect | None:
    organisations = actor.scopes(Role.CLERK, Scope.ORGANISATION)
    if not organisations:
        return None
    task = sa.case((Proposal.state == ProposalState.DRAFT, "proposal.finish"), else_="proposal.revise")
    mine = sa.and_(Proposal.state.in_([ProposalState.DRAFT, ProposalState.RETURNED]), Proposal.organisation_id.in_(organisations))
    return _proposal_turn(task).where(mine)


def _screen_turn(actor: Actor, now: datetime) -> AnySelect | None:
    committees = actor.scopes(Role.COORDINATOR, Scope.COMMITTEE)
    if not committees and not actor.everywhere(Role.COORDINATOR):
        return None
    overdue = sa.and_(Proposal.state == ProposalState.OPINIONS_REQUESTED, Proposal.opinions_due_on < today(now))
    mine = sa.or_(Proposal.state.in_([ProposalState.SUBMITTED, ProposalState.OPINIONS_CLOSED]), overdue)
    task = sa.case(
        (Proposal.state == ProposalState.SUBMITTED, "proposal.screen"),
        (Proposal.state == ProposalState.OPINIONS_CLOSED, "proposal.place"),
        else_="proposal.close_opinions",
    )
    statement = _proposal_turn(task).where(mine)
    return statement if actor.everywhere(Role.COORDINATOR) else statement.where(Proposal.committee_id.in_(committees))


def _proposal_turn(task: sa.ColumnElement[Any]) -> AnySelect:
    return sa.select(
        sa.literal("proposal").label("kind"), Proposal.id.label("target_id"), Proposal.committee_id, Proposal.organisation_id,
        task.label("task"), Proposal.opinions_due_on.label("due_on"), Proposal.submitted_at.label("since"),
    )  # fmt: skip


def _no_instant() -> sa.ColumnElement[Any]:
    return sa.cast(sa.null(), sa.DateTime(timezone=True))


def install() -> None:
    """Register the kinds, what is due, and what waits for whom."""
    register("proposal", TargetKind(lazy("Proposal"), _load, queries.visible_ids, leads_to=_leads_to, search_texts=_texts))
    register("opinion_request", TargetKind(lazy("Opinion of a council"), _load_opinions, _visible_opinions, _opinion_because))
    register_due(
        DueKind(kind="opinion_request", target_kind="opinion_request", label=lazy("Opinion of a council due"), select=_due)
    )
    for name, source in (("give", _opinions_turn), ("draft", _drafts_turn), ("screen", _screen_turn)):
        turns.register_turn(turns.TurnSource(f"proposal.{name}", source))
    for task, label in (
        ("opinion.give", lazy("Give your council's opinion")),
        ("proposal.finish", lazy("Finish and submit the draft")),
        ("proposal.revise", lazy("Revise the returned proposal")),
        ("proposal.screen", lazy("Ask the councils' opinions or return it")),
        ("proposal.close_opinions", lazy("Close the opinions: their day is past")),
        ("proposal.place", lazy("Put the proposal on an agenda")),
    ):
        turns.register_task_label(task, label)
