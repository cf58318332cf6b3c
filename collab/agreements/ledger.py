"""The register of agreements: exceptions first, filtered, paged by key."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.agreements import queries
from collab.agreements.models import Agreement, AgreementParty
from collab.agreements.rules import EXPIRING_DAYS
from collab.agreements.states import AgreementState
from collab.kernel.access import Actor
from collab.kernel.paging import AnySelect, Key, Page, keyset
from collab.members.models import Committee
from collab.members.rules import name_of

#: A day after all others, for agreements without one: keys of a page may not be NULL.
NO_DAY = date(9999, 12, 31)


class Attention(StrEnum):
    """Why an agreement stands where it does on the register; the order is the order of the register."""

    LATE = "late"
    EXPIRING = "expiring"
    MISSING = "missing"
    DRAFT = "draft"
    RUNNING = "running"
    ENDED = "ended"


@dataclass(frozen=True)
class Filter:
    """What the register is narrowed to; None or '' means all."""

    committee_id: UUID | None = None
    organisation_id: UUID | None = None
    attention: Attention | None = None
    service_plan_id: UUID | None = None


_ORDER = list(Attention)


def attention_of(rank: int) -> Attention:
    """Return the reason for the rank that the database reckoned."""
    return _ORDER[rank]


def _rank(day: date) -> sa.Case[int]:
    ratifying = Agreement.state == AgreementState.RATIFYING
    running = Agreement.state == AgreementState.IN_FORCE
    ended = sa.or_(
        Agreement.state.in_((AgreementState.TERMINATED, AgreementState.WITHDRAWN)), sa.and_(running, Agreement.valid_to < day)
    )
    return sa.case(
        (ended, _ORDER.index(Attention.ENDED)),
        (sa.and_(ratifying, Agreement.ratify_by < day), _ORDER.index(Attention.LATE)),
        (sa.and_(running, Agreement.valid_to <= day + timedelta(days=EXPIRING_DAYS)), _ORDER.index(Attention.EXPIRING)),
        (ratifying, _ORDER.index(Attention.MISSING)),
        (running, _ORDER.index(Attention.RUNNING)),
        else_=_ORDER.index(Attention.DRAFT),
    )


def _statement(actor: Actor, day: date, wanted: Filter) -> AnySelect:
    rank = _rank(day)
    deadline = sa.case((Agreement.state == AgreementState.RATIFYING, Agreement.ratify_by), else_=Agreement.valid_to)
    statement = queries.visible_agreements(actor).add_columns(
        rank.label("rank"), sa.func.coalesce(deadline, NO_DAY, type_=sa.Date()).label("day")
    )
    if wanted.committee_id is not None:
        statement = statement.where(Agreement.committee_id == wanted.committee_id)
    if wanted.organisation_id is not None:
        mine = sa.select(AgreementParty.agreement_id).where(
            AgreementParty.organisation_id == wanted.organisation_id, AgreementParty.removed_at.is_(None)
        )
        statement = statement.where(Agreement.id.in_(mine))
    if wanted.service_plan_id is not None:
        statement = statement.where(Agreement.service_plan_id == wanted.service_plan_id)
    if wanted.attention is not None:
        statement = statement.where(rank == _ORDER.index(wanted.attention))
    return statement


def _keys(statement: AnySelect) -> tuple[Key, Key, Key]:
    columns = {column["name"]: column["expr"] for column in statement.column_descriptions}
    return (
        Key(columns["rank"], lambda row: row.rank),
        Key(columns["day"], lambda row: row.day),
        Key(Agreement.id, lambda row: row.Agreement.id),
    )


def list_register(session: Session, actor: Actor, day: date, wanted: Filter, cursor: str | None = None) -> Page[Any]:
    """Return a page of (Agreement, rank, day): late first, then expiring, missing ratifications, drafts, running, ended."""
    statement = _statement(actor, day, wanted)
    return keyset(session, statement, _keys(statement), cursor)


def whole_register(session: Session, actor: Actor, day: date, wanted: Filter) -> Iterator[Any]:
    """Return every (Agreement, rank, day) of the register, in its order, read in batches: for the exports."""
    cursor: str | None = None
    while True:
        page = list_register(session, actor, day, wanted, cursor)
        yield from page.rows
        cursor = page.next_cursor
        if cursor is None:
            return


def counts(session: Session, actor: Actor, day: date) -> dict[Attention, int]:
    """Return how many visible agreements there are of each kind of attention."""
    ranked = _statement(actor, day, Filter()).subquery()
    rows = session.execute(sa.select(ranked.c.rank, sa.func.count()).group_by(ranked.c.rank))
    return {attention_of(rank): count for rank, count in rows}


def committee_names(session: Session, keys: set[UUID]) -> dict[UUID, str]:
    """Return the names of the committees in the language in force."""
    return {row.id: name_of(row) for row in session.scalars(sa.select(Committee).where(Committee.id.in_(keys)))}
