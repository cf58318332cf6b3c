"""Requests to erase personal values, asked by one person and decided by another."""

import sqlalchemy as sa
from alembic import op

from migrations.helpers import track_table

revision = "0065"
down_revision = "0060"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "erasure_request",
        sa.Column("target_kind", sa.Text(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("asked_by_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("decided_by_id <> asked_by_id", name=op.f("ck_erasure_request_two_people")),
        sa.CheckConstraint("state IN ('asked', 'carried_out', 'declined')", name=op.f("ck_erasure_request_requeststate")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["user_account.id"], name=op.f("fk_erasure_request_asked_by_id_user_account")),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["user_account.id"], name=op.f("fk_erasure_request_decided_by_id_user_account")
        ),
        sa.ForeignKeyConstraint(
            ["decision_id"], ["erasure_decision.id"], name=op.f("fk_erasure_request_decision_id_erasure_decision")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure_request")),
    )
    op.create_index("ix_erasure_request_asked_at", "erasure_request", ["asked_at"])
    track_table(op, "erasure_request")


def downgrade() -> None:
    op.drop_table("erasure_request")
