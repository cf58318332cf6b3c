"""Findings with severity, the five parts of a finding, drafts, follow-up, reopening and lessons."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

TEXTS = ("criteria", "condition", "cause", "effect", "recommendation", "lesson")


def upgrade() -> None:
    # Defaults fill the rows that are there without an UPDATE, which only a recorded act may do; then they go.
    severity = sa.Enum("low", "medium", "high", name="severity", native_enum=False, length=40)
    op.add_column("finding", sa.Column("severity", severity, nullable=False, server_default="medium"))
    for name in TEXTS:
        op.add_column("finding", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    op.add_column("finding", sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True, server_default=sa.func.now()))
    op.add_column("finding", sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("finding", sa.Column("follow_up_on", sa.Date(), nullable=True))
    op.add_column("finding", sa.Column("reopened", sa.Integer(), nullable=False, server_default="0"))
    op.create_check_constraint(op.f("ck_finding_reopened_not_negative"), "finding", "reopened >= 0")
    step = sa.Enum("reply", "asked_again", "follow_up", "closed", "reopened", name="step", native_enum=False, length=40)
    op.add_column("finding_reply", sa.Column("step", step, nullable=False, server_default="reply"))
    op.add_column("finding_reply", sa.Column("due_on", sa.Date(), nullable=True))
    for name in ("severity", *TEXTS, "issued_at", "reopened"):
        op.alter_column("finding", name, server_default=None)
    op.alter_column("finding_reply", "step", server_default=None)


def downgrade() -> None:
    op.drop_column("finding_reply", "due_on")
    op.drop_column("finding_reply", "step")
    op.drop_constraint(op.f("ck_finding_reopened_not_negative"), "finding")
    for name in ("reopened", "follow_up_on", "answered_at", "issued_at", *reversed(TEXTS), "severity"):
        op.drop_column("finding", name)
