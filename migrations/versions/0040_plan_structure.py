"""Groups with a weight, dependencies, milestones, what comes again, and what was copied from where."""

import sqlalchemy as sa
from alembic import op

from migrations.helpers import track_table

revision = "0040"
down_revision = "0035"
branch_labels = None
depends_on = None

TRACKED = ("action_dependency", "action_group", "action_recurrence")


def upgrade() -> None:
    op.create_table(
        "action_group",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("name <> ''", name=op.f("ck_action_group_named")),
        sa.CheckConstraint("weight BETWEEN 1 AND 1000", name=op.f("ck_action_group_weight_range")),
        sa.ForeignKeyConstraint(["plan_id"], ["action_plan.id"], name=op.f("fk_action_group_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action_group")),
    )
    op.create_index(
        "uq_action_group_name", "action_group", ["plan_id", "name"], unique=True, postgresql_where=sa.text("removed_at IS NULL")
    )
    op.create_table(
        "action_recurrence",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column(
            "frequency", sa.Enum("monthly", "quarterly", "yearly", name="frequency", native_enum=False, length=40), nullable=False
        ),
        sa.Column("working_day", sa.Integer(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("working_day BETWEEN 1 AND 20", name=op.f("ck_action_recurrence_working_day_range")),
        sa.ForeignKeyConstraint(["plan_id"], ["action_plan.id"], name=op.f("fk_action_recurrence_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action_recurrence")),
    )
    op.create_index("ix_action_recurrence_plan_id", "action_recurrence", ["plan_id"], unique=False)
    op.create_table(
        "action_dependency",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("predecessor_id", sa.Uuid(), nullable=False),
        sa.Column("successor_id", sa.Uuid(), nullable=False),
        sa.Column("lag_days", sa.Integer(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("lag_days BETWEEN 0 AND 250", name=op.f("ck_action_dependency_lag_range")),
        sa.CheckConstraint("predecessor_id <> successor_id", name=op.f("ck_action_dependency_not_itself")),
        sa.ForeignKeyConstraint(["plan_id"], ["action_plan.id"], name=op.f("fk_action_dependency_plan_id")),
        sa.ForeignKeyConstraint(["predecessor_id"], ["action_item.id"], name=op.f("fk_action_dependency_predecessor_id")),
        sa.ForeignKeyConstraint(["successor_id"], ["action_item.id"], name=op.f("fk_action_dependency_successor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action_dependency")),
    )
    op.create_index(
        "ix_action_dependency_plan_id",
        "action_dependency",
        ["plan_id"],
        unique=False,
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_index(
        "ix_action_dependency_successor_id",
        "action_dependency",
        ["successor_id"],
        unique=False,
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_index(
        "uq_action_dependency",
        "action_dependency",
        ["predecessor_id", "successor_id"],
        unique=True,
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.add_column(
        "action_item",
        sa.Column(
            "kind",
            sa.Enum("task", "milestone", name="itemkind", native_enum=False, length=40),
            server_default="task",
            nullable=False,
        ),
    )
    op.add_column("action_item", sa.Column("location", sa.Text(), server_default="", nullable=False))
    op.add_column("action_item", sa.Column("recurrence_id", sa.Uuid(), nullable=True))
    op.add_column("action_item", sa.Column("period_on", sa.Date(), nullable=True))
    op.add_column("action_item", sa.Column("previous_id", sa.Uuid(), nullable=True))
    op.create_index(
        "uq_action_item_occurrence",
        "action_item",
        ["recurrence_id", "period_on"],
        unique=True,
        postgresql_where=sa.text("recurrence_id IS NOT NULL"),
    )
    op.create_foreign_key(op.f("fk_action_item_recurrence_id"), "action_item", "action_recurrence", ["recurrence_id"], ["id"])
    op.create_foreign_key(op.f("fk_action_item_previous_id"), "action_item", "action_item", ["previous_id"], ["id"])
    op.add_column("action_plan", sa.Column("previous_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_action_plan_previous_id"), "action_plan", "action_plan", ["previous_id"], ["id"])
    op.create_check_constraint(
        op.f("ck_action_item_milestone_is_a_day"), "action_item", "kind <> 'milestone' OR starts_on = due_on"
    )
    op.create_check_constraint(
        op.f("ck_action_item_occurrence_whole"), "action_item", "(recurrence_id IS NULL) = (period_on IS NULL)"
    )
    for table in TRACKED:
        track_table(op, table)


def downgrade() -> None:
    op.drop_constraint(op.f("ck_action_item_occurrence_whole"), "action_item", type_="check")
    op.drop_constraint(op.f("ck_action_item_milestone_is_a_day"), "action_item", type_="check")
    op.drop_constraint(op.f("fk_action_plan_previous_id"), "action_plan", type_="foreignkey")
    op.drop_column("action_plan", "previous_id")
    op.drop_constraint(op.f("fk_action_item_previous_id"), "action_item", type_="foreignkey")
    op.drop_constraint(op.f("fk_action_item_recurrence_id"), "action_item", type_="foreignkey")
    op.drop_index("uq_action_item_occurrence", table_name="action_item", postgresql_where=sa.text("recurrence_id IS NOT NULL"))
    op.drop_column("action_item", "previous_id")
    op.drop_column("action_item", "period_on")
    op.drop_column("action_item", "recurrence_id")
    op.drop_column("action_item", "location")
    op.drop_column("action_item", "kind")
    op.drop_index("uq_action_dependency", table_name="action_dependency", postgresql_where=sa.text("removed_at IS NULL"))
    op.drop_index(
        "ix_action_dependency_successor_id", table_name="action_dependency", postgresql_where=sa.text("removed_at IS NULL")
    )
    op.drop_index("ix_action_dependency_plan_id", table_name="action_dependency", postgresql_where=sa.text("removed_at IS NULL"))
    op.drop_table("action_dependency")
    op.drop_index("ix_action_recurrence_plan_id", table_name="action_recurrence")
    op.drop_table("action_recurrence")
    op.drop_index("uq_action_group_name", table_name="action_group", postgresql_where=sa.text("removed_at IS NULL"))
    op.drop_table("action_group")
