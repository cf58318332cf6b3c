"""A task for the broker tests: it leaves a file, so that the test sees that it ran, and how often."""

import os
import time
from pathlib import Path

from celery import shared_task


@shared_task(name="tests.leave_mark")  # type: ignore[untyped-decorator]  # Celery ships no types
def leave_mark(directory: str, name: str, seconds: float = 0.0) -> None:
    """Note the start, take `seconds`, note the end, each as a file of its own for each run."""
    run = time.time_ns()
    Path(directory, f"{name}.started.{run}").write_text(str(os.getpid()), encoding="ascii")
    time.sleep(seconds)
    Path(directory, f"{name}.done.{run}").touch()
