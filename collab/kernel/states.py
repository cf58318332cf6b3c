"""A workflow as data: which verb leads from which state to which, and whose turn each state is."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from collab.kernel.errors import StateConflict
from collab.kernel.i18n import _

S = TypeVar("S", bound=StrEnum)
V = TypeVar("V", bound=StrEnum)


@dataclass(frozen=True)
class Machine(Generic[S, V]):
    """A transition table. ``turn`` names, for every state, the role that must act next ('' when nobody must)."""

    transitions: Mapping[tuple[S, V], S]
    turn: Mapping[S, str]

    def advance(self, state: S, verb: V) -> S:
        """Return the state after ``verb``; raise StateConflict when it cannot be done in ``state``."""
        try:
            return self.transitions[(state, verb)]
        except KeyError:
            raise StateConflict(_("This can no longer be done: the state has changed meanwhile.")) from None

    def allows(self, state: S, verb: V) -> bool:
        """Say whether ``verb`` can be done in ``state``."""
        return (state, verb) in self.transitions

    def allowed(self, state: S) -> list[V]:
        """Return the verbs that can be done in ``state``, in the order of the table."""
        return [verb for (at, verb) in self.transitions if at == state]
