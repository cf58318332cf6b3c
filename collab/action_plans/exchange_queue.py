"""A large sheet is applied by a worker: its sender confirms it, a job takes it up, and its page tells how far it is.

The work is in the table: a wake-up that is lost or comes twice changes nothing. A sheet is applied in one transaction together with the
word that it was, so that a worker that is killed leaves the plan as it was, and the next run begins anew.
"""

import logging
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.action_plans import exchange_apply, queries
from collab.action_plans.models import SheetImport
from collab.action_plans.states import PLAN_MACHINE, ImportFailure, PlanVerb
from collab.kernel import i18n
from collab.kernel.access import Actor, Permission, authorize
from collab.kernel.db import Database
from collab.kernel.errors import InvalidInput, NotAllowed, NotFound, StateConflict
from collab.kernel.i18n import _
from collab.kernel.jobs import Job, enqueue_after_commit
from collab.members.account_queries import load_actor
from collab.members.models import User

logger = logging.getLogger(__name__)
#: Sheets of more rows than this are applied by a worker; the others within the request, in well under a second.
LARGE = 300
#: A sheet that ended its worker so often is not tried again.
TRIES = 3


class ImportProgress(StrEnum):
    """How far a sheet is."""

    #: Its sender looks at the rows.
    SHOWN = "shown"
    #: It waits for a worker.
    ASKED = "asked"
    BEGUN = "begun"
    APPLIED = "applied"


def progress_of(staged: SheetImport) -> ImportProgress:
    """Return how far a sheet is."""
    if staged.applied_at is not None:
        return ImportProgress.APPLIED
    if staged.asked_at is None:
        return ImportProgress.SHOWN
    return ImportProgress.ASKED if staged.begun_at is None else ImportProgress.BEGUN


def ask(session: Session, *, actor: Actor, now: datetime, import_id: UUID, seen: str) -> SheetImport:
    """Let a worker apply the sheet as it was shown (``seen``: the fingerprint of the outcomes); asked twice it is applied once.

    Raises NotFound, NotAllowed, and StateConflict when the sheet was applied already or the plan is closed.
    """
    staged = exchange_apply.get_import(session, actor, import_id)
    session.refresh(staged, with_for_update=True)
    plan = queries.get_plan(session, actor, staged.plan_id)
    authorize(actor, Permission.ACTION_ITEM_MANAGE, plan)
    PLAN_MACHINE.advance(plan.state, PlanVerb.ADD_ITEM)
    if staged.applied_at is not None:
        raise StateConflict(_("This sheet was applied already."))
    if staged.asked_at is None:
        staged.asked_at, staged.seen, staged.failure = now, seen, None
        staged.begun_at, staged.tries = None, 0
        # The words that were shown are part of what was confirmed.
        staged.organisation_id, staged.locale = actor.organisation_id, i18n.get_locale()
    enqueue_after_commit(session, Job.ACTION_PLANS_APPLY_IMPORTS)
    return staged


def apply_asked(database: Database, *, now: datetime, stop: Callable[[], bool]) -> dict[str, int]:
    """Apply every sheet that was confirmed, each in a transaction of its own; one that cannot be applied says why and stops no other."""
    counts = {"applied": 0, "failed": 0}
    for import_id in _waiting(database):
        if stop():
            break
        if not _begin(database, import_id, now):
            continue
        failure = _apply(database, import_id, now)
        if failure is None:
            counts["applied"] += 1
        else:
            counts["failed"] += 1
            _fail(database, import_id, failure)
    return counts


def _waiting(database: Database) -> list[UUID]:
    with database.reading() as session:
        statement = sa.select(SheetImport.id).where(SheetImport.asked_at.is_not(None), SheetImport.applied_at.is_(None))
        return list(session.scalars(statement.order_by(SheetImport.asked_at, SheetImport.id)))


def _begin(database: Database, import_id: UUID, now: datetime) -> bool:
    """Say on the sheet's page that it is under way; return False when another worker has it, or it is not to be tried again."""
    with database.unit_of_work() as session:
        staged = _locked(session, import_id)
        if staged is None:
            return False
        if staged.tries >= TRIES:
            _put_failure(staged, ImportFailure.BROKEN)
            return False
        staged.begun_at, staged.tries = now, staged.tries + 1
        return True


def _locked(session: Session, import_id: UUID) -> SheetImport | None:
    waiting = (SheetImport.id == import_id, SheetImport.asked_at.is_not(None), SheetImport.applied_at.is_(None))
    return session.scalars(sa.select(SheetImport).where(*waiting).with_for_update(skip_locked=True)).one_or_none()


def _apply(database: Database, import_id: UUID, now: datetime) -> ImportFailure | None:
    """Apply one sheet; return why it could not be."""
    try:
        with database.unit_of_work() as session:
            staged = _locked(session, import_id)
            if staged is not None:
                with i18n.speaking(staged.locale):
                    actor = replace(_sender(session, staged, now), locale=staged.locale)
                    done = exchange_apply.apply(session, actor=actor, now=now, import_id=import_id, seen=staged.seen)
                staged.done = asdict(done)
    except exchange_apply.Outdated:
        return ImportFailure.CHANGED
    except (StateConflict, InvalidInput, NotAllowed, NotFound):
        return ImportFailure.REFUSED
    except Exception:
        logger.exception("sheet not applied", extra={"import_id": str(import_id)})
        return ImportFailure.BROKEN
    return None


def _sender(session: Session, staged: SheetImport, now: datetime) -> Actor:
    user = session.get_one(User, staged.user_id)
    if user.disabled_at is not None or staged.organisation_id is None:
        raise NotAllowed
    return load_actor(session, user.id, staged.organisation_id, now)


def _fail(database: Database, import_id: UUID, failure: ImportFailure) -> None:
    with database.unit_of_work() as session:
        staged = _locked(session, import_id)
        if staged is not None:
            _put_failure(staged, failure)


def _put_failure(staged: SheetImport, failure: ImportFailure) -> None:
    # Shown again, it can be confirmed again.
    staged.failure, staged.asked_at, staged.begun_at = failure, None, None
