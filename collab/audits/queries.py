"""Reads of findings."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.audits.models import Finding, FindingReply
from collab.kernel.access import Actor, Role, Scope
from collab.kernel.errors import NotFound
from collab.kernel.paging import Key, Page, keyset

_NEWEST = (Key(Finding.due_on, lambda row: row.due_on, descending=True), Key(Finding.id, lambda row: row.id, descending=True))


def visible_findings(actor: Actor) -> sa.Select[Finding]:
    """Return the findings that ``actor`` may see: auditors and administrators all, others those to their organisations."""
    statement = sa.select(Finding)
    if actor.everywhere(Role.AUDITOR) or actor.everywhere(Role.ADMINISTRATOR):
        return statement
    committees = actor.scopes(Role.COORDINATOR, Scope.COMMITTEE) | actor.scopes(Role.AUDITOR, Scope.COMMITTEE)
    mine = Finding.organisation_id.in_(actor.organisation_ids)
    return statement.where(sa.or_(mine, Finding.committee_id.in_(committees)))


def get_finding(session: Session, actor: Actor, finding_id: UUID) -> Finding:
    """Return the finding; NotFound when there is none that ``actor`` may see."""
    found = session.scalars(visible_findings(actor).where(Finding.id == finding_id)).one_or_none()
    if found is None:
        raise NotFound("finding", finding_id)
    return found


def lock_finding(session: Session, actor: Actor, finding_id: UUID) -> Finding:
    """Return the finding with its row locked; NotFound as `get_finding`."""
    get_finding(session, actor, finding_id)
    return session.scalars(
        sa.select(Finding).where(Finding.id == finding_id).with_for_update().execution_options(populate_existing=True)
    ).one()


def list_findings(session: Session, actor: Actor, cursor: str | None = None) -> Page[Finding]:
    """Return a page of the findings that ``actor`` may see, the latest due first."""
    return keyset(session, visible_findings(actor), _NEWEST, cursor, scalars=True)


def findings_on(session: Session, actor: Actor, target_id: UUID) -> list[Finding]:
    """Return the findings about one object that ``actor`` may see, oldest first."""
    return list(session.scalars(visible_findings(actor).where(Finding.target_id == target_id).order_by(Finding.id)))


def replies_of(session: Session, finding_id: UUID) -> list[FindingReply]:
    """Return the exchange on a finding, oldest first."""
    return list(session.scalars(sa.select(FindingReply).where(FindingReply.finding_id == finding_id).order_by(FindingReply.id)))


def findings_by_ids(session: Session, keys: Sequence[UUID]) -> list[Finding]:
    """Return the findings with these ids, whoever asks."""
    return list(session.scalars(sa.select(Finding).where(Finding.id.in_(keys))))
