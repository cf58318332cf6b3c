"""What belongs to the views of plans: filters that people keep, secret links to calendars, and sheets that wait to be confirmed."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from collab.action_plans.states import ImportFailure, SheetKind
from collab.history import Tracked
from collab.kernel.db import Base, Json, Keyed, Versioned, code_column


class SavedFilter(Keyed, Base):
    """A name for the filters of a view. ``query`` is the query of an address (`filters.query_of`); shared ones the committee sees."""

    __tablename__ = "saved_filter"
    __table_args__ = (
        sa.UniqueConstraint("committee_id", "user_id", "name", name="uq_saved_filter"),
        sa.CheckConstraint("name <> ''", name="named"),
    )

    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    committee_id: Mapped[UUID] = mapped_column(sa.ForeignKey("committee.id"))
    name: Mapped[str]
    query: Mapped[str]
    is_shared: Mapped[bool]
    saved_at: Mapped[datetime]


class CalendarFeed(Keyed, Versioned, Base):
    """A secret link under which a person's calendar reads due dates: of one plan, or (``plan_id`` None) of all their own items.

    Only the SHA-256 of the link's secret is kept; it is shown once, when it is made.
    """

    __tablename__ = "calendar_feed"
    __tracked__ = Tracked(kind="calendar_feed", stream=lambda row: ("calendar_feed", row.id))
    __table_args__ = (sa.Index("ix_calendar_feed_user_id", "user_id", postgresql_where=sa.text("revoked_at IS NULL")),)

    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    plan_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("action_plan.id"))
    token_hash: Mapped[bytes] = mapped_column(unique=True, info={"untracked": True})
    made_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class SheetImport(Keyed, Base):
    """Rows of a spreadsheet that were read and wait for their sender to confirm them. Nobody else sees them.

    ``rows`` hold what stood in the cells, by column; what they would do is reckoned from the plan as it is when somebody looks.
    """

    __tablename__ = "sheet_import"
    __table_args__ = (
        sa.Index("ix_sheet_import_user_id", "user_id", "made_at"),
        sa.Index("ix_sheet_import_asked", "asked_at", postgresql_where=sa.text("asked_at IS NOT NULL AND applied_at IS NULL")),
    )

    plan_id: Mapped[UUID] = mapped_column(sa.ForeignKey("action_plan.id"))
    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    kind: Mapped[SheetKind] = code_column(SheetKind)
    filename: Mapped[str]
    rows: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    made_at: Mapped[datetime]
    applied_at: Mapped[datetime | None]
    #: What a worker needs to apply it: when it was confirmed, as what (fingerprint and language of what was shown), and for whom.
    asked_at: Mapped[datetime | None]
    seen: Mapped[str] = mapped_column(default="", server_default="")
    locale: Mapped[str] = mapped_column(default="th", server_default="th")
    organisation_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("organisation.id"))
    begun_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0, server_default="0")
    failure: Mapped[ImportFailure | None] = code_column(ImportFailure, nullable=True)
    #: How many rows did what, once it is applied.
    done: Mapped[dict[str, int] | None] = mapped_column(Json)
