"""Reads of samples and their chosen items."""

import hashlib
from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.audits.models import Sample, SampleRow
from collab.audits.sampling import Unit
from collab.kernel.access import Actor, Role
from collab.kernel.errors import NotFound
from collab.kernel.paging import Key, Page, keyset


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
