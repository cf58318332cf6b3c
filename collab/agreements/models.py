"""Agreements with their parties, clauses, immutable text, ratifications, approvals, signatures and obligations."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapped, mapped_column

from collab.agreements.states import AgreementState, EntryRule, Outcome, PartyRole, Recurrence
from collab.history import Tracked
from collab.kernel.db import Base, Keyed, Versioned, clear_text, code_column

_AGREEMENT = "agreement.id"


class Agreement(Keyed, Versioned, Base):
    """An agreement of organisations of one committee. It gets its number when it is circulated; from then its text is fixed."""

    __tablename__ = "agreement"
    __tracked__ = Tracked(kind="agreement", stream=lambda row: ("agreement", row.id))
    __table_args__ = (
        sa.UniqueConstraint("committee_id", "number_year", "number_in_year"),
        sa.Index("ix_agreement_committee_id", "committee_id", "state"),
        sa.Index("ix_agreement_service_plan_id", "service_plan_id"),
        sa.Index("ix_agreement_valid_to", "valid_to"),
        sa.Index("ix_agreement_ratify_by", "state", "ratify_by"),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="period_ordered"),
        sa.CheckConstraint(
            "state NOT IN ('ratifying', 'in_force', 'terminated') OR number IS NOT NULL", name="circulated_has_number"
        ),
        sa.CheckConstraint("entry_rule <> 'k_of_n' OR entry_count > 0", name="count_for_k_of_n"),
        sa.CheckConstraint("entry_rule <> 'on_date' OR entry_on IS NOT NULL", name="day_for_on_date"),
    )

    committee_id: Mapped[UUID] = mapped_column(sa.ForeignKey("committee.id"))
    service_plan_id: Mapped[UUID] = mapped_column(sa.ForeignKey("service_plan.id"))
    #: The agreement from which this draft was copied: after a refusal, or for a renewal.
    previous_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey(_AGREEMENT))
    #: e.g. "ทส 1/2569"; None until circulated. Gap-free per committee and Buddhist year.
    number: Mapped[str | None] = clear_text()
    number_year: Mapped[int | None]
    number_in_year: Mapped[int | None]
    title: Mapped[str]
    #: Codes of `legal.FORMS`, `legal.LEGAL_BASES` and `legal.ACTS`.
    form: Mapped[str] = clear_text()
    legal_basis: Mapped[str] = clear_text()
    acts: Mapped[list[str]] = mapped_column(postgresql.ARRAY(sa.Text), info={"clear": True})
    valid_from: Mapped[date]
    #: None: without end.
    valid_to: Mapped[date | None]
    notice_days: Mapped[int]
    #: How many days the councils need from receiving a text to their resolution.
    council_lead_days: Mapped[int]
    entry_rule: Mapped[EntryRule] = code_column(EntryRule)
    #: k of "k of n".
    entry_count: Mapped[int | None]
    #: The day of "on date".
    entry_on: Mapped[date | None]
    ratify_by: Mapped[date | None]
    state: Mapped[AgreementState] = code_column(AgreementState)
    circulated_at: Mapped[datetime | None]
    #: When the rule was met, and the first day on which the agreement binds.
    entered_at: Mapped[datetime | None]
    in_force_from: Mapped[date | None]
    ended_on: Mapped[date | None]
    ending_reason: Mapped[str] = mapped_column(default="", server_default="")


class AgreementParty(Keyed, Versioned, Base):
    """An organisation that is to be bound, and who signs for it."""

    __tablename__ = "agreement_party"
    __tracked__ = Tracked(kind="agreement_party", stream=lambda row: ("agreement", row.agreement_id))
    __table_args__ = (
        sa.Index(
            "uq_agreement_party_organisation", "agreement_id", "organisation_id", unique=True,
            postgresql_where=sa.text("removed_at IS NULL"),
        ),
        sa.Index("ix_agreement_party_organisation_id", "organisation_id"),
    )  # fmt: skip

    agreement_id: Mapped[UUID] = mapped_column(sa.ForeignKey(_AGREEMENT))
    #: Repeated here, so that one SELECT finds what waits for an organisation.
    organisation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organisation.id"))
    role: Mapped[PartyRole] = code_column(PartyRole)
    signatory_name: Mapped[str]
    signatory_position: Mapped[str]
    removed_at: Mapped[datetime | None]


class Clause(Keyed, Versioned, Base):
    """One clause (ข้อ) of the text."""

    __tablename__ = "clause"
    __tracked__ = Tracked(kind="clause", stream=lambda row: ("agreement", row.agreement_id))
    __table_args__ = (sa.Index("ix_clause_agreement_id", "agreement_id", "number"),)

    agreement_id: Mapped[UUID] = mapped_column(sa.ForeignKey(_AGREEMENT))
    number: Mapped[int]
    title: Mapped[str]
    text: Mapped[str]
    removed_at: Mapped[datetime | None]


class AgreementVersion(Keyed, Base):
    """The text as it was circulated: canonical JSON and its SHA-256. Never changes; what is ratified and signed names it."""

    __tablename__ = "agreement_version"
    __tracked__ = Tracked(kind="agreement_version", stream=lambda row: ("agreement", row.agreement_id))
    __table_args__ = (sa.UniqueConstraint("agreement_id", "number"),)

    agreement_id: Mapped[UUID] = mapped_column(sa.ForeignKey(_AGREEMENT))
    number: Mapped[int]
    text: Mapped[str]
    sha256: Mapped[str] = clear_text()
    made_at: Mapped[datetime]


class Ratification(Keyed, Base):
    """A council's decision on the text, recorded by its own organisation. Never changes: a correction is a further record."""

    __tablename__ = "ratification"
    __tracked__ = Tracked(kind="ratification", stream=lambda row: ("agreement", row.agreement_id))
    __table_args__ = (
        sa.Index("ix_ratification_agreement_id", "agreement_id"),
        # One chain of corrections per party: a first record, and each record corrected at most once.
        sa.Index("uq_ratification_first", "party_id", unique=True, postgresql_where=sa.text("corrects_id IS NULL")),
        sa.UniqueConstraint("corrects_id"),
        sa.CheckConstraint("outcome <> 'refused' OR reason <> ''", name="refusal_has_reason"),
        sa.CheckConstraint("outcome <> 'ratified_with_reservations' OR reservation <> ''", name="reservation_is_told"),
    )

    agreement_id: Mapped[UUID] = mapped_column(sa.ForeignKey(_AGREEMENT))
    party_id: Mapped[UUID] = mapped_column(sa.ForeignKey("agreement_party.id"))
    organisation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organisation.id"))
    agreement_version_id: Mapped[UUID] = mapped_column(sa.ForeignKey("agreement_version.id"))
    outcome: Mapped[Outcome] = code_column(Outcome)
    council_session: Mapped[str]
    resolution_number: Mapped[str]
    resolved_on: Mapped[date]
    reservation: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    signatory_mandate: Mapped[str] = mapped_column(default="")
    recorded_by_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    recorded_at: Mapped[datetime]
    corrects_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("ratification.id"))


