"""Reads of cases and assessments."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.kernel.errors import NotFound
from collab.kernel.paging import Key, Page, keyset
from collab.learning.models import PracticeCase, SelfAssessment

_NEWEST = (Key(PracticeCase.id, lambda row: row.id, descending=True),)


def get_case(session: Session, case_id: UUID, *, lock: bool = False) -> PracticeCase:
    """Return a case that was not removed; NotFound otherwise. ``lock`` takes its row."""
    statement = sa.select(PracticeCase).where(PracticeCase.id == case_id, PracticeCase.removed_at.is_(None))
    found = session.scalars(statement.with_for_update() if lock else statement).one_or_none()
    if found is None:
        raise NotFound("practice_case", case_id)
    return found


def list_cases(session: Session, cursor: str | None = None) -> Page[PracticeCase]:
    """Return a page of the cases, newest first."""
    statement = sa.select(PracticeCase).where(PracticeCase.removed_at.is_(None))
    return keyset(session, statement, _NEWEST, cursor, scalars=True)


def cases_by_ids(session: Session, keys: Sequence[UUID]) -> list[PracticeCase]:
    """Return the cases with these ids."""
    return list(session.scalars(sa.select(PracticeCase).where(PracticeCase.id.in_(keys))))


def assessments_of(session: Session, committee_ids: Iterable[UUID]) -> list[SelfAssessment]:
    """Return the assessments of these committees, the newest year first."""
    order = (SelfAssessment.fiscal_year.desc(), SelfAssessment.committee_id)
    return list(
        session.scalars(sa.select(SelfAssessment).where(SelfAssessment.committee_id.in_(list(committee_ids))).order_by(*order))
    )


def assessments_by_ids(session: Session, keys: Sequence[UUID]) -> list[SelfAssessment]:
    """Return the assessments with these ids."""
    return list(session.scalars(sa.select(SelfAssessment).where(SelfAssessment.id.in_(keys))))


def find_assessment(session: Session, committee_id: UUID, fiscal_year: int) -> SelfAssessment | None:
    """Return the committee's assessment of the year with its row locked, or None."""
    return session.scalars(
        sa.select(SelfAssessment)
        .where(SelfAssessment.committee_id == committee_id, SelfAssessment.fiscal_year == fiscal_year)
        .with_for_update()
    ).one_or_none()
