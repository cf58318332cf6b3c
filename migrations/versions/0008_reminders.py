"""Reminder rules, due rows, deliveries."""

import sqlalchemy as sa
from alembic import op

from migrations.helpers import track_table

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TRACKED = ("reminder_evidence", "reminder_rule")


def upgrade() -> None:
    op.create_table(
        "reminder_evidence",
        sa.Column("reminder_id", sa.Uuid(), nullable=False),
        sa.Column("target_kind", sa.Text(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("recipient_id", sa.Uuid(), nullable=False),
        sa.Column("deputy_for_id", sa.Uuid(), nullable=True),
        sa.Column(
            "audience",
            sa.Enum("owner", "clerk", "executive", "chair", "coordinator", name="audience", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column(
            "outcome",
            sa.Enum("due", "claimed", "queued", "skipped", "failed", name="reminderstate", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder_evidence")),
    )
    op.create_index("ix_reminder_evidence_target_id", "reminder_evidence", ["target_id"], unique=False)
    op.create_table(
        "reminder_rule",
        sa.Column("committee_id", sa.Uuid(), nullable=True),
        sa.Column("due_kind", sa.Text(), nullable=True),
        sa.Column(
            "audience",
            sa.Enum("owner", "clerk", "executive", "chair", "coordinator", name="audience", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("offset_days", sa.Integer(), nullable=False),
        sa.Column("repeat_days", sa.Integer(), nullable=False),
        sa.Column("enabled_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("offset_days BETWEEN -365 AND 365", name=op.f("ck_reminder_rule_offset_range")),
        sa.CheckConstraint("repeat_days >= 0", name=op.f("ck_reminder_rule_repeat_not_negative")),
        sa.ForeignKeyConstraint(["committee_id"], ["committee.id"], name=op.f("fk_reminder_rule_committee_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder_rule")),
    )
    op.create_table(
        "reminder",
        sa.Column("due_kind", sa.Text(), nullable=False),
        sa.Column("target_kind", sa.Text(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("rule_id", sa.Uuid(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("fire_on", sa.Date(), nullable=False),
        sa.Column("recipient_id", sa.Uuid(), nullable=False),
        sa.Column("deputy_for_id", sa.Uuid(), nullable=True),
        sa.Column("committee_id", sa.Uuid(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column(
            "state",
            sa.Enum("due", "claimed", "queued", "skipped", "failed", name="reminderstate", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["recipient_id"], ["user_account.id"], name=op.f("fk_reminder_recipient_id")),
        sa.ForeignKeyConstraint(["rule_id"], ["reminder_rule.id"], name=op.f("fk_reminder_rule_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder")),
        sa.UniqueConstraint("due_kind", "target_id", "rule_id", "due_on", "fire_on", "recipient_id", name="uq_reminder_once"),
    )
    op.create_index("ix_reminder_failed", "reminder", ["created_at"], unique=False, postgresql_where=sa.text("state = 'failed'"))
    op.create_index(
        "ix_reminder_todo", "reminder", ["created_at"], unique=False, postgresql_where=sa.text("state IN ('due', 'claimed')")
    )
    for table in TRACKED:
        track_table(op, table)


def downgrade() -> None:
    op.drop_index("ix_reminder_todo", table_name="reminder", postgresql_where=sa.text("state IN ('due', 'claimed')"))
    op.drop_index("ix_reminder_failed", table_name="reminder", postgresql_where=sa.text("state = 'failed'"))
    op.drop_table("reminder")
    op.drop_table("reminder_rule")
    op.drop_index("ix_reminder_evidence_target_id", table_name="reminder_evidence")
    op.drop_table("reminder_evidence")
