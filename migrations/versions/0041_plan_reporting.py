"""Budget lines and indicators of items, requests for help, closed months, drafts of reports."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.helpers import track_table

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

TRACKED = ("action_budget_line", "action_indicator", "help_request", "monthly_closing")


def upgrade() -> None:
    op.create_table(
        "monthly_closing",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("committee_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("state", sa.Enum("closed", "reopened", name="closingstate", native_enum=False, length=40), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("figures", postgresql.JSONB(), nullable=False),
        sa.Column("closed_by", sa.Uuid(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reopened_by", sa.Uuid(), nullable=True),
        sa.Column("reopened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("EXTRACT(DAY FROM month) = 1", name=op.f("ck_monthly_closing_first_of_month")),
        sa.ForeignKeyConstraint(["closed_by"], ["user_account.id"], name=op.f("fk_monthly_closing_closed_by")),
        sa.ForeignKeyConstraint(["committee_id"], ["committee.id"], name=op.f("fk_monthly_closing_committee_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_monthly_closing_organisation_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["action_plan.id"], name=op.f("fk_monthly_closing_plan_id")),
        sa.ForeignKeyConstraint(["reopened_by"], ["user_account.id"], name=op.f("fk_monthly_closing_reopened_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_monthly_closing")),
        sa.UniqueConstraint("plan_id", "organisation_id", "month", name="uq_monthly_closing"),
    )
    op.create_table(
        "action_budget_line",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("planned", sa.Numeric(precision=16, scale=2), nullable=False),
        sa.Column("committed", sa.Numeric(precision=16, scale=2), nullable=False),
        sa.Column("spent", sa.Numeric(precision=16, scale=2), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("planned >= 0 AND committed >= 0 AND spent >= 0", name=op.f("ck_action_budget_line_not_negative")),
        sa.ForeignKeyConstraint(["item_id"], ["action_item.id"], name=op.f("fk_action_budget_line_item_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_action_budget_line_organisation_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["action_plan.id"], name=op.f("fk_action_budget_line_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action_budget_line")),
    )
    op.create_index(
        "ix_action_budget_line_plan_id",
        "action_budget_line",
        ["plan_id"],
        unique=False,
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_index(
        "uq_action_budget_line",
        "action_budget_line",
        ["item_id", "organisation_id"],
        unique=True,
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_table(
        "action_indicator",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("target", sa.Numeric(precision=16, scale=2), nullable=False),
        sa.Column("reached", sa.Numeric(precision=16, scale=2), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["action_item.id"], name=op.f("fk_action_indicator_item_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["action_plan.id"], name=op.f("fk_action_indicator_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action_indicator")),
    )
    op.create_index(
        "ix_action_indicator_item_id",
        "action_indicator",
        ["item_id"],
        unique=False,
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_table(
        "help_request",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("committee_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Enum("asked", "answered", name="helpstate", native_enum=False, length=40), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["answered_by"], ["user_account.id"], name=op.f("fk_help_request_answered_by")),
        sa.ForeignKeyConstraint(["asked_by"], ["user_account.id"], name=op.f("fk_help_request_asked_by")),
        sa.ForeignKeyConstraint(["committee_id"], ["committee.id"], name=op.f("fk_help_request_committee_id")),
        sa.ForeignKeyConstraint(["item_id"], ["action_item.id"], name=op.f("fk_help_request_item_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_help_request_organisation_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["action_plan.id"], name=op.f("fk_help_request_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_help_request")),
    )
    op.create_index(
        "ix_help_request_asked", "help_request", ["committee_id"], unique=False, postgresql_where=sa.text("state = 'asked'")
    )
    op.create_index("ix_help_request_item_id", "help_request", ["item_id", "asked_at"], unique=False)
    op.create_index(
        "uq_help_request_asked", "help_request", ["item_id"], unique=True, postgresql_where=sa.text("state = 'asked'")
    )
    op.create_table(
        "report_draft",
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("typed", postgresql.JSONB(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["action_item.id"], name=op.f("fk_report_draft_item_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_report_draft_user_id")),
        sa.PrimaryKeyConstraint("item_id", "user_id", name=op.f("pk_report_draft")),
    )
    op.create_index("ix_progress_report_plan_id", "progress_report", ["plan_id", "reported_at"], unique=False)
    for table in TRACKED:
        track_table(op, table)


def downgrade() -> None:
    op.drop_index("ix_progress_report_plan_id", table_name="progress_report")
    op.drop_table("report_draft")
    op.drop_index("uq_help_request_asked", table_name="help_request", postgresql_where=sa.text("state = 'asked'"))
    op.drop_index("ix_help_request_item_id", table_name="help_request")
    op.drop_index("ix_help_request_asked", table_name="help_request", postgresql_where=sa.text("state = 'asked'"))
    op.drop_table("help_request")
    op.drop_index("ix_action_indicator_item_id", table_name="action_indicator", postgresql_where=sa.text("removed_at IS NULL"))
    op.drop_table("action_indicator")
    op.drop_index("uq_action_budget_line", table_name="action_budget_line", postgresql_where=sa.text("removed_at IS NULL"))
    op.drop_index(
        "ix_action_budget_line_plan_id", table_name="action_budget_line", postgresql_where=sa.text("removed_at IS NULL")
    )
    op.drop_table("action_budget_line")
    op.drop_table("monthly_closing")
