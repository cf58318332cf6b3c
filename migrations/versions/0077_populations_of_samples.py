"""What a sample is drawn from; what each chosen item opens. Samples drawn so far were of action items."""

import sqlalchemy as sa
from alembic import op

revision = "0077"
down_revision = "0070"
branch_labels = None
depends_on = None


def upgrade() -> None:
    subject = sa.Enum(
        "action_items",
        "agreements",
        "decisions",
        "budgets",
        "costs",
        "contributions",
        name="subject",
        native_enum=False,
        length=40,
    )
    op.add_column("audit_sample", sa.Column("subject", subject, nullable=False, server_default="action_items"))
    op.add_column("audit_sample_row", sa.Column("target_kind", sa.Text(), nullable=False, server_default="action_item"))
    op.alter_column("audit_sample", "subject", server_default=None)
    op.alter_column("audit_sample_row", "target_kind", server_default=None)


def downgrade() -> None:
    op.drop_column("audit_sample_row", "target_kind")
    op.drop_column("audit_sample", "subject")
