"""Cost-sharing formulas, inputs, allocations."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.helpers import track_table

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TRACKED = ("cost_formula", "cost_share")


def upgrade() -> None:
    op.create_table(
        "cost_formula",
        sa.Column("target_kind", sa.Text(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("committee_id", sa.Uuid(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column(
            "method",
            sa.Enum(
                "equal",
                "by_measure",
                "mixed",
                "capped",
                "per_unit",
                "fixed_and_unit",
                "host_rate",
                name="method",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("terms", postgresql.JSONB(), nullable=False),
        sa.Column("total", sa.Numeric(precision=16, scale=2), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("measured_on", sa.Date(), nullable=True),
        sa.Column("made_by_id", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["committee_id"], ["committee.id"], name=op.f("fk_cost_formula_committee_id")),
        sa.ForeignKeyConstraint(["made_by_id"], ["user_account.id"], name=op.f("fk_cost_formula_made_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cost_formula")),
        sa.UniqueConstraint("target_id", "edition", name=op.f("uq_cost_formula_target_id_edition")),
    )
    op.create_table(
        "cost_share",
        sa.Column("formula_id", sa.Uuid(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("measure", sa.Numeric(precision=18, scale=3), nullable=False),
        sa.Column("amount", sa.Numeric(precision=16, scale=2), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["formula_id"], ["cost_formula.id"], name=op.f("fk_cost_share_formula_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_cost_share_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cost_share")),
        sa.UniqueConstraint("formula_id", "organisation_id", name=op.f("uq_cost_share_formula_id_organisation_id")),
    )
    for table in TRACKED:
        track_table(op, table)


def downgrade() -> None:
    op.drop_table("cost_share")
    op.drop_table("cost_formula")
