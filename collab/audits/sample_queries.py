"""Reads of samples, and of the population as it stood at an instant."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.action_plans import queries as action_plans
from collab.action_plans.models import ActionPlan
from collab.audits.models import Sample, SampleRow
from collab.audits.sampling import Unit, whole_baht
from collab.history.models import HistoryVersion
from collab.kernel.access import Actor, Role, Scope
from collab.kernel.clock import today
from collab.kernel.errors import NotFound
from collab.kernel.paging import Key, Page, keyset

#: States in which an item is no longer to be done, so that its day being past is no lateness.
_FINISHED = frozenset({"done", "cancelled"})


def population_at(session: Session, actor: Actor, committee_id: UUID | None, at: datetime) -> list[Unit]:
    """Return the action items of the plans that ``actor`` may see, as they were recorded at ``at``, in the order of their ids."""
    plans = sa.select(ActionPlan.id).where(action_plans.visible_clause(actor))
    scopes = actor.scopes(Role.AUDITOR, Scope.COMMITTEE)
    if committee_id:
        plans = plans.where(ActionPlan.committee_id == committee_id)
    elif not actor.everywhere(Role.AUDITOR):
        plans = plans.where(ActionPlan.committee_id.in_(scopes))
    streams = [f"action_plan/{key}" for key in session.scalars(plans)]
    version = HistoryVersion
    rows = session.execute(
        sa.select(version.subject_kind, version.subject_id, version.state).where(
            version.stream_id.in_(streams), version.recorded_from <= at, version.recorded_to > at,
            version.subject_kind.in_(["action_item", "deadline_change"]),
        )
    ).all()  # fmt: skip
    slips = Counter(row.state["item_id"] for row in rows if row.subject_kind == "deadline_change" and _is_slip(row.state))
    day = today(at).isoformat()
    found = [
        Unit(
            id=row.subject_id, title=row.state["title"], amount=whole_baht(Decimal(row.state["budget_planned"] or 0)),
            is_late=row.state["due_on"] < day and row.state["state"] not in _FINISHED, without_authority=row.state["authority_id"] is None,
            slips=slips[str(row.subject_id)],
        )
        for row in rows
        if row.subject_kind == "action_item" and row.state.get("removed_at") is None
    ]  # fmt: skip
    return sorted(found, key=lambda unit: unit.id.hex)


def _is_slip(state: Mapping[str, Any]) -> bool:
    # A date that moved because another moved is no slip of its own.
    return state["state"] == "approved" and state.get("cause_id") is None


def digest_of(units: Sequence[Unit]) -> str:
    """Return the fingerprint of a numbered population: SHA-256 over its lines "number id baht"."""
    lines = "".join(f"{number} {unit.id} {unit.amount}\n" for number, unit in enumerate(units, start=1))
    return hashlib.sha256(lines.encode()).hexdigest()


def visible_samples(actor: Actor) -> sa.Select[Sample]:
    """Return the samples that ``actor`` may see: those of one's own, and for auditors of the whole installation all."""
    statement = sa.select(Sample)
    if actor.everywhere(Role.AUDITOR):
        return statement
    return statement.where(Sample.auditor_id == actor.user_id)


def get_sample(session: Session, actor: Actor, sample_id: UUID) -> Sample:
    """Return the sample; raise NotFound when there is none that ``actor`` may see."""
    found = session.scalars(visible_samples(actor).where(Sample.id == sample_id)).one_or_none()
    if found is None:
        raise NotFound("audit_sample", sample_id)
    return found


def list_samples(session: Session, actor: Actor, cursor: str | None = None) -> Page[Sample]:
    """Return a page of the samples that ``actor`` may see, the newest first."""
    return keyset(session, visible_samples(actor), (Key(Sample.id, lambda row: row.id, descending=True),), cursor, scalars=True)


def rows_of(session: Session, sample_id: UUID) -> list[SampleRow]:
    """Return the chosen items of a sample in the order of their numbers."""
    return list(session.scalars(sa.select(SampleRow).where(SampleRow.sample_id == sample_id).order_by(SampleRow.number)))


def get_row(session: Session, sample_id: UUID, row_id: UUID) -> SampleRow:
    """Return one chosen item of the sample; raise NotFound when it has no such item."""
    found = session.scalars(sa.select(SampleRow).where(SampleRow.id == row_id, SampleRow.sample_id == sample_id)).one_or_none()
    if found is None:
        raise NotFound("audit_sample_row", row_id)
    return found


def rows_by_ids(session: Session, keys: Sequence[UUID]) -> list[SampleRow]:
    """Return the chosen items with these ids, whoever asks."""
    return list(session.scalars(sa.select(SampleRow).where(SampleRow.id.in_(keys))))


def lock_row(session: Session, actor: Actor, row_id: UUID) -> SampleRow:
    """Return one chosen item, locked; raise NotFound when there is none in a sample that ``actor`` may see."""
    statement = sa.select(SampleRow).where(SampleRow.id == row_id).with_for_update().execution_options(populate_existing=True)
    found = session.scalars(statement).one_or_none()
    if found is None:
        raise NotFound("audit_sample_row", row_id)
    get_sample(session, actor, found.sample_id)
    return found


def samples_by_ids(session: Session, keys: Sequence[UUID]) -> list[Sample]:
    """Return the samples with these ids, whoever asks."""
    return list(session.scalars(sa.select(Sample).where(Sample.id.in_(keys))))
