"""Evidence bundles: who asked for what, how far the making is, and which file came of it."""

import sqlalchemy as sa
from alembic import op

from migrations.helpers import track_table

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "evidence_bundle",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("target_kind", sa.Text(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("as_of_day", sa.Date(), nullable=True),
        sa.Column("asked_by_id", sa.Uuid(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("begun_event_id", sa.Uuid(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("checkpoint_size", sa.BigInteger(), nullable=True),
        sa.Column("event_count", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_evidence_bundle"),
        sa.ForeignKeyConstraint(["asked_by_id"], ["user_account.id"], name="fk_evidence_bundle_asked_by_id_user_account"),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name="fk_evidence_bundle_organisation_id_organisation"),
        sa.CheckConstraint("state IN ('asked', 'making', 'ready', 'failed')", name="ck_evidence_bundle_bundlestate"),
    )
    op.create_index("ix_evidence_bundle_asked_by_id", "evidence_bundle", ["asked_by_id", "asked_at"])
    op.create_index("ix_evidence_bundle_state", "evidence_bundle", ["state"])
    op.create_table(
        "bundle_progress",
        sa.Column("bundle_id", sa.Uuid(), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("bundle_id", name="pk_bundle_progress"),
        sa.ForeignKeyConstraint(["bundle_id"], ["evidence_bundle.id"], name="fk_bundle_progress_bundle_id_evidence_bundle"),
    )
    track_table(op, "evidence_bundle")


def downgrade() -> None:
    op.drop_table("bundle_progress")
    op.drop_table("evidence_bundle")
