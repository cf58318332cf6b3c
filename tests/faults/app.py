"""The product's Celery application as the harness runs it: with a made-up kind of due things, a fast timetable, a clock that can be moved.

celery -A tests.faults.app worker | beat
"""

import dataclasses
import os
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.kernel import clock, targets
from collab.kernel.i18n import lazy
from collab.kernel.targets import TargetInfo, TargetKind
from collab.notices import mail
from collab.reminders.registry import DueKind, register_due
from tests.faults import TICK_SECONDS
from workers import base, scheduler
from workers.celery_app import app as app
from workers.tasks import notices

KIND = "errand"
#: What the timetable does at least so often is done at every tick here; the rest, as the comparison of a night, keeps its time.
OFTEN = timedelta(minutes=10)
#: Seconds that a mail server may be silent; the product waits longer.
SILENCE_SECONDS = 2

errand = sa.Table(
    "errand", sa.MetaData(), sa.Column("id", sa.Uuid, primary_key=True), sa.Column("due_on", sa.Date), sa.Column("owner_id", sa.Uuid),
)  # fmt: skip


def due_errands() -> Any:
    """Return what is open: what an area's registration returns."""
    return sa.select(
        errand.c.id.label("target_id"), errand.c.due_on, sa.cast(sa.null(), sa.Uuid()).label("organisation_id"), errand.c.owner_id,
        sa.cast(sa.null(), sa.Uuid()).label("committee_id"),
    )  # fmt: skip


def load_errands(_session: Session, keys: Any) -> list[TargetInfo]:
    """Return what a mail says of an errand."""
    return [TargetInfo(KIND, key, f"ธุระ {key}", f"/errands/{key}") for key in keys]


def see_errands(_session: Session, _actor: Any, keys: Any) -> set[UUID]:
    """Let everybody see every errand."""
    return set(keys)


def moved_now() -> datetime:
    """Return the present instant, moved by as many seconds as the file says that COLLAB_FAULTS_CLOCK names."""
    return clock.utc_now() + timedelta(seconds=float(Path(os.environ["COLLAB_FAULTS_CLOCK"]).read_text(encoding="ascii")))


def install() -> None:
    """Make the changes named above; nothing else differs from the product."""
    register_due(DueKind(KIND, KIND, lazy("Reminder"), due_errands))
    targets.register(KIND, TargetKind(lazy("Reminder"), load_errands, see_errands))
    for module in (base, notices, scheduler):
        module.utc_now = moved_now  # type: ignore[attr-defined]
    scheduler.SCHEDULE = tuple(
        dataclasses.replace(line, every=timedelta(seconds=TICK_SECONDS)) if line.every <= OFTEN else line
        for line in scheduler.SCHEDULE
    )
    mail.TIMEOUT_SECONDS = SILENCE_SECONDS


def monday() -> date:
    """Return the working day on which the harness plays."""
    today = clock.today(clock.utc_now())
    return today + timedelta(days=7 - today.weekday())


install()
