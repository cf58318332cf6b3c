"""Asking for a bundle and taking it away: both are events."""

from datetime import date, datetime
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab import history
from collab.action_plans import queries as action_plans
from collab.agreements import queries as agreements
from collab.agreements.models import Agreement
from collab.audits.bundles.models import BundleProgress, BundleState, EvidenceBundle
from collab.documents import storage
from collab.kernel import targets
from collab.kernel.access import Actor, Permission, authorize
from collab.kernel.clock import today
from collab.kernel.errors import InvalidInput, NotAllowed, NotFound, StateConflict
from collab.kernel.i18n import _
from collab.kernel.ids import new_id
from collab.kernel.jobs import Job, enqueue_after_commit
from collab.kernel.targets import Ref, TargetInfo

MOST_LISTED = 50
#: So many plans, and so many agreements, stand on the page of bundles itself, the newest first.
MOST_OFFERED = 10


def ask(
    session: Session, *, actor: Actor, now: datetime, target: Ref, as_of_day: date | None, kept_size: int | None = None
) -> EvidenceBundle:
    """Ask for the bundle of ``target``, with its state as of ``as_of_day`` beside that of today.

    ``kept_size`` is the number of events in a checkpoint that the recipient kept: the bundle proves that the log continues it.

    Raises NotFound for what ``actor`` may not see, NotAllowed unless they audit or administer, InvalidInput for a day to come.
    """
    info = targets.resolve(session, actor, [target]).get(target)
    if info is None:
        raise NotFound(target.kind, target.id)
    authorize(actor, Permission.AUDIT_VIEW, info)
    if actor.user_id is None:
        raise NotAllowed(Permission.AUDIT_VIEW.value)
    if as_of_day is not None and as_of_day > today(now):
        raise InvalidInput({"as_of_day": _("Choose today or an earlier day.")})
    row = EvidenceBundle(
        id=new_id(), target_kind=target.kind, target_id=target.id, as_of_day=as_of_day, asked_by_id=actor.user_id,
        organisation_id=actor.organisation_id, asked_at=now, state=BundleState.ASKED, kept_size=kept_size,
    )  # fmt: skip
    with history.act(session, verb="evidence_bundle.asked", actor=actor, now=now, subject=row):
        session.add(row)
    enqueue_after_commit(session, Job.AUDITS_MAKE_BUNDLES)
    return row


def take(session: Session, *, actor: Actor, now: datetime, bundle_id: UUID) -> Path:
    """Return where the finished bundle's file is and record that its recipient took it. Raises NotFound, StateConflict."""
    row = get_bundle(session, actor, bundle_id)
    if row.state is not BundleState.READY or row.sha256 is None:
        raise StateConflict(_("The bundle is not ready yet."))
    try:
        path = storage.store().path_of(row.sha256)
    except storage.MissingFile:
        raise StateConflict(_("The file is not in the store. Tell the administrator.")) from None
    with history.act(session, verb="evidence_bundle.taken", actor=actor, now=now, subject=row):
        pass
    return path


def get_bundle(session: Session, actor: Actor, bundle_id: UUID) -> EvidenceBundle:
    """Return the bundle that ``actor`` asked for; NotFound for anybody else's, because it was opened for its recipient."""
    row = session.get(EvidenceBundle, bundle_id)
    if row is None or actor.user_id is None or row.asked_by_id != actor.user_id:
        raise NotFound("evidence_bundle", bundle_id)
    return row


def list_bundles(session: Session, actor: Actor) -> list[tuple[EvidenceBundle, int]]:
    """Return the newest bundles that ``actor`` asked for, each with how far it is in per cent."""
    rows = session.execute(
        sa.select(EvidenceBundle, BundleProgress.percent)
        .outerjoin(BundleProgress, BundleProgress.bundle_id == EvidenceBundle.id)
        .where(EvidenceBundle.asked_by_id == actor.user_id)
        .order_by(EvidenceBundle.asked_at.desc(), EvidenceBundle.id.desc())
        .limit(MOST_LISTED)
    )
    return [(row[0], 100 if row[0].state is BundleState.READY else row[1] or 0) for row in rows]


def list_offered(session: Session, actor: Actor) -> list[list[TargetInfo]]:
    """Return the newest plans and the newest agreements that ``actor`` may see, so that their evidence is one click away."""
    plans = [Ref("action_plan", row.id) for row in action_plans.list_plans(session, actor, size=MOST_OFFERED).rows]
    newest = agreements.visible_agreements(actor).order_by(Agreement.id.desc()).limit(MOST_OFFERED)
    pacts = [Ref("agreement", row.id) for row in session.scalars(newest)]
    infos = targets.load(session, [*plans, *pacts])
    return [[infos[ref] for ref in refs if ref in infos] for refs in (plans, pacts)]
