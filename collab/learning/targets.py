"""Shows cases and assessments to the rest of the product."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from collab.kernel.access import Actor, Role
from collab.kernel.i18n import _, lazy
from collab.kernel.targets import TargetInfo, TargetKind, register
from collab.learning import queries
from collab.learning.rules import QUESTIONS


def _load_cases(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
    return [
        TargetInfo("practice_case", row.id, row.title, f"/learning/cases/{row.id}", organisation_id=row.organisation_id)
        for row in queries.cases_by_ids(session, keys)
    ]


def _all(session: Session, actor: Actor, keys: Sequence[UUID]) -> set[UUID]:
    return set(keys)


def _case_texts(session: Session, keys: Sequence[UUID]) -> dict[UUID, str]:
    return {
        row.id: f"{row.title} {row.situation} {row.measure} {row.result} {row.lesson}"
        for row in queries.cases_by_ids(session, keys)
        if row.removed_at is None
    }


def _load_assessments(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
    return [
        TargetInfo(
            "self_assessment", row.id, _("Self-assessment of fiscal year %(year)s", year=row.fiscal_year),
            f"/learning/assessments/{row.committee_id}", committee_id=row.committee_id,
        )
        for row in queries.assessments_by_ids(session, keys)
    ]  # fmt: skip


def _members_only(session: Session, actor: Actor, keys: Sequence[UUID]) -> set[UUID]:
    rows = queries.assessments_by_ids(session, keys)
    everywhere = actor.everywhere(Role.AUDITOR) or actor.everywhere(Role.ADMINISTRATOR)
    return {row.id for row in rows if everywhere or row.committee_id in actor.committee_ids}


def install() -> None:
    """Register the kinds."""
    register("practice_case", TargetKind(lazy("Practice case"), _load_cases, _all, search_texts=_case_texts))
    register("self_assessment", TargetKind(lazy("Self-assessment"), _load_assessments, _members_only, words=QUESTIONS))
