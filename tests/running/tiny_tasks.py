"""Tasks for the broker tests: they leave files, so that the test sees that they ran, and how often."""

import os
import time
from pathlib import Path

from celery import shared_task

from workers.stopping import is_stopping


@shared_task(name="tests.leave_mark")  # type: ignore[untyped-decorator]  # Celery ships no types
def leave_mark(directory: str, name: str, seconds: float = 0.0) -> None:
    """Note the start, take `seconds`, note the end, each as a file of its own for each run."""
    run = time.time_ns()
    Path(directory, f"{name}.started.{run}").write_text(str(os.getpid()), encoding="ascii")
    time.sleep(seconds)
    Path(directory, f"{name}.done.{run}").touch()


@shared_task(name="tests.go_on_until_stopped")  # type: ignore[untyped-decorator]  # Celery ships no types
def go_on_until_stopped(directory: str, name: str) -> None:
    """Note the start, go on until the worker is told to stop, a minute at most, finish what is under way, note the end."""
    Path(directory, f"{name}.started.1").touch()
    for _turn in range(600):
        if is_stopping():
            break
        time.sleep(0.1)
    Path(directory, f"{name}.done.1").touch()
