"""Action plans, items, reports, evidence."""

import sqlalchemy as sa
from alembic import op

from migrations.helpers import track_table

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TRACKED = ("action_item", "action_item_supporter", "action_plan", "deadline_change", "progress_report")


def upgrade() -> None:
    op.create_table(
        "action_plan",
        sa.Column("committee_id", sa.Uuid(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=True),
        sa.Column("fiscal_year", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("state", sa.Enum("draft", "active", "closed", name="planstate", native_enum=False, length=40), nullable=False),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("fiscal_year BETWEEN 2400 AND 2699", name=op.f("ck_action_plan_buddhist_year")),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreement.id"], name=op.f("fk_action_plan_agreement_id")),
        sa.ForeignKeyConstraint(["committee_id"], ["committee.id"], name=op.f("fk_action_plan_committee_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action_plan")),
    )
    op.create_index("ix_action_plan_agreement_id", "action_plan", ["agreement_id"], unique=False)
    op.create_index(
        "ix_action_plan_committee_id",
        "action_plan",
        ["committee_id", sa.literal_column("fiscal_year DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_table(
        "action_item",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("committee_id", sa.Uuid(), nullable=False),
        sa.Column("group_name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("lead_organisation_id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("baseline_starts_on", sa.Date(), nullable=True),
        sa.Column("baseline_due_on", sa.Date(), nullable=True),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("budget_planned", sa.Numeric(precision=16, scale=2), nullable=False),
        sa.Column("authority_kind", sa.Text(), nullable=True),
        sa.Column("authority_id", sa.Uuid(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "planned",
                "in_progress",
                "awaiting_verification",
                "done",
                "cancelled",
                name="itemstate",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("(authority_kind IS NULL) = (authority_id IS NULL)", name=op.f("ck_action_item_authority_whole")),
        sa.CheckConstraint("budget_planned >= 0", name=op.f("ck_action_item_budget_not_negative")),
        sa.CheckConstraint("due_on >= starts_on", name=op.f("ck_action_item_dates_ordered")),
        sa.CheckConstraint("percent BETWEEN 0 AND 100", name=op.f("ck_action_item_percent_range")),
        sa.CheckConstraint("weight BETWEEN 1 AND 1000", name=op.f("ck_action_item_weight_range")),
        sa.ForeignKeyConstraint(["committee_id"], ["committee.id"], name=op.f("fk_action_item_committee_id")),
        sa.ForeignKeyConstraint(["lead_organisation_id"], ["organisation.id"], name=op.f("fk_action_item_lead_organisation_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["user_account.id"], name=op.f("fk_action_item_owner_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["action_plan.id"], name=op.f("fk_action_item_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action_item")),
    )
    op.create_index(
        "ix_action_item_committee_open",
        "action_item",
        ["committee_id", "due_on", "id"],
        unique=False,
        postgresql_where=sa.text("is_open"),
    )
    op.create_index(
        "ix_action_item_lead_open",
        "action_item",
        ["lead_organisation_id", "due_on", "id"],
        unique=False,
        postgresql_where=sa.text("is_open"),
    )
    op.create_index(
        "ix_action_item_owner_open",
        "action_item",
        ["owner_id", "due_on", "id"],
        unique=False,
        postgresql_where=sa.text("is_open"),
    )
    op.create_index("ix_action_item_plan_id", "action_item", ["plan_id", "position"], unique=False)
    op.create_table(
        "action_item_supporter",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["action_item.id"], name=op.f("fk_action_item_supporter_item_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_action_item_supporter_organisation_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["action_plan.id"], name=op.f("fk_action_item_supporter_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action_item_supporter")),
    )
    op.create_index(
        "uq_action_item_supporter",
        "action_item_supporter",
        ["item_id", "organisation_id"],
        unique=True,
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_table(
        "deadline_change",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("committee_id", sa.Uuid(), nullable=False),
        sa.Column(
            "state", sa.Enum("asked", "approved", "refused", name="changestate", native_enum=False, length=40), nullable=False
        ),
        sa.Column("old_due_on", sa.Date(), nullable=False),
        sa.Column("new_due_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("new_due_on <> old_due_on", name=op.f("ck_deadline_change_changes_something")),
        sa.ForeignKeyConstraint(["asked_by"], ["user_account.id"], name=op.f("fk_deadline_change_asked_by")),
        sa.ForeignKeyConstraint(["committee_id"], ["committee.id"], name=op.f("fk_deadline_change_committee_id")),
        sa.ForeignKeyConstraint(["decided_by"], ["user_account.id"], name=op.f("fk_deadline_change_decided_by")),
        sa.ForeignKeyConstraint(["item_id"], ["action_item.id"], name=op.f("fk_deadline_change_item_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_deadline_change_organisation_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["action_plan.id"], name=op.f("fk_deadline_change_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deadline_change")),
    )
    op.create_index(
        "ix_deadline_change_asked", "deadline_change", ["committee_id"], unique=False, postgresql_where=sa.text("state = 'asked'")
    )
    op.create_index("ix_deadline_change_item_id", "deadline_change", ["item_id", "asked_at"], unique=False)
    op.create_index(
        "uq_deadline_change_asked", "deadline_change", ["item_id"], unique=True, postgresql_where=sa.text("state = 'asked'")
    )
    op.create_table(
        "progress_report",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("recorded", "awaiting", "verified", "returned", name="reportstate", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("milestone", sa.Text(), nullable=False),
        sa.Column("cost_spent", sa.Numeric(precision=16, scale=2), nullable=True),
        sa.Column("reported_by", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("judged_by", sa.Uuid(), nullable=True),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("cost_spent >= 0", name=op.f("ck_progress_report_cost_not_negative")),
        sa.CheckConstraint("percent BETWEEN 0 AND 100", name=op.f("ck_progress_report_percent_range")),
        sa.ForeignKeyConstraint(["item_id"], ["action_item.id"], name=op.f("fk_progress_report_item_id")),
        sa.ForeignKeyConstraint(["judged_by"], ["user_account.id"], name=op.f("fk_progress_report_judged_by")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_progress_report_organisation_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["action_plan.id"], name=op.f("fk_progress_report_plan_id")),
        sa.ForeignKeyConstraint(["reported_by"], ["user_account.id"], name=op.f("fk_progress_report_reported_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_progress_report")),
    )
    op.create_index("ix_progress_report_item_id", "progress_report", ["item_id", "reported_at"], unique=False)
    op.create_index(
        "uq_progress_report_awaiting", "progress_report", ["item_id"], unique=True, postgresql_where=sa.text("state = 'awaiting'")
    )
    for table in TRACKED:
        track_table(op, table)


def downgrade() -> None:
    op.drop_index("uq_progress_report_awaiting", table_name="progress_report", postgresql_where=sa.text("state = 'awaiting'"))
    op.drop_index("ix_progress_report_item_id", table_name="progress_report")
    op.drop_table("progress_report")
    op.drop_index("uq_deadline_change_asked", table_name="deadline_change", postgresql_where=sa.text("state = 'asked'"))
    op.drop_index("ix_deadline_change_item_id", table_name="deadline_change")
    op.drop_index("ix_deadline_change_asked", table_name="deadline_change", postgresql_where=sa.text("state = 'asked'"))
    op.drop_table("deadline_change")
    op.drop_index("uq_action_item_supporter", table_name="action_item_supporter", postgresql_where=sa.text("removed_at IS NULL"))
    op.drop_table("action_item_supporter")
    op.drop_index("ix_action_item_plan_id", table_name="action_item")
    op.drop_index("ix_action_item_owner_open", table_name="action_item", postgresql_where=sa.text("is_open"))
    op.drop_index("ix_action_item_lead_open", table_name="action_item", postgresql_where=sa.text("is_open"))
    op.drop_index("ix_action_item_committee_open", table_name="action_item", postgresql_where=sa.text("is_open"))
    op.drop_table("action_item")
    op.drop_index("ix_action_plan_committee_id", table_name="action_plan")
    op.drop_index("ix_action_plan_agreement_id", table_name="action_plan")
    op.drop_table("action_plan")
