"""Tells the children of a worker that it is being stopped, so that they finish what is under way and give back the rest.

Celery waits for running tasks when it is told to stop, but does not tell them: of a stop with a limit (REMAP_SIGTERM=SIGQUIT, as the
product is run) not even the parent hears before the limit is over, and then the tasks are killed. So the signal itself is listened to.
One byte of memory that parent and children share tells the children.
"""

import mmap
import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

from celery.signals import worker_ready

Handler = Callable[[int, FrameType | None], Any]
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
#: Made before the children are forked, so that all of them have the same byte.
_flag = mmap.mmap(-1, 1)


@worker_ready.connect(weak=False)
def listen(**_signal: Any) -> None:
    """Have each signal that ends the worker noted first, and then dealt with by Celery."""
    for number in _SIGNALS:
        handler = signal.getsignal(number)
        if callable(handler):
            signal.signal(number, _noting(handler))


def _noting(handler: Handler) -> Handler:
    def note(number: int, frame: FrameType | None) -> Any:
        _flag[0] = 1
        return handler(number, frame)

    return note


def is_stopping() -> bool:
    """Return whether this worker has been told to stop."""
    return _flag[0] == 1
