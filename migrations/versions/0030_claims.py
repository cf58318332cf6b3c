"""Claims with a lease and their holder, back-off of reminders, reasons of dead messages, and the keys of what was said."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "message_key",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_message_key_message_id"), deferrable=True, initially="DEFERRED"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_message_key")),
    )
    op.execute("INSERT INTO message_key (key, message_id) SELECT dedupe_key, id FROM message WHERE dedupe_key IS NOT NULL")
    # The foreign key is checked now: a table with checks still to come cannot be altered.
    op.execute("SET CONSTRAINTS ALL IMMEDIATE")
    op.create_index("ix_message_key_message_id", "message_key", ["message_id"])
    op.drop_constraint("uq_message_dedupe_key", "message")
    op.drop_column("message", "dedupe_key")
    op.add_column("message", sa.Column("reason", sa.Text(), server_default="", nullable=False))
    op.create_index("ix_delivery_attempt_tried_at", "delivery_attempt", ["tried_at"])
    op.add_column("reminder", sa.Column("next_attempt_at", sa.DateTime(timezone=True)))
    op.execute("UPDATE reminder SET next_attempt_at = created_at")
    op.alter_column("reminder", "next_attempt_at", nullable=False)
    for table, todo in (("message", "waiting"), ("reminder", "due")):
        op.drop_index(f"ix_{table}_todo", table_name=table)
        op.add_column(table, sa.Column("claimed_by", sa.Text()))
        op.alter_column(table, "claimed_at", new_column_name="leased_until")
        # Whoever held something before the upgrade is gone.
        op.execute(f"UPDATE {table} SET leased_until = NULL, state = '{todo}' WHERE state = 'claimed'")
        op.execute(f"UPDATE {table} SET leased_until = NULL WHERE leased_until IS NOT NULL")
        op.create_index(f"ix_{table}_leased", table, ["leased_until"], postgresql_where=sa.text("state = 'claimed'"))
    op.create_index(
        "ix_message_ready", "message", [sa.text("is_urgent DESC"), "next_attempt_at", "id"],
        postgresql_where=sa.text("state = 'waiting'"),
    )  # fmt: skip
    op.create_index("ix_reminder_ready", "reminder", ["next_attempt_at", "id"], postgresql_where=sa.text("state = 'due'"))


def downgrade() -> None:
    op.drop_index("ix_reminder_ready", table_name="reminder")
    op.drop_index("ix_message_ready", table_name="message")
    for table, todo, since in (("reminder", "due", "created_at"), ("message", "waiting", "next_attempt_at")):
        op.drop_index(f"ix_{table}_leased", table_name=table)
        op.execute(f"UPDATE {table} SET leased_until = NULL, state = '{todo}' WHERE state = 'claimed'")
        op.alter_column(table, "leased_until", new_column_name="claimed_at")
        op.drop_column(table, "claimed_by")
        op.create_index(f"ix_{table}_todo", table, [since], postgresql_where=sa.text(f"state IN ('{todo}', 'claimed')"))
    op.drop_column("reminder", "next_attempt_at")
    op.drop_index("ix_delivery_attempt_tried_at", table_name="delivery_attempt")
    op.drop_column("message", "reason")
    op.add_column("message", sa.Column("dedupe_key", sa.Text()))
    # A message that others joined had several keys; it keeps the first.
    op.execute(
        "UPDATE message SET dedupe_key = (SELECT min(k.key) FROM message_key k WHERE k.message_id = message.id) "
        "WHERE id IN (SELECT message_id FROM message_key)"
    )
    op.create_unique_constraint("uq_message_dedupe_key", "message", ["dedupe_key"])
    op.drop_table("message_key")
