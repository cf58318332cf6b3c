"""Tables of proposals and opinions."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from collab.history import Tracked
from collab.kernel.db import Base, Json, Keyed, Money, Versioned, clear_text, code_column
from collab.proposals.states import OpinionState, ProposalState, Stance


class Proposal(Keyed, Versioned, Base):
    """A municipality's proposal of a joint service. A draft is its organisation's alone."""

    __tablename__ = "proposal"
    __tracked__ = Tracked(kind="proposal", stream=lambda row: ("proposal", row.id))
    __table_args__ = (
        sa.UniqueConstraint("committee_id", "number_year", "number_in_year"),
        sa.Index("ix_proposal_committee_id", "committee_id", "state"),
        sa.Index("ix_proposal_organisation_id", "organisation_id", "state"),
        sa.CheckConstraint("cost_amount IS NULL OR cost_amount >= 0", name="cost_not_negative"),
    )

    committee_id: Mapped[UUID] = mapped_column(sa.ForeignKey("committee.id"))
    organisation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organisation.id"))
    author_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    state: Mapped[ProposalState] = code_column(ProposalState)
    number: Mapped[str | None] = clear_text()
    number_year: Mapped[int | None]
    number_in_year: Mapped[int | None]
    title: Mapped[str] = mapped_column(default="")
    problem: Mapped[str] = mapped_column(default="")
    objective: Mapped[str] = mapped_column(default="")
    area: Mapped[str] = mapped_column(default="")
    funding: Mapped[str] = mapped_column(default="")
    cost_amount: Mapped[Decimal | None] = mapped_column(Money)
    legal_basis: Mapped[str] = clear_text(default="")
    #: Ids of the organisations that would take part, as text.
    partner_ids: Mapped[list[Any]] = mapped_column(Json, default=list, info={"clear": True})
    #: Readiness by factor, 1–5.
    readiness: Mapped[dict[str, Any]] = mapped_column(Json, default=dict, info={"clear": True})
    #: Counts the texts that were submitted: an opinion on an earlier one is stale.
    edition: Mapped[int] = mapped_column(default=0)
    submitted_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    return_reason: Mapped[str] = mapped_column(default="")
    #: Day by which opinions are due; set when they are asked.
    opinions_due_on: Mapped[date | None]


class OpinionRequest(Keyed, Versioned, Base):
    """A council's opinion on a proposal: asked with a due day, answered with a stance."""

    __tablename__ = "opinion_request"
    __tracked__ = Tracked(kind="opinion_request", stream=lambda row: ("proposal", row.proposal_id))
    __table_args__ = (
        sa.UniqueConstraint("proposal_id", "organisation_id", "edition"),
        sa.Index("ix_opinion_request_organisation_id", "organisation_id", "state"),
        sa.Index("ix_opinion_request_due_on", "state", "due_on"),
    )

    proposal_id: Mapped[UUID] = mapped_column(sa.ForeignKey("proposal.id"))
    committee_id: Mapped[UUID] = mapped_column(sa.ForeignKey("committee.id"))
    organisation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organisation.id"))
    edition: Mapped[int]
    state: Mapped[OpinionState] = code_column(OpinionState)
    due_on: Mapped[date]
    stance: Mapped[Stance | None] = code_column(Stance)
    text: Mapped[str] = mapped_column(default="")
    council_session: Mapped[str] = clear_text(default="")
    resolution_number: Mapped[str] = clear_text(default="")
    resolved_on: Mapped[date | None]
    answered_by_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("user_account.id"))
    answered_at: Mapped[datetime | None]
