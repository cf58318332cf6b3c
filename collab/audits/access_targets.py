"""Shows mandates, records of reading, samples and private notes to the rest of the product; a note only to its author."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from collab.audits import access_queries, sample_queries
from collab.audits.models import AuditAccess, Sample
from collab.audits.models.access import Reading
from collab.kernel.access import Actor, Permission, Role, could
from collab.kernel.i18n import _, lazy
from collab.kernel.targets import TargetInfo, TargetKind, register
from collab.members import queries as members


def _load_access(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
    rows = access_queries.access_by_ids(session, keys)
    names = members.user_names(session, {row.auditor_id for row in rows})
    return [
        TargetInfo(
            "audit_access", row.id, names.get(row.auditor_id, ""), f"/audit/access/{row.id}", number=row.reference, day=row.valid_to,
            committee_id=row.committee_id,
        )
        for row in rows
    ]  # fmt: skip


def _see_access(session: Session, actor: Actor, keys: Sequence[UUID]) -> set[UUID]:
    return {row.id for row in session.scalars(access_queries.visible_access(actor).where(AuditAccess.id.in_(keys)))}


def _load_readings(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
    words = {Reading.READ: _("Read"), Reading.EXPORTED: _("File taken away")}
    return [
        TargetInfo("audit_reading", row.id, words[row.action], f"/audit/readings/{row.auditor_id}", day=row.read_on)
        for row in access_queries.readings_by_ids(session, keys)
    ]


def _see_readings(session: Session, actor: Actor, keys: Sequence[UUID]) -> set[UUID]:
    if could(actor, Permission.AUDIT_GRANT) or actor.has(Role.AUDITOR):
        return set(keys)
    return {row.id for row in access_queries.readings_by_ids(session, keys) if row.auditor_id == actor.user_id}


def _load_notes(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
    return [
        TargetInfo("audit_note", row.id, _("Private note"), f"/history/{row.target_kind}/{row.target_id}")
        for row in access_queries.notes_by_ids(session, keys)
    ]


def _see_notes(session: Session, actor: Actor, keys: Sequence[UUID]) -> set[UUID]:
    if actor.user_id is None:
        return set()
    rows = access_queries.notes_by_ids(session, keys)
    return {row.id for row in rows if row.auditor_id == actor.user_id}


def _load_samples(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
    return [
        TargetInfo("audit_sample", row.id, row.title, f"/audit/samples/{row.id}", committee_id=row.committee_id)
        for row in sample_queries.samples_by_ids(session, keys)
    ]


def _see_samples(session: Session, actor: Actor, keys: Sequence[UUID]) -> set[UUID]:
    return {row.id for row in session.scalars(sample_queries.visible_samples(actor).where(Sample.id.in_(keys)))}


def _load_rows(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
    return [
        TargetInfo("audit_sample_row", row.id, row.title, f"/audit/samples/{row.sample_id}#row-{row.number}")
        for row in sample_queries.rows_by_ids(session, keys)
    ]


def _see_rows(session: Session, actor: Actor, keys: Sequence[UUID]) -> set[UUID]:
    rows = sample_queries.rows_by_ids(session, keys)
    seen = _see_samples(session, actor, [row.sample_id for row in rows])
    return {row.id for row in rows if row.sample_id in seen}


def install() -> None:
    """Register the kinds."""
    register("audit_sample", TargetKind(lazy("Sample of an audit"), _load_samples, _see_samples))
    register("audit_sample_row", TargetKind(lazy("Item of a sample"), _load_rows, _see_rows))
    register("audit_access", TargetKind(lazy("Access of an auditor"), _load_access, _see_access))
    register("audit_reading", TargetKind(lazy("Reading by an auditor"), _load_readings, _see_readings))
    register("audit_note", TargetKind(lazy("Private note of an auditor"), _load_notes, _see_notes))
