"""A bundle can be asked to prove that the log continues the checkpoint that an auditor kept, whatever its size."""

import sqlalchemy as sa
from alembic import op

revision = "0082"
down_revision = "0081"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("evidence_bundle", sa.Column("kept_size", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("evidence_bundle", "kept_size")
