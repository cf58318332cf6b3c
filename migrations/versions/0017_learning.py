"""Practice cases and self-assessments."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.helpers import track_table

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

TRACKED = ("practice_case", "self_assessment")


def upgrade() -> None:
    op.create_table(
        "practice_case",
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("situation", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("lesson", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["user_account.id"], name=op.f("fk_practice_case_author_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_practice_case_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_practice_case")),
    )
    op.create_table(
        "self_assessment",
        sa.Column("committee_id", sa.Uuid(), nullable=False),
        sa.Column("fiscal_year", sa.Integer(), nullable=False),
        sa.Column("answers", postgresql.JSONB(), nullable=False),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.Column("assessed_by_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["assessed_by_id"], ["user_account.id"], name=op.f("fk_self_assessment_assessed_by_id")),
        sa.ForeignKeyConstraint(["committee_id"], ["committee.id"], name=op.f("fk_self_assessment_committee_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_self_assessment")),
        sa.UniqueConstraint("committee_id", "fiscal_year", name=op.f("uq_self_assessment_committee_id_fiscal_year")),
    )
    for table in TRACKED:
        track_table(op, table)


def downgrade() -> None:
    op.drop_table("self_assessment")
    op.drop_table("practice_case")
