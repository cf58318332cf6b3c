"""Access of auditors for a period, what they read and took away, their private notes; indexes for registers and reminders."""

import sqlalchemy as sa
from alembic import op

from migrations.helpers import track_table

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

TRACKED = ("audit_access", "audit_reading", "audit_note")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "audit_access",
        sa.Column("auditor_id", sa.Uuid(), nullable=False),
        sa.Column("committee_id", sa.Uuid(), nullable=True),
        sa.Column("role_assignment_id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("granted_by_id", sa.Uuid(), nullable=False),
        sa.Column("granted_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_audit_access_ordered")),
        sa.ForeignKeyConstraint(["auditor_id"], ["user_account.id"], name=op.f("fk_audit_access_auditor_id")),
        sa.ForeignKeyConstraint(["committee_id"], ["committee.id"], name=op.f("fk_audit_access_committee_id")),
        sa.ForeignKeyConstraint(["granted_by_id"], ["user_account.id"], name=op.f("fk_audit_access_granted_by_id")),
        sa.ForeignKeyConstraint(["role_assignment_id"], ["role_assignment.id"], name=op.f("fk_audit_access_role_assignment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_access")),
    )
    op.create_index("ix_audit_access_auditor_id", "audit_access", ["auditor_id"])
    op.create_table(
        "audit_reading",
        sa.Column("auditor_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.Enum("read", "exported", name="reading", native_enum=False, length=40), nullable=False),
        sa.Column("target_kind", sa.Text(), nullable=True),
        sa.Column("target_id", sa.Uuid(), nullable=True),
        sa.Column("read_on", sa.Date(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["auditor_id"], ["user_account.id"], name=op.f("fk_audit_reading_auditor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_reading")),
    )
    op.create_index("ix_audit_reading_auditor_id", "audit_reading", ["auditor_id", "id"])
    op.create_index(
        "uq_audit_reading_once_a_day", "audit_reading", ["auditor_id", "target_id", "read_on"], unique=True,
        postgresql_where=sa.text("action = 'read'"),
    )  # fmt: skip
    op.create_table(
        "audit_note",
        sa.Column("auditor_id", sa.Uuid(), nullable=False),
        sa.Column("target_kind", sa.Text(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("written_at", TIME, nullable=False),
        sa.Column("removed_at", TIME, nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["auditor_id"], ["user_account.id"], name=op.f("fk_audit_note_auditor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_note")),
    )
    op.create_index("ix_audit_note_target_id", "audit_note", ["target_id", "auditor_id"])
    for table in TRACKED:
        track_table(op, table)
    op.create_index(
        "ix_history_version_register", "history_version", ["subject_kind", "subject_id", "recorded_from"],
        postgresql_where=sa.text("subject_kind IN ('agreement', 'resolution')"),
    )  # fmt: skip
    op.create_index("ix_reminder_evidence_recipient_id", "reminder_evidence", ["recipient_id", "id"])


def downgrade() -> None:
    op.drop_index("ix_reminder_evidence_recipient_id", table_name="reminder_evidence")
    op.drop_index("ix_history_version_register", table_name="history_version")
    for table in reversed(TRACKED):
        op.drop_table(table)
