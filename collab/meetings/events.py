"""Facts of meetings that higher areas react to."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from collab.kernel.access import Actor
from collab.kernel.targets import Ref


@dataclass(frozen=True)
class PlacedOnAgenda:
    """An object was put on a meeting's agenda; a reaction may refuse it by raising StateConflict."""

    meeting_id: UUID
    agenda_item_id: UUID
    target: Ref
    actor: Actor
    now: datetime


@dataclass(frozen=True)
class ResolutionAdopted:
    """The committee resolved on an agenda item; ``carried`` says whether the motion was carried, ``target`` what it was about."""

    resolution_id: UUID
    committee_id: UUID
    target: Ref | None
    carried: bool
    actor: Actor
    now: datetime
