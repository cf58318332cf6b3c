"""Proposals and opinions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.helpers import track_table

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TRACKED = ("opinion_request", "proposal")


def upgrade() -> None:
    op.create_table(
        "proposal",
        sa.Column("committee_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "submitted",
                "opinions_requested",
                "opinions_closed",
                "on_agenda",
                "adopted",
                "rejected",
                "returned",
                "withdrawn",
                name="proposalstate",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("number_year", sa.Integer(), nullable=True),
        sa.Column("number_in_year", sa.Integer(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("objective", sa.Text(), nullable=False),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("funding", sa.Text(), nullable=False),
        sa.Column("cost_amount", sa.Numeric(precision=16, scale=2), nullable=True),
        sa.Column("legal_basis", sa.Text(), nullable=False),
        sa.Column("partner_ids", postgresql.JSONB(), nullable=False),
        sa.Column("readiness", postgresql.JSONB(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("return_reason", sa.Text(), nullable=False),
        sa.Column("opinions_due_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("cost_amount IS NULL OR cost_amount >= 0", name=op.f("ck_proposal_cost_not_negative")),
        sa.ForeignKeyConstraint(["author_id"], ["user_account.id"], name=op.f("fk_proposal_author_id")),
        sa.ForeignKeyConstraint(["committee_id"], ["committee.id"], name=op.f("fk_proposal_committee_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_proposal_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal")),
        sa.UniqueConstraint(
            "committee_id", "number_year", "number_in_year", name=op.f("uq_proposal_committee_id_number_year_number_in_year")
        ),
    )
    op.create_index("ix_proposal_committee_id", "proposal", ["committee_id", "state"], unique=False)
    op.create_index("ix_proposal_organisation_id", "proposal", ["organisation_id", "state"], unique=False)
    op.create_table(
        "opinion_request",
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("committee_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("asked", "answered", "stale", "closed", name="opinionstate", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column(
            "stance",
            sa.Enum("support", "with_conditions", "neutral", "object", name="stance", native_enum=False, length=40),
            nullable=True,
        ),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("council_session", sa.Text(), nullable=False),
        sa.Column("resolution_number", sa.Text(), nullable=False),
        sa.Column("resolved_on", sa.Date(), nullable=True),
        sa.Column("answered_by_id", sa.Uuid(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["answered_by_id"], ["user_account.id"], name=op.f("fk_opinion_request_answered_by_id")),
        sa.ForeignKeyConstraint(["committee_id"], ["committee.id"], name=op.f("fk_opinion_request_committee_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_opinion_request_organisation_id")),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposal.id"], name=op.f("fk_opinion_request_proposal_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opinion_request")),
        sa.UniqueConstraint(
            "proposal_id", "organisation_id", "edition", name=op.f("uq_opinion_request_proposal_id_organisation_id_edition")
        ),
    )
    op.create_index("ix_opinion_request_organisation_id", "opinion_request", ["organisation_id", "state"], unique=False)
    for table in TRACKED:
        track_table(op, table)


def downgrade() -> None:
    op.drop_index("ix_opinion_request_organisation_id", table_name="opinion_request")
    op.drop_table("opinion_request")
    op.drop_index("ix_proposal_organisation_id", table_name="proposal")
    op.drop_index("ix_proposal_committee_id", table_name="proposal")
    op.drop_table("proposal")
