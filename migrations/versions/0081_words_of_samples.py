"""A chosen item names its organisation and its two days by themselves, so that each reader gets them in their own words."""

import sqlalchemy as sa
from alembic import op

revision = "0081"
down_revision = "0079"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("audit_sample_row", sa.Column("organisation_id", sa.Uuid(), sa.ForeignKey("organisation.id"), nullable=True))
    op.add_column("audit_sample_row", sa.Column("old_due_on", sa.Date(), nullable=True))
    op.add_column("audit_sample_row", sa.Column("new_due_on", sa.Date(), nullable=True))


def downgrade() -> None:
    op.drop_column("audit_sample_row", "new_due_on")
    op.drop_column("audit_sample_row", "old_due_on")
    op.drop_column("audit_sample_row", "organisation_id")
