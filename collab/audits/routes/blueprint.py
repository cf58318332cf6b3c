"""The blueprint of the area, and what its pages share."""

from datetime import date, datetime, timedelta
from uuid import UUID

from flask import Blueprint
from sqlalchemy.orm import Session

from collab.kernel import targets
from collab.kernel.access import Actor
from collab.kernel.clock import at_bangkok
from collab.kernel.errors import NotFound
from collab.kernel.targets import Ref, TargetInfo

blueprint = Blueprint("audits", __name__)
#: Kinds that own a stream with parts: their state on a day can be shown as a whole.
STREAM_KINDS = frozenset({"action_plan", "agreement", "proposal", "service_plan", "meeting", "committee"})


def visible_target(session: Session, actor: Actor, kind: str, target_id: UUID) -> TargetInfo:
    """Return the object; raise NotFound when there is none whose history ``actor`` may read."""
    ref = Ref(kind, target_id)
    info = targets.load(session, targets.readable(session, actor, [ref])).get(ref)
    if info is None:
        raise NotFound(kind, target_id)
    return info


def end_of(day: date) -> datetime:
    """Return the last instant of ``day`` in Bangkok."""
    return at_bangkok(day + timedelta(days=1)) - timedelta(microseconds=1)
