"""Indexes for the auditor's questions about the trail of changes."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_history_event_verb", "history_event", ["verb", "recorded_at", "id"])
    op.create_index("ix_history_event_organisation", "history_event", ["organisation_id", "recorded_at", "id"])
    op.create_index(
        "ix_history_event_late", "history_event", ["recorded_at", "id"],
        postgresql_where=sa.text("recorded_at - occurred_at > '86400 seconds'::interval"),
    )  # fmt: skip


def downgrade() -> None:
    for name in ("late", "organisation", "verb"):
        op.drop_index(f"ix_history_event_{name}", table_name="history_event")
