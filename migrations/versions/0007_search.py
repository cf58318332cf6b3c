"""Search index."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "search_entry",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("committee_id", sa.Uuid(), nullable=True),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("grams", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", "target_id", name=op.f("pk_search_entry")),
    )
    op.create_index("ix_search_entry_grams", "search_entry", ["grams"], unique=False, postgresql_using="gin")
    op.create_index("ix_search_entry_order", "search_entry", ["updated_at", "target_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_search_entry_order", table_name="search_entry")
    op.drop_index("ix_search_entry_grams", table_name="search_entry", postgresql_using="gin")
    op.drop_table("search_entry")
