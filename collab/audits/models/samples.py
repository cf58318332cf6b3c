"""Samples: what was to be checked, how it was chosen, and the working paper of each chosen item."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from collab.audits.sampling import Method, Subject
from collab.history import Tracked
from collab.kernel.db import Base, Keyed, Versioned, clear_text, code_column


class Check(StrEnum):
    """What checking an item of a sample gave."""

    OPEN = "open"
    SATISFACTORY = "satisfactory"
    EXCEPTION = "exception"


class Sample(Keyed, Versioned, Base):
    """A sample: how it was chosen, from which population frozen at which instant, so that it can be drawn again.

    ``population_sha256`` is over the lines "number id baht" of the numbered population; sums are in whole baht.
    """

    __tablename__ = "audit_sample"
    __tracked__ = Tracked(kind="audit_sample", stream=lambda row: ("audit_sample", row.id))
    __table_args__ = (sa.CheckConstraint("wanted > 0 AND seed > 0", name="positive"),)

    title: Mapped[str]
    auditor_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    #: None: all committees that the auditor may see.
    committee_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("committee.id"))
    subject: Mapped[Subject] = code_column(Subject)
    method: Mapped[Method] = code_column(Method)
    seed: Mapped[int] = mapped_column(sa.BigInteger)
    wanted: Mapped[int]
    frozen_at: Mapped[datetime]
    population: Mapped[int]
    population_sha256: Mapped[str] = clear_text()
    total: Mapped[int] = mapped_column(sa.BigInteger)
    interval: Mapped[int | None] = mapped_column(sa.BigInteger)
    start: Mapped[int | None] = mapped_column(sa.BigInteger)
    drawn_at: Mapped[datetime]


class SampleRow(Keyed, Versioned, Base):
    """One chosen item with its working paper."""

    __tablename__ = "audit_sample_row"
    __tracked__ = Tracked(kind="audit_sample_row", stream=lambda row: ("audit_sample", row.sample_id))
    __table_args__ = (sa.UniqueConstraint("sample_id", "number", name="uq_audit_sample_row"),)

    sample_id: Mapped[UUID] = mapped_column(sa.ForeignKey("audit_sample.id"))
    #: Its number in the population, and what chose it: the random number, the baht that was hit, or the points.
    number: Mapped[int]
    drawn: Mapped[int] = mapped_column(sa.BigInteger)
    #: The object whose history shows the chosen item: itself, or what a line of money belongs to.
    target_kind: Mapped[str] = clear_text()
    target_id: Mapped[UUID]
    #: Its own text; whose it is and which days it moved stand by themselves, because each reader gets them in their own words.
    title: Mapped[str]
    organisation_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("organisation.id"))
    old_due_on: Mapped[date | None]
    new_due_on: Mapped[date | None]
    amount: Mapped[int] = mapped_column(sa.BigInteger)
    check: Mapped[Check] = code_column(Check, default=Check.OPEN)
    conclusion: Mapped[str] = mapped_column(default="")
    checked_by_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("user_account.id"))
    checked_at: Mapped[datetime | None]
