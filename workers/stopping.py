"""Tells the children of a worker that it is being stopped, so that they finish what is under way and give back the rest.

Celery waits for running tasks when it is told to stop, but does not tell them. One byte of memory that parent and children share does.
"""

import mmap
from typing import Any

from celery.signals import worker_shutting_down

#: Made before the children are forked, so that all of them have the same byte.
_flag = mmap.mmap(-1, 1)


@worker_shutting_down.connect(weak=False)
def _begin(**_signal: Any) -> None:
    _flag[0] = 1


def is_stopping() -> bool:
    """Return whether this worker has been told to stop."""
    return _flag[0] == 1
