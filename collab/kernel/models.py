"""Tables of the kernel: the heartbeat of each scheduled job, and the periods for which it was sent."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from collab.kernel.db import Base, Json


class Heartbeat(Base):
    """When a scheduled job last started, last succeeded and last failed, and why."""

    __tablename__ = "heartbeat"

    job: Mapped[str] = mapped_column(primary_key=True)
    started_at: Mapped[datetime]
    succeeded_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    failure: Mapped[str] = mapped_column(default="")
    seconds: Mapped[float]
    counts: Mapped[dict[str, Any]] = mapped_column(Json)


class JobPeriod(Base):
    """That a scheduled job was sent for one period of the timetable, and when a run for it ended well."""

    __tablename__ = "job_period"

    job: Mapped[str] = mapped_column(primary_key=True)
    period_at: Mapped[datetime] = mapped_column(primary_key=True)
    sent_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
