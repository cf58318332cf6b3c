"""Samples of auditors with their working papers."""

import sqlalchemy as sa
from alembic import op

from migrations.helpers import track_table

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

TRACKED = ("audit_sample", "audit_sample_row")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "audit_sample",
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("auditor_id", sa.Uuid(), nullable=False),
        sa.Column("committee_id", sa.Uuid(), nullable=True),
        sa.Column("method", sa.Enum("random", "monetary", "risk", name="method", native_enum=False, length=40), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("frozen_at", TIME, nullable=False),
        sa.Column("population", sa.Integer(), nullable=False),
        sa.Column("population_sha256", sa.Text(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("interval", sa.BigInteger(), nullable=True),
        sa.Column("start", sa.BigInteger(), nullable=True),
        sa.Column("drawn_at", TIME, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("wanted > 0 AND seed > 0", name=op.f("ck_audit_sample_positive")),
        sa.ForeignKeyConstraint(["auditor_id"], ["user_account.id"], name=op.f("fk_audit_sample_auditor_id")),
        sa.ForeignKeyConstraint(["committee_id"], ["committee.id"], name=op.f("fk_audit_sample_committee_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_sample")),
    )
    op.create_table(
        "audit_sample_row",
        sa.Column("sample_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("drawn", sa.BigInteger(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column(
            "check", sa.Enum("open", "satisfactory", "exception", name="check", native_enum=False, length=40), nullable=False
        ),
        sa.Column("conclusion", sa.Text(), nullable=False),
        sa.Column("checked_by_id", sa.Uuid(), nullable=True),
        sa.Column("checked_at", TIME, nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["checked_by_id"], ["user_account.id"], name=op.f("fk_audit_sample_row_checked_by_id")),
        sa.ForeignKeyConstraint(["sample_id"], ["audit_sample.id"], name=op.f("fk_audit_sample_row_sample_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_sample_row")),
        sa.UniqueConstraint("sample_id", "number", name="uq_audit_sample_row"),
    )
    for table in TRACKED:
        track_table(op, table)


def downgrade() -> None:
    for table in reversed(TRACKED):
        op.drop_table(table)
