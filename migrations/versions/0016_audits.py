"""Findings."""

import sqlalchemy as sa
from alembic import op

from migrations.helpers import track_table

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

TRACKED = ("finding", "finding_reply")


def upgrade() -> None:
    op.create_table(
        "finding",
        sa.Column("target_kind", sa.Text(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.Column("committee_id", sa.Uuid(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("auditor_id", sa.Uuid(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column(
            "state", sa.Enum("open", "answered", "closed", name="findingstate", native_enum=False, length=40), nullable=False
        ),
        sa.Column("conclusion", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["auditor_id"], ["user_account.id"], name=op.f("fk_finding_auditor_id")),
        sa.ForeignKeyConstraint(["committee_id"], ["committee.id"], name=op.f("fk_finding_committee_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_finding_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding")),
    )
    op.create_index("ix_finding_organisation_id", "finding", ["organisation_id", "state"], unique=False)
    op.create_index("ix_finding_target_id", "finding", ["target_id"], unique=False)
    op.create_table(
        "finding_reply",
        sa.Column("finding_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["user_account.id"], name=op.f("fk_finding_reply_author_id")),
        sa.ForeignKeyConstraint(["finding_id"], ["finding.id"], name=op.f("fk_finding_reply_finding_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_finding_reply_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding_reply")),
    )
    op.create_index("ix_finding_reply_finding_id", "finding_reply", ["finding_id"], unique=False)
    for table in TRACKED:
        track_table(op, table)


def downgrade() -> None:
    op.drop_index("ix_finding_reply_finding_id", table_name="finding_reply")
    op.drop_table("finding_reply")
    op.drop_index("ix_finding_target_id", table_name="finding")
    op.drop_index("ix_finding_organisation_id", table_name="finding")
    op.drop_table("finding")