class AgreementApproval(Keyed, Versioned, Base):
    """An approval that the law demands beside the councils' (`legal.Demand`), with its reference."""

    __tablename__ = "agreement_approval"
    __tracked__ = Tracked(kind="agreement_approval", stream=lambda row: ("agreement", row.agreement_id))
    __table_args__ = (sa.UniqueConstraint("agreement_id", "demand"),)

    agreement_id: Mapped[UUID] = mapped_column(sa.ForeignKey(_AGREEMENT))
    demand: Mapped[str] = clear_text()
    reference: Mapped[str]
    granted_on: Mapped[date]
    recorded_by_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))


class Signature(Keyed, Base):
    """A party's executive signed by typing their name (Electronic Transactions Act B.E. 2544 s.9) under a stated legal effect."""

    __tablename__ = "agreement_signature"
    __tracked__ = Tracked(kind="agreement_signature", stream=lambda row: ("agreement", row.agreement_id))
    __table_args__ = (sa.UniqueConstraint("party_id"), sa.Index("ix_agreement_signature_agreement_id", "agreement_id"))

    agreement_id: Mapped[UUID] = mapped_column(sa.ForeignKey(_AGREEMENT))
    party_id: Mapped[UUID] = mapped_column(sa.ForeignKey("agreement_party.id"))
    organisation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organisation.id"))
    agreement_version_id: Mapped[UUID] = mapped_column(sa.ForeignKey("agreement_version.id"))
    signatory_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    typed_name: Mapped[str]
    statement: Mapped[str]
    signed_at: Mapped[datetime]


class Obligation(Keyed, Versioned, Base):
    """What a clause obliges a party to do, once or again and again; ``due_on`` is the next time."""

    __tablename__ = "obligation"
    __tracked__ = Tracked(kind="obligation", stream=lambda row: ("agreement", row.agreement_id))
    __table_args__ = (
        sa.Index("ix_obligation_agreement_id", "agreement_id"),
        sa.Index("ix_obligation_due_on", "due_on", postgresql_where=sa.text("settled_at IS NULL AND removed_at IS NULL")),
    )

    agreement_id: Mapped[UUID] = mapped_column(sa.ForeignKey(_AGREEMENT))
    clause_id: Mapped[UUID] = mapped_column(sa.ForeignKey("clause.id"))
    organisation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organisation.id"))
    text: Mapped[str]
    recurrence: Mapped[Recurrence] = code_column(Recurrence)
    due_on: Mapped[date]
    #: The day and month that recurrence keeps to (the 31st stays the 31st after a February).
    first_due_on: Mapped[date]
    times_done: Mapped[int] = mapped_column(default=0, server_default="0")
    #: When the last of it was done; None while something is still to come.
    settled_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]
