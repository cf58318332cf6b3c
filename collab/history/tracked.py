"""How a model says that its changes are history."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True)
class Tracked:
    """Declares a model's place in the history: its kind, and the stream (kind, id) in whose chain its changes are written.

    ``stamp`` names an untracked attribute that is given the instant of the act whenever the row changes, for lists in that order.
    """

    kind: str
    stream: Callable[[Any], tuple[str, UUID]]
    stamp: str = ""
