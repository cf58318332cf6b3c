"""Reminder rules of committees and plans, single values set otherwise there, and working days.

The days of existing rules keep their numbers and are from now on counted in working days.
"""

import sqlalchemy as sa
from alembic import op

from migrations.helpers import track_table

revision = "0034"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("reminder_rule", sa.Column("plan_id", sa.Uuid(), nullable=True))
    op.create_check_constraint(
        op.f("ck_reminder_rule_plan_in_committee"), "reminder_rule", "plan_id IS NULL OR committee_id IS NOT NULL"
    )
    op.create_table(
        "reminder_override",
        sa.Column("rule_id", sa.Uuid(), nullable=False),
        sa.Column("committee_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=True),
        sa.Column("offset_days", sa.Integer(), nullable=True),
        sa.Column("repeat_days", sa.Integer(), nullable=True),
        sa.Column("is_enabled", sa.Boolean(), nullable=True),
        sa.Column("effective_from", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("offset_days BETWEEN -365 AND 365", name=op.f("ck_reminder_override_offset_range")),
        sa.CheckConstraint("repeat_days >= 0", name=op.f("ck_reminder_override_repeat_not_negative")),
        sa.ForeignKeyConstraint(["committee_id"], ["committee.id"], name=op.f("fk_reminder_override_committee_id")),
        sa.ForeignKeyConstraint(["rule_id"], ["reminder_rule.id"], name=op.f("fk_reminder_override_rule_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder_override")),
        sa.UniqueConstraint(
            "rule_id", "committee_id", "plan_id", name="uq_reminder_override_place", postgresql_nulls_not_distinct=True
        ),
    )
    track_table(op, "reminder_override")
    op.add_column("reminder", sa.Column("occurrence", sa.Integer(), nullable=True))
    op.add_column(
        "reminder",
        sa.Column(
            "audience",
            sa.Enum("owner", "clerk", "executive", "chair", "coordinator", name="audience", native_enum=False, length=40),
            nullable=True,
        ),
    )
    # What a rule told of one due day, in order of the days, becomes its occurrences 0, 1, 2 …
    op.execute(
        "UPDATE reminder SET occurrence = numbered.place, audience = numbered.audience FROM ("
        " SELECT row.id, rule.audience, dense_rank() OVER (PARTITION BY row.due_kind, row.target_id, row.rule_id, row.due_on"
        " ORDER BY row.fire_on) - 1 AS place FROM reminder AS row JOIN reminder_rule AS rule ON rule.id = row.rule_id"
        ") AS numbered WHERE numbered.id = reminder.id"
    )
    op.alter_column("reminder", "occurrence", nullable=False)
    op.alter_column("reminder", "audience", nullable=False)
    op.drop_constraint("uq_reminder_once", "reminder")
    op.create_unique_constraint(
        "uq_reminder_once", "reminder", ["due_kind", "target_id", "rule_id", "due_on", "occurrence", "recipient_id"]
    )


def downgrade() -> None:
    op.drop_constraint("uq_reminder_once", "reminder")
    # Two occurrences told on one day can only be one again: the first stays.
    op.execute(
        "DELETE FROM reminder AS later USING reminder AS first WHERE later.occurrence > first.occurrence"
        " AND (later.due_kind, later.target_id, later.rule_id, later.due_on, later.fire_on, later.recipient_id)"
        " = (first.due_kind, first.target_id, first.rule_id, first.due_on, first.fire_on, first.recipient_id)"
    )
    op.create_unique_constraint(
        "uq_reminder_once", "reminder", ["due_kind", "target_id", "rule_id", "due_on", "fire_on", "recipient_id"]
    )
    op.drop_column("reminder", "audience")
    op.drop_column("reminder", "occurrence")
    op.drop_table("reminder_override")
    op.drop_constraint(op.f("ck_reminder_rule_plan_in_committee"), "reminder_rule")
    op.drop_column("reminder_rule", "plan_id")
