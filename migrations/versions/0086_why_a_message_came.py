"""Each message says why it came to this person, in words of its own; '' for those that say what its kind says."""

import sqlalchemy as sa
from alembic import op

revision = "0086"
down_revision = "0084"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("message", sa.Column("because", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("message", "because")
