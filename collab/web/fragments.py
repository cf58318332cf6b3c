"""Parts of pages that are kept while what they were made from has not changed.

There is no time limit and nothing is ever thrown out because it may be stale: whoever uses it puts everything that the part was
made from into the key, so that a change asks for another key. What is not asked for any more falls out when room is needed.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class _Entry(Generic[T]):
    value: T
    size: int


class Kept(Generic[T]):
    """The most recently used values of one process, up to ``room`` bytes."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._used = 0
        self._entries: OrderedDict[Hashable, _Entry[T]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable) -> T | None:
        """Return what was kept under ``key``, or None."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            self._entries.move_to_end(key)
            return entry.value

    def put(self, key: Hashable, value: T, size: int) -> None:
        """Keep ``value``, which takes ``size`` bytes; one that is larger than all the room is not kept."""
        with self._lock:
            earlier = self._entries.pop(key, None)
            self._used -= earlier.size if earlier else 0
            if size > self._room:
                return
            self._entries[key] = _Entry(value, size)
            self._used += size
            while self._used > self._room:
                _key, oldest = self._entries.popitem(last=False)
                self._used -= oldest.size
