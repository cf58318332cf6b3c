"""When an item changed last, and the orders in which the work list can be asked for, each a walk along an index."""

import sqlalchemy as sa
from alembic import op

revision = "0083"
down_revision = "0082"
branch_labels = None
depends_on = None

_INDEXES = {
    "ix_action_item_lead_state": ["lead_organisation_id", "state", "due_on", "id"],
    "ix_action_item_lead_plan": ["lead_organisation_id", "plan_id", "due_on", "id"],
    "ix_action_item_lead_changed": ["lead_organisation_id", "changed_at", "id"],
    "ix_action_item_committee_state": ["committee_id", "state", "due_on", "id"],
    "ix_action_item_committee_plan": ["committee_id", "plan_id", "due_on", "id"],
    "ix_action_item_committee_lead": ["committee_id", "lead_organisation_id", "due_on", "id"],
    "ix_action_item_committee_changed": ["committee_id", "changed_at", "id"],
}


def upgrade() -> None:
    op.add_column("action_item", sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True))
    # Nothing that is tracked changes here: the column tells what the history says already.
    op.execute("SELECT set_config('collab.act', '1', true)")
    op.execute(
        "UPDATE action_item SET changed_at = coalesce((SELECT max(version.recorded_from) FROM history_version AS version "
        "WHERE version.subject_id = action_item.id), now())"
    )
    op.execute("SELECT set_config('collab.act', '', true)")
    op.alter_column("action_item", "changed_at", nullable=False)
    for name, columns in _INDEXES.items():
        op.create_index(name, "action_item", columns, postgresql_where=sa.text("is_open"))


def downgrade() -> None:
    for name in reversed(_INDEXES):
        op.drop_index(name, table_name="action_item", postgresql_where=sa.text("is_open"))
    op.drop_column("action_item", "changed_at")
