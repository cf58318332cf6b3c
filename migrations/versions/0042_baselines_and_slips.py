"""Baselines approved by resolution, and changes of deadline decided at a level that rises with the slips."""

import sqlalchemy as sa
from alembic import op

from migrations.helpers import refuse, track_table

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

TRACKED = ("action_baseline", "slip_rule")


def upgrade() -> None:
    op.create_table(
        "slip_rule",
        sa.Column("committee_id", sa.Uuid(), nullable=False),
        sa.Column(
            "level",
            sa.Enum("executive", "coordinator", "chair", "resolution", name="approvallevel", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("most_slips", sa.Integer(), nullable=False),
        sa.Column("most_days", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("level <> 'resolution'", name=op.f("ck_slip_rule_below_resolution")),
        sa.CheckConstraint("most_slips >= 0 AND most_days >= 0", name=op.f("ck_slip_rule_not_negative")),
        sa.ForeignKeyConstraint(["committee_id"], ["committee.id"], name=op.f("fk_slip_rule_committee_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slip_rule")),
        sa.UniqueConstraint("committee_id", "level", name="uq_slip_rule"),
    )
    op.create_table(
        "action_baseline",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("resolution_id", sa.Uuid(), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by_id", sa.Uuid(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("items_count", sa.Integer(), nullable=False),
        sa.Column("budget_planned", sa.Numeric(precision=16, scale=2), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name=op.f("ck_action_baseline_digest_hex")),
        sa.CheckConstraint("number >= 1", name=op.f("ck_action_baseline_counts_from_one")),
        sa.ForeignKeyConstraint(["made_by_id"], ["user_account.id"], name=op.f("fk_action_baseline_made_by_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["action_plan.id"], name=op.f("fk_action_baseline_plan_id")),
        sa.ForeignKeyConstraint(["resolution_id"], ["resolution.id"], name=op.f("fk_action_baseline_resolution_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action_baseline")),
        sa.UniqueConstraint("plan_id", "number", name="uq_action_baseline"),
    )
    op.create_table(
        "action_baseline_item",
        sa.Column("baseline_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Enum("task", "milestone", name="itemkind", native_enum=False, length=40), nullable=False),
        sa.Column("group_name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("lead_organisation_id", sa.Uuid(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("budget_planned", sa.Numeric(precision=16, scale=2), nullable=False),
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
        sa.ForeignKeyConstraint(["baseline_id"], ["action_baseline.id"], name=op.f("fk_action_baseline_item_baseline_id")),
        sa.ForeignKeyConstraint(["item_id"], ["action_item.id"], name=op.f("fk_action_baseline_item_item_id")),
        sa.ForeignKeyConstraint(
            ["lead_organisation_id"], ["organisation.id"], name=op.f("fk_action_baseline_item_lead_organisation_id")
        ),
        sa.PrimaryKeyConstraint("baseline_id", "item_id", name=op.f("pk_action_baseline_item")),
    )
    op.create_index("ix_action_baseline_item_item_id", "action_baseline_item", ["item_id"], unique=False)
    op.add_column(
        "deadline_change",
        sa.Column(
            "level",
            sa.Enum("executive", "coordinator", "chair", "resolution", name="approvallevel", native_enum=False, length=40),
            nullable=True,
        ),
    )
    op.add_column("deadline_change", sa.Column("working_days", sa.Integer(), nullable=True))
    op.add_column("deadline_change", sa.Column("total_days", sa.Integer(), nullable=True))
    op.add_column("deadline_change", sa.Column("slip_number", sa.Integer(), nullable=True))
    op.add_column("deadline_change", sa.Column("cause_id", sa.Uuid(), nullable=True))
    op.add_column("deadline_change", sa.Column("resolution_id", sa.Uuid(), nullable=True))
    op.create_index("ix_deadline_change_plan_id", "deadline_change", ["plan_id", "asked_at"], unique=False)
    op.create_foreign_key(op.f("fk_deadline_change_cause_id"), "deadline_change", "deadline_change", ["cause_id"], ["id"])
    op.create_foreign_key(op.f("fk_deadline_change_resolution_id"), "deadline_change", "resolution", ["resolution_id"], ["id"])
    refuse(op, "action_baseline_item", "UPDATE", "DELETE", "TRUNCATE")
    for table in TRACKED:
        track_table(op, table)


def downgrade() -> None:
    op.drop_constraint(op.f("fk_deadline_change_resolution_id"), "deadline_change", type_="foreignkey")
    op.drop_constraint(op.f("fk_deadline_change_cause_id"), "deadline_change", type_="foreignkey")
    op.drop_index("ix_deadline_change_plan_id", table_name="deadline_change")
    op.drop_column("deadline_change", "resolution_id")
    op.drop_column("deadline_change", "cause_id")
    op.drop_column("deadline_change", "slip_number")
    op.drop_column("deadline_change", "total_days")
    op.drop_column("deadline_change", "working_days")
    op.drop_column("deadline_change", "level")
    op.drop_index("ix_action_baseline_item_item_id", table_name="action_baseline_item")
    op.drop_table("action_baseline_item")
    op.drop_table("action_baseline")
    op.drop_table("slip_rule")
