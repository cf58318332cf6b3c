"""Orders in which a plan's items can be asked for: by due date and by start, each a walk along an index."""

import sqlalchemy as sa
from alembic import op

revision = "0070"
down_revision = "0065"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in ("due_on", "starts_on"):
        op.create_index(
            f"ix_action_item_plan_{column}",
            "action_item",
            ["plan_id", column, "id"],
            postgresql_where=sa.text("removed_at IS NULL"),
        )


def downgrade() -> None:
    for column in ("starts_on", "due_on"):
        op.drop_index(f"ix_action_item_plan_{column}", table_name="action_item", postgresql_where=sa.text("removed_at IS NULL"))
