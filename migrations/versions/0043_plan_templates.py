"""Templates of plans, one for each service."""

import sqlalchemy as sa
from alembic import op

from migrations.helpers import track_table

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

TRACKED = ("plan_template", "plan_template_item", "plan_template_link")


def upgrade() -> None:
    op.create_table(
        "plan_template",
        sa.Column("committee_id", sa.Uuid(), nullable=False),
        sa.Column(
            "service",
            sa.Enum(
                "waste",
                "drainage",
                "disaster",
                "emergency",
                "cctv",
                "transport",
                "waste_water",
                "staff",
                "other",
                name="servicekind",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("made_by_id", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["committee_id"], ["committee.id"], name=op.f("fk_plan_template_committee_id")),
        sa.ForeignKeyConstraint(["made_by_id"], ["user_account.id"], name=op.f("fk_plan_template_made_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_template")),
    )
    op.create_index(
        "ix_plan_template_service", "plan_template", ["service"], unique=False, postgresql_where=sa.text("removed_at IS NULL")
    )
    op.create_table(
        "plan_template_item",
        sa.Column("template_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Enum("task", "milestone", name="itemkind", native_enum=False, length=40), nullable=False),
        sa.Column("group_name", sa.Text(), nullable=False),
        sa.Column("group_weight", sa.Integer(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("offset_days", sa.Integer(), nullable=False),
        sa.Column("length_days", sa.Integer(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("indicator", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("offset_days >= 0 AND length_days >= 1", name=op.f("ck_plan_template_item_days_range")),
        sa.CheckConstraint("weight BETWEEN 1 AND 1000", name=op.f("ck_plan_template_item_weight_range")),
        sa.ForeignKeyConstraint(["template_id"], ["plan_template.id"], name=op.f("fk_plan_template_item_template_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_template_item")),
    )
    op.create_index("ix_plan_template_item_template_id", "plan_template_item", ["template_id", "position"], unique=False)
    op.create_table(
        "plan_template_link",
        sa.Column("template_id", sa.Uuid(), nullable=False),
        sa.Column("predecessor_id", sa.Uuid(), nullable=False),
        sa.Column("successor_id", sa.Uuid(), nullable=False),
        sa.Column("lag_days", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["predecessor_id"], ["plan_template_item.id"], name=op.f("fk_plan_template_link_predecessor_id")),
        sa.ForeignKeyConstraint(["successor_id"], ["plan_template_item.id"], name=op.f("fk_plan_template_link_successor_id")),
        sa.ForeignKeyConstraint(["template_id"], ["plan_template.id"], name=op.f("fk_plan_template_link_template_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_template_link")),
    )
    op.create_index("ix_plan_template_link_template_id", "plan_template_link", ["template_id"], unique=False)
    for table in TRACKED:
        track_table(op, table)


def downgrade() -> None:
    op.drop_index("ix_plan_template_link_template_id", table_name="plan_template_link")
    op.drop_table("plan_template_link")
    op.drop_index("ix_plan_template_item_template_id", table_name="plan_template_item")
    op.drop_table("plan_template_item")
    op.drop_index("ix_plan_template_service", table_name="plan_template", postgresql_where=sa.text("removed_at IS NULL"))
    op.drop_table("plan_template")
