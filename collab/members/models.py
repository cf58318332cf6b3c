"""Tables of organisations, committees and seats. People and their sessions: `account_models.py`."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from collab.history import Tracked
from collab.kernel.db import Base, Keyed, Versioned, clear_text, code_column
from collab.members.account_models import (
    AddressFlag,
    Credential,
    Invitation,
    PasswordReset,
    RecoveryCode,
    RoleAssignment,
    SignInAttempt,
    User,
    UserSession,
)

__all__ = [
    "Absence",
    "AddressFlag",
    "Capacity",
    "Committee",
    "CommitteeRules",
    "Credential",
    "DayKind",
    "Deputy",
    "FactKind",
    "GovernanceForm",
    "Invitation",
    "MajorityRule",
    "Organisation",
    "OrganisationFact",
    "OrganisationKind",
    "PasswordReset",
    "QuorumRule",
    "RecoveryCode",
    "RoleAssignment",
    "Seat",
    "SeatHolder",
    "SignInAttempt",
    "User",
    "UserSession",
]  # fmt: skip


class OrganisationKind(StrEnum):
    """What an organisation is; the order of the members is the order of rank in lists."""

    AGENCY = "agency"
    PAO = "pao"
    CITY = "city"
    TOWN = "town"
    SUBDISTRICT = "subdistrict"
    TAO = "tao"
    AUDIT_OFFICE = "audit_office"
    OTHER = "other"


class FactKind(StrEnum):
    """Dated facts about an organisation."""

    AREA_KM2 = "area_km2"
    KIND = "kind"
    NAME_EN = "name_en"
    NAME_TH = "name_th"
    POPULATION = "population"


class GovernanceForm(StrEnum):
    """Provan & Kenis 2008: who coordinates the network."""

    ADMINISTRATIVE_ORGANISATION = "administrative_organisation"
    LEAD_ORGANISATION = "lead_organisation"
    SHARED = "shared"


class Capacity(StrEnum):
    """In what capacity a seat is held."""

    CHAIR = "chair"
    MEMBER = "member"
    OBSERVER = "observer"
    SECRETARY = "secretary"
    VICE_CHAIR = "vice_chair"


class QuorumRule(StrEnum):
    """How many voting seats must be present."""

    HALF = "half"
    MORE_THAN_HALF = "more_than_half"
    TWO_THIRDS = "two_thirds"


class MajorityRule(StrEnum):
    """What carries a motion. ``of_present`` counts abstentions in the denominator, ``of_votes_cast`` does not."""

    SIMPLE_OF_VOTES_CAST = "simple_of_votes_cast"
    SIMPLE_OF_PRESENT = "simple_of_present"
    TWO_THIRDS_OF_PRESENT = "two_thirds_of_present"
    UNANIMOUS = "unanimous"


class DayKind(StrEnum):
    """Whether a delay is reckoned in working days or calendar days."""

    CALENDAR = "calendar"
    WORKING = "working"


class Organisation(Keyed, Versioned, Base):
    """A municipality, PAO, TAO, agency or audit office. Name and kind are those of today; the dated ones are facts."""

    __tablename__ = "organisation"
    __tracked__ = Tracked(kind="organisation", stream=lambda row: ("organisation", row.id))

    kind: Mapped[OrganisationKind] = code_column(OrganisationKind)
    lao_code: Mapped[str | None] = clear_text(unique=True)
    name_th: Mapped[str] = clear_text()
    name_en: Mapped[str] = clear_text()
    short_th: Mapped[str] = clear_text()
    short_en: Mapped[str] = clear_text()
    district: Mapped[str] = clear_text()
    sort_key: Mapped[bytes] = mapped_column(info={"untracked": True})
    removed_at: Mapped[datetime | None]


class OrganisationFact(Keyed, Versioned, Base):
    """One fact about an organisation, true from a day to a day, with its source. ``valid_from`` None: since unknown."""

    __tablename__ = "organisation_fact"
    __tracked__ = Tracked(kind="organisation_fact", stream=lambda row: ("organisation", row.organisation_id))
    __table_args__ = (sa.Index("ix_organisation_fact_organisation_id", "organisation_id"),)

    organisation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organisation.id"))
    kind: Mapped[FactKind] = code_column(FactKind)
    value: Mapped[str] = clear_text()
    source: Mapped[str] = clear_text()
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    #: Entered by mistake: taken out again, still told by the history.
    removed_at: Mapped[datetime | None]


class Committee(Keyed, Versioned, Base):
    """A committee of organisations coordinated by an agency."""

    __tablename__ = "committee"
    __tracked__ = Tracked(kind="committee", stream=lambda row: ("committee", row.id))

    agency_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organisation.id"))
    name_th: Mapped[str] = clear_text()
    name_en: Mapped[str] = clear_text()
    #: Letters before the number of what the committee registers, e.g. "หญ" in หญ 1/2570.
    code: Mapped[str] = clear_text(unique=True)
    mandate: Mapped[str]
    order_number: Mapped[str] = clear_text()
    order_on: Mapped[date | None]
    governance: Mapped[GovernanceForm] = code_column(GovernanceForm)
    removed_at: Mapped[datetime | None]

    @property
    def committee_id(self) -> UUID:
        """Itself: what the predicates of access look for."""
        return self.id


class CommitteeRules(Keyed, Versioned, Base):
    """Rules of procedure, in force from a day to a day."""

    __tablename__ = "committee_rules"
    __tracked__ = Tracked(kind="committee_rules", stream=lambda row: ("committee", row.committee_id))
    __table_args__ = (
        sa.Index("ix_committee_rules_committee_id", "committee_id"),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="term_ordered"),
    )

    committee_id: Mapped[UUID] = mapped_column(sa.ForeignKey("committee.id"))
    quorum: Mapped[QuorumRule] = code_column(QuorumRule)
    majority: Mapped[MajorityRule] = code_column(MajorityRule)
    casting_vote: Mapped[bool]
    notice_days: Mapped[int]
    opinion_days: Mapped[int]
    opinion_day_kind: Mapped[DayKind] = code_column(DayKind)
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    #: Entered by mistake: taken out again, still told by the history.
    removed_at: Mapped[datetime | None]


class Seat(Keyed, Versioned, Base):
    """A seat of an organisation in a committee, for a term."""

    __tablename__ = "seat"
    __tracked__ = Tracked(kind="seat", stream=lambda row: ("committee", row.committee_id))
    __table_args__ = (
        sa.Index("ix_seat_committee_id", "committee_id"),
        sa.Index("ix_seat_organisation_id", "organisation_id"),
        sa.CheckConstraint("weight > 0", name="weight_positive"),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="term_ordered"),
    )

    committee_id: Mapped[UUID] = mapped_column(sa.ForeignKey("committee.id"))
    organisation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organisation.id"))
    capacity: Mapped[Capacity] = code_column(Capacity)
    is_voting: Mapped[bool]
    weight: Mapped[Decimal] = mapped_column(sa.Numeric(8, 2), default=Decimal(1))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    #: Entered by mistake: taken out again, still told by the history.
    removed_at: Mapped[datetime | None]


class SeatHolder(Keyed, Versioned, Base):
    """Who holds a seat, from a day to a day. A holder without a user has a name only."""

    __tablename__ = "seat_holder"
    __tracked__ = Tracked(kind="seat_holder", stream=lambda row: ("seat", row.seat_id))
    __table_args__ = (
        sa.Index("ix_seat_holder_seat_id", "seat_id"),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="term_ordered"),
    )

    seat_id: Mapped[UUID] = mapped_column(sa.ForeignKey("seat.id"))
    user_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("user_account.id"))
    name: Mapped[str]
    position: Mapped[str]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    #: Entered by mistake: taken out again, still told by the history.
    removed_at: Mapped[datetime | None]


class Deputy(Keyed, Versioned, Base):
    """Who acts for a person, from a day to a day, by which order."""

    __tablename__ = "deputy"
    __tracked__ = Tracked(kind="deputy", stream=lambda row: ("user", row.user_id))
    __table_args__ = (
        sa.Index("ix_deputy_user_id", "user_id"),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="term_ordered"),
        sa.CheckConstraint("user_id <> deputy_id", name="somebody_else"),
    )

    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    deputy_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    order_number: Mapped[str] = clear_text()
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    #: Entered by mistake: taken out again, still told by the history.
    removed_at: Mapped[datetime | None]


class Absence(Keyed, Versioned, Base):
    """When a person is away: their reminders go to the deputy."""

    __tablename__ = "absence"
    __tracked__ = Tracked(kind="absence", stream=lambda row: ("user", row.user_id))
    __table_args__ = (
        sa.Index("ix_absence_user_id", "user_id"),
        sa.CheckConstraint("last_day >= first_day", name="days_ordered"),
    )

    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    first_day: Mapped[date]
    last_day: Mapped[date]
    removed_at: Mapped[datetime | None]
