"""Periods of the timetable, pauses of jobs, and the index from which rates are read."""

import sqlalchemy as sa
from alembic import op

from migrations.helpers import track_table

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "job_period",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("period_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("job", "period_at", name=op.f("pk_job_period")),
    )
    op.create_table(
        "job_pause",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("is_paused", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["changed_by_id"], ["user_account.id"], name=op.f("fk_job_pause_changed_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_pause")),
        sa.UniqueConstraint("job", name=op.f("uq_job_pause_job")),
    )
    track_table(op, "job_pause")
    op.create_index(
        "ix_reminder_settled_at", "reminder", ["settled_at"], postgresql_where=sa.text("settled_at IS NOT NULL")
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_reminder_settled_at", table_name="reminder")
    op.drop_table("job_pause")
    op.drop_table("job_period")
