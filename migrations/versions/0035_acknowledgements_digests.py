"""Acknowledgements and what became of reminders; digests and preferences of notices."""

import sqlalchemy as sa
from alembic import op

from migrations.helpers import track_table

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

OUTCOMES = ("queued", "accepted", "expired", "acknowledged", "skipped", "failed")


def upgrade() -> None:
    op.add_column("reminder", sa.Column("message_id", sa.Uuid(), nullable=True))
    op.add_column("reminder", sa.Column("trace", sa.Enum(*OUTCOMES, name="outcome", native_enum=False, length=40), nullable=True))
    # What was queued before is followed from now on too.
    op.execute(
        "UPDATE reminder SET message_id = evidence.message_id, trace = 'queued' FROM reminder_evidence AS evidence"
        " WHERE evidence.reminder_id = reminder.id AND evidence.message_id IS NOT NULL"
    )
    op.create_index("ix_reminder_traced", "reminder", ["message_id"], postgresql_where=sa.text("trace = 'queued'"))
    op.create_index("ix_reminder_message_id", "reminder", ["message_id"])
    op.create_index("ix_reminder_target_id", "reminder", ["target_id"])
    op.drop_index("ix_reminder_evidence_target_id", table_name="reminder_evidence")
    op.create_index("ix_reminder_evidence_target_id", "reminder_evidence", ["target_id", "id"])
    op.create_table(
        "reminder_pause",
        sa.Column("target_kind", sa.Text(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Enum("acknowledged", "progress", name="pausekind", native_enum=False, length=40), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_reminder_pause_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder_pause")),
    )
    op.create_index("ix_reminder_pause_target_id", "reminder_pause", ["target_id", "until_on"])
    track_table(op, "reminder_pause")
    _notices()


def _notices() -> None:
    op.add_column("message", sa.Column("digest_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_message_digest_id"), "message", "message", ["digest_id"], ["id"])
    op.create_index("ix_message_held", "message", ["next_attempt_at", "recipient_id"], postgresql_where=sa.text("state = 'held'"))
    op.create_index("ix_message_digest_id", "message", ["digest_id"], postgresql_where=sa.text("digest_id IS NOT NULL"))
    op.create_index("ix_message_recipient_kind", "message", ["recipient_id", "kind", "created_at", "id"])
    op.create_table(
        "notice_preference",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("mode", sa.Enum("at_once", "digest", "off", name="mode", native_enum=False, length=40), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_notice_preference_user_id")),
        sa.PrimaryKeyConstraint("user_id", "kind", name=op.f("pk_notice_preference")),
    )
    op.execute("INSERT INTO notice_preference (user_id, kind, mode) SELECT user_id, kind, 'off' FROM muted_kind")
    op.drop_table("muted_kind")
    op.create_table(
        "muted_target",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("target_kind", sa.Text(), nullable=False),
        sa.Column("muted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_muted_target_user_id")),
        sa.PrimaryKeyConstraint("user_id", "target_id", name=op.f("pk_muted_target")),
    )
    op.create_table(
        "used_link",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_used_link")),
    )


def downgrade() -> None:
    op.drop_table("used_link")
    op.drop_table("muted_target")
    op.create_table(
        "muted_kind",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_muted_kind_user_id")),
        sa.PrimaryKeyConstraint("user_id", "kind", name=op.f("pk_muted_kind")),
    )
    op.execute("INSERT INTO muted_kind (user_id, kind) SELECT user_id, kind FROM notice_preference WHERE mode = 'off'")
    op.drop_table("notice_preference")
    # What waits for a digest is mailed by itself again; what went out in one has left.
    op.execute("UPDATE message SET state = 'waiting' WHERE state = 'held'")
    op.execute("UPDATE message SET state = 'accepted' WHERE state IN ('digested', 'dropped', 'seen')")
    op.drop_index("ix_message_recipient_kind", table_name="message")
    op.drop_index("ix_message_digest_id", table_name="message")
    op.drop_index("ix_message_held", table_name="message")
    op.drop_constraint(op.f("fk_message_digest_id"), "message")
    op.drop_column("message", "digest_id")
    op.drop_table("reminder_pause")
    op.drop_index("ix_reminder_evidence_target_id", table_name="reminder_evidence")
    op.create_index("ix_reminder_evidence_target_id", "reminder_evidence", ["target_id"])
    op.drop_index("ix_reminder_target_id", table_name="reminder")
    op.drop_index("ix_reminder_message_id", table_name="reminder")
    op.drop_index("ix_reminder_traced", table_name="reminder")
    op.drop_column("reminder", "trace")
    op.drop_column("reminder", "message_id")
