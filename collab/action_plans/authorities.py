"""On whose authority an item may be done: the clauses of the plan's agreement and the resolutions of its committee."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.action_plans import rules
from collab.action_plans.models import ActionPlan
from collab.agreements import queries as agreements
from collab.kernel import targets
from collab.kernel.access import Actor
from collab.kernel.targets import Ref, TargetInfo
from collab.meetings.models import Resolution

MOST_RESOLUTIONS = 50


def candidates(session: Session, actor: Actor, plan: ActionPlan) -> list[TargetInfo]:
    """Return what an item of ``plan`` may name as its authority, as far as ``actor`` may see it: clauses first, newest resolutions after."""
    refs = [Ref("clause", clause.id) for clause in agreements.clauses_of(session, plan.agreement_id)] if plan.agreement_id else []
    newest = sa.select(Resolution.id).where(Resolution.committee_id == plan.committee_id)
    refs += [Ref("resolution", key) for key in session.scalars(newest.order_by(Resolution.id.desc()).limit(MOST_RESOLUTIONS))]
    infos = targets.resolve(session, actor, refs)
    return [infos[ref] for ref in refs if ref in infos]


def is_of_committee(session: Session, actor: Actor, committee_id: UUID, ref: Ref) -> bool:
    """Say whether ``ref`` is a resolution or clause of the committee that ``actor`` may see."""
    if ref.kind not in rules.AUTHORITY_KINDS:
        return False
    info = targets.resolve(session, actor, [ref]).get(ref)
    return info is not None and info.committee_id == committee_id


def has_carried(session: Session, actor: Actor, committee_id: UUID, resolution_id: UUID) -> bool:
    """Say whether the resolution is one of the committee, was carried, and may be seen by ``actor``."""
    ref = Ref("resolution", resolution_id)
    if not is_of_committee(session, actor, committee_id, ref):
        return False
    return bool(session.scalar(sa.select(Resolution.carried).where(Resolution.id == resolution_id)))


def carried_resolutions(session: Session, actor: Actor, committee_id: UUID) -> list[TargetInfo]:
    """Return the newest resolutions of a committee that were carried, as far as ``actor`` may see them."""
    statement = sa.select(Resolution.id).where(Resolution.committee_id == committee_id, Resolution.carried.is_(True))
    refs = [Ref("resolution", key) for key in session.scalars(statement.order_by(Resolution.id.desc()).limit(MOST_RESOLUTIONS))]
    infos = targets.resolve(session, actor, refs)
    return [infos[ref] for ref in refs if ref in infos]


def parse(value: str) -> Ref | None:
    """Read ``kind:id`` as a form posts it; None for the empty choice and for what is no such thing."""
    kind, _colon, key = value.partition(":")
    if kind not in rules.AUTHORITY_KINDS:
        return None
    try:
        return Ref(kind, UUID(key))
    except ValueError:
        return None
