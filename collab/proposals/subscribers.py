"""Reactions to meetings: a proposal put on an agenda, and what the committee resolved on it."""

from sqlalchemy.orm import Session

from collab.kernel.events import subscribe
from collab.meetings.events import PlacedOnAgenda, ResolutionAdopted
from collab.proposals import service


def install() -> None:
    """Subscribe."""
    subscribe(PlacedOnAgenda)(note_placed)
    subscribe(ResolutionAdopted)(note_decided)


def note_placed(session: Session, event: PlacedOnAgenda) -> None:
    """Move a proposal on; refuse (StateConflict) one whose opinions are not closed."""
    if event.target.kind == "proposal":
        service.place(session, actor=event.actor, now=event.now, proposal_id=event.target.id)


def note_decided(session: Session, event: ResolutionAdopted) -> None:
    """Mark a proposal as adopted or not, on the authority of the resolution."""
    if event.target is not None and event.target.kind == "proposal":
        service.decide(
            session, actor=event.actor, now=event.now, proposal_id=event.target.id, resolution_id=event.resolution_id,
            carried=event.carried,
        )  # fmt: skip
