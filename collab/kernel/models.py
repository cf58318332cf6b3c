"""Tables of the kernel: the heartbeat of each scheduled job."""

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
