"""Service plans."""

import sqlalchemy as sa
from alembic import op

from migrations.helpers import track_table

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TRACKED = ("plan_budget_line", "plan_indicator", "plan_indicator_target", "plan_risk", "plan_service_area", "service_plan")


def upgrade() -> None:
    op.create_table(
        "service_plan",
        sa.Column("series_id", sa.Uuid(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("committee_id", sa.Uuid(), nullable=False),
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("resolution_id", sa.Uuid(), nullable=False),
        sa.Column("approval_resolution_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("objective", sa.Text(), nullable=False),
        sa.Column("standard", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("draft", "proposed", "approved", "superseded", name="planstate", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["approval_resolution_id"], ["resolution.id"], name=op.f("fk_service_plan_approval_resolution_id")
        ),
        sa.ForeignKeyConstraint(["committee_id"], ["committee.id"], name=op.f("fk_service_plan_committee_id")),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposal.id"], name=op.f("fk_service_plan_proposal_id")),
        sa.ForeignKeyConstraint(["resolution_id"], ["resolution.id"], name=op.f("fk_service_plan_resolution_id")),
        sa.ForeignKeyConstraint(
            ["series_id"], ["service_plan.id"], name=op.f("fk_service_plan_series_id"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_plan")),
        sa.UniqueConstraint("series_id", "edition", name=op.f("uq_service_plan_series_id_edition")),
    )
    op.create_index("ix_service_plan_committee_id", "service_plan", ["committee_id", "state"], unique=False)
    op.create_index("ix_service_plan_proposal_id", "service_plan", ["proposal_id"], unique=False)
    op.create_index(
        "uq_service_plan_approved_edition",
        "service_plan",
        ["series_id"],
        unique=True,
        postgresql_where=sa.text("state = 'approved'"),
    )
    op.create_index(
        "uq_service_plan_first_edition", "service_plan", ["proposal_id"], unique=True, postgresql_where=sa.text("edition = 1")
    )
    op.create_index(
        "uq_service_plan_open_edition",
        "service_plan",
        ["series_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('draft', 'proposed')"),
    )
    op.create_table(
        "plan_budget_line",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("fiscal_year", sa.Integer(), nullable=False),
        sa.Column(
            "source",
            sa.Enum(
                "own_budget",
                "grant",
                "reserve",
                "contribution",
                "fee",
                "other",
                name="fundingsource",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("amount", sa.Numeric(precision=16, scale=2), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_plan_budget_line_organisation_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["service_plan.id"], name=op.f("fk_plan_budget_line_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_budget_line")),
    )
    op.create_index("ix_plan_budget_line_plan_id", "plan_budget_line", ["plan_id", "position"], unique=False)
    op.create_table(
        "plan_indicator",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("baseline", sa.Numeric(precision=16, scale=2), nullable=True),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["service_plan.id"], name=op.f("fk_plan_indicator_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_indicator")),
    )
    op.create_index("ix_plan_indicator_plan_id", "plan_indicator", ["plan_id", "position"], unique=False)
    op.create_table(
        "plan_risk",
        sa.Column("barrier", sa.Text(), nullable=False),
        sa.Column("tactic", sa.Text(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["service_plan.id"], name=op.f("fk_plan_risk_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_risk")),
    )
    op.create_index("ix_plan_risk_plan_id", "plan_risk", ["plan_id", "position"], unique=False)
    op.create_table(
        "plan_service_area",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("coverage", sa.Text(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_plan_service_area_organisation_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["service_plan.id"], name=op.f("fk_plan_service_area_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_service_area")),
    )
    op.create_index("ix_plan_service_area_plan_id", "plan_service_area", ["plan_id", "position"], unique=False)
    op.create_table(
        "plan_indicator_target",
        sa.Column("indicator_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("fiscal_year", sa.Integer(), nullable=False),
        sa.Column("value", sa.Numeric(precision=16, scale=2), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["indicator_id"], ["plan_indicator.id"], name=op.f("fk_plan_indicator_target_indicator_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["service_plan.id"], name=op.f("fk_plan_indicator_target_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_indicator_target")),
        sa.UniqueConstraint("indicator_id", "fiscal_year", name=op.f("uq_plan_indicator_target_indicator_id_fiscal_year")),
    )
    op.create_index("ix_plan_indicator_target_plan_id", "plan_indicator_target", ["plan_id"], unique=False)
    for table in TRACKED:
        track_table(op, table)


def downgrade() -> None:
    op.drop_index("ix_plan_indicator_target_plan_id", table_name="plan_indicator_target")
    op.drop_table("plan_indicator_target")
    op.drop_index("ix_plan_service_area_plan_id", table_name="plan_service_area")
    op.drop_table("plan_service_area")
    op.drop_index("ix_plan_risk_plan_id", table_name="plan_risk")
    op.drop_table("plan_risk")
    op.drop_index("ix_plan_indicator_plan_id", table_name="plan_indicator")
    op.drop_table("plan_indicator")
    op.drop_index("ix_plan_budget_line_plan_id", table_name="plan_budget_line")
    op.drop_table("plan_budget_line")
    op.drop_index(
        "uq_service_plan_open_edition", table_name="service_plan", postgresql_where=sa.text("state IN ('draft', 'proposed')")
    )
    op.drop_index("uq_service_plan_first_edition", table_name="service_plan", postgresql_where=sa.text("edition = 1"))
    op.drop_index("uq_service_plan_approved_edition", table_name="service_plan", postgresql_where=sa.text("state = 'approved'"))
    op.drop_index("ix_service_plan_proposal_id", table_name="service_plan")
    op.drop_index("ix_service_plan_committee_id", table_name="service_plan")
    op.drop_table("service_plan")
