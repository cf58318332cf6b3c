"""Several people at the same instant, with real threads."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from collab.kernel.errors import DomainError


def together(*tries: Callable[[], Any]) -> list[Any]:
    """Run the tries at the same time; return what each returned, or the DomainError that it raised."""
    barrier = threading.Barrier(len(tries))

    def run(attempt: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return attempt()
        except DomainError as error:
            return error

    with ThreadPoolExecutor(len(tries)) as pool:
        return list(pool.map(run, tries))


def at_once(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Run ``work(0)`` … ``work(count - 1)`` together; return as `together` does."""
    return together(*(lambda number=number: work(number) for number in range(count)))
