"""Practice cases and yearly self-assessments."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from collab.history import Tracked
from collab.kernel.db import Base, Json, Keyed, Versioned, clear_text


class PracticeCase(Keyed, Versioned, Base):
    """A case from practice that others can learn from: the situation, what was done, what came of it, the lesson."""

    __tablename__ = "practice_case"
    __tracked__ = Tracked(kind="practice_case", stream=lambda row: ("practice_case", row.id))

    title: Mapped[str]
    situation: Mapped[str]
    measure: Mapped[str]
    result: Mapped[str]
    lesson: Mapped[str]
    source: Mapped[str] = clear_text(default="")
    organisation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organisation.id"))
    author_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    removed_at: Mapped[datetime | None]


class SelfAssessment(Keyed, Versioned, Base):
    """A committee's yearly answers to the checklist; one per committee and fiscal year (พ.ศ.)."""

    __tablename__ = "self_assessment"
    __tracked__ = Tracked(kind="self_assessment", stream=lambda row: ("committee", row.committee_id))
    __table_args__ = (sa.UniqueConstraint("committee_id", "fiscal_year"),)

    committee_id: Mapped[UUID] = mapped_column(sa.ForeignKey("committee.id"))
    fiscal_year: Mapped[int]
    #: Question code -> 1 (no) … 4 (fully).
    answers: Mapped[dict[str, Any]] = mapped_column(Json, info={"clear": True})
    remark: Mapped[str] = mapped_column(default="")
    assessed_by_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
