"""Several people at the same instant, with real threads, and waiting for what others do."""

import threading
import time
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


def wait_for(what: Callable[[], bool], seconds: float = 40.0) -> bool:
    """Return whether ``what`` became true within ``seconds``."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.1)
    return what()
