"""Each kind of due date finds its few open rows by an index: the sweep asks every kind each minute."""

from alembic import op

revision = "0087"
down_revision = "0086"
branch_labels = None
depends_on = None

INDEXES = (
    ("ix_agreement_ratify_by", "agreement", "(state, ratify_by)"),
    ("ix_finding_due_on", "finding", "(state, due_on)"),
    ("ix_finding_follow_up_on", "finding", "(state, follow_up_on)"),
    ("ix_opinion_request_due_on", "opinion_request", "(state, due_on)"),
    ("ix_action_item_plan_lead_open", "action_item", "(plan_id, lead_organisation_id) WHERE is_open"),
)


def upgrade() -> None:
    for name, table, columns in INDEXES:
        op.execute(f"CREATE INDEX {name} ON {table} {columns}")


def downgrade() -> None:
    for name, _table, _columns in INDEXES:
        op.execute(f"DROP INDEX {name}")
