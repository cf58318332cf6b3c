"""Holidays and closures."""

import sqlalchemy as sa
from alembic import op

from migrations.helpers import track_table

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TRACKED = ("holiday",)


def upgrade() -> None:
    op.create_table(
        "holiday",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name_th", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("is_office_closed", sa.Boolean(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holiday")),
    )
    op.create_index(
        "uq_holiday_day_name_th", "holiday", ["day", "name_th"], unique=True, postgresql_where=sa.text("removed_at IS NULL")
    )
    for table in TRACKED:
        track_table(op, table)


def downgrade() -> None:
    op.drop_index("uq_holiday_day_name_th", table_name="holiday", postgresql_where=sa.text("removed_at IS NULL"))
    op.drop_table("holiday")
