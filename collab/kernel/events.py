"""Facts that a higher area may react to, in the same transaction as what made them true."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy.orm import Session

E = TypeVar("E")
Reaction = Callable[[Session, Any], None]
_reactions: dict[type, list[Reaction]] = defaultdict(list)


def subscribe(event_type: type[E]) -> Callable[[Callable[[Session, E], None]], Callable[[Session, E], None]]:
    """Register the decorated function as a reaction to ``event_type``; registering it again changes nothing."""

    def register(reaction: Callable[[Session, E], None]) -> Callable[[Session, E], None]:
        if reaction not in _reactions[event_type]:
            _reactions[event_type].append(reaction)
        return reaction

    return register


def publish(session: Session, event: object) -> None:
    """Call every reaction to ``event`` now, within the caller's transaction; what one raises undoes all."""
    for reaction in _reactions[type(event)]:
        reaction(session, event)
