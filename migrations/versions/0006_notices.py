"""Outbox of messages."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sunk_mail",
        sa.Column("mail_id", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("source", sa.LargeBinary(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sunk_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sunk_mail")),
    )
    op.create_table(
        "message",
        sa.Column("recipient_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("target_kind", sa.Text(), nullable=True),
        sa.Column("target_id", sa.Uuid(), nullable=True),
        sa.Column("is_urgent", sa.Boolean(), nullable=False),
        sa.Column("is_secret", sa.Boolean(), nullable=False),
        sa.Column("dedupe_key", sa.Text(), nullable=True),
        sa.Column("mail_id", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("waiting", "claimed", "accepted", "muted", "dead", name="messagestate", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["recipient_id"], ["user_account.id"], name=op.f("fk_message_recipient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_message_dedupe_key")),
    )
    op.create_index("ix_message_dead", "message", ["created_at"], unique=False, postgresql_where=sa.text("state = 'dead'"))
    op.create_index("ix_message_recipient_id", "message", ["recipient_id", "created_at", "id"], unique=False)
    op.create_index(
        "ix_message_todo",
        "message",
        ["next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('waiting', 'claimed')"),
    )
    op.create_index(
        "ix_message_unread",
        "message",
        ["recipient_id"],
        unique=False,
        postgresql_where=sa.text("read_at IS NULL AND NOT is_secret"),
    )
    op.create_table(
        "muted_kind",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_muted_kind_user_id")),
        sa.PrimaryKeyConstraint("user_id", "kind", name=op.f("pk_muted_kind")),
    )
    op.create_table(
        "delivery_attempt",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_accepted", sa.Boolean(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_delivery_attempt_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_attempt")),
    )
    op.create_index("ix_delivery_attempt_message_id", "delivery_attempt", ["message_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_delivery_attempt_message_id", table_name="delivery_attempt")
    op.drop_table("delivery_attempt")
    op.drop_table("muted_kind")
    op.drop_index("ix_message_unread", table_name="message", postgresql_where=sa.text("read_at IS NULL AND NOT is_secret"))
    op.drop_index("ix_message_todo", table_name="message", postgresql_where=sa.text("state IN ('waiting', 'claimed')"))
    op.drop_index("ix_message_recipient_id", table_name="message")
    op.drop_index("ix_message_dead", table_name="message", postgresql_where=sa.text("state = 'dead'"))
    op.drop_table("message")
    op.drop_table("sunk_mail")
