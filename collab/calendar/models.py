"""Days on which offices are closed."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from collab.history import Tracked
from collab.kernel.db import Base, Keyed, Versioned, clear_text


class Holiday(Keyed, Versioned, Base):
    """A holiday or special closure; some public holidays (Labour Day, Children's Day) do not close offices."""

    __tablename__ = "holiday"
    __tracked__ = Tracked(kind="holiday", stream=lambda row: ("holiday", row.id))
    __table_args__ = (
        # Two loads at once cannot enter the same day twice.
        sa.Index("uq_holiday_day_name_th", "day", "name_th", unique=True, postgresql_where=sa.text("removed_at IS NULL")),
    )

    day: Mapped[date]
    name_th: Mapped[str] = clear_text()
    name_en: Mapped[str] = clear_text()
    is_office_closed: Mapped[bool]
    source: Mapped[str] = clear_text()
    removed_at: Mapped[datetime | None]
