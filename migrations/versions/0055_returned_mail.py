"""Reports about our mail, what they say of a message, and addresses to which mail came back."""

import sqlalchemy as sa
from alembic import op

from migrations.helpers import track_table

revision = "0055"
down_revision = "0045"
branch_labels = None
depends_on = None


def _codes(name: str, *codes: str) -> sa.Enum:
    return sa.Enum(*codes, name=name, native_enum=False, length=40)


def upgrade() -> None:
    op.add_column("message", sa.Column("fate", _codes("fate", "delivered", "bounced", "complained"), nullable=True))
    op.create_table(
        "address_flag",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("flagged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_by_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_address_flag_user_id")),
        sa.ForeignKeyConstraint(["confirmed_by_id"], ["user_account.id"], name=op.f("fk_address_flag_confirmed_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address_flag")),
    )
    is_open = sa.text("confirmed_at IS NULL")
    op.create_index("uq_address_flag_open", "address_flag", ["user_id"], unique=True, postgresql_where=is_open)
    op.create_index("ix_address_flag_flagged_at", "address_flag", ["flagged_at", "id"], postgresql_where=is_open)
    track_table(op, "address_flag")
    op.create_table(
        "mail_report",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("source", _codes("reportsource", "mailbox", "webhook"), nullable=False),
        sa.Column(
            "kind", _codes("reportkind", "failed", "delayed", "delivered", "complaint", "auto_reply", "unknown"), nullable=False
        ),
        sa.Column(
            "finding", _codes("finding", "flagged", "bounced", "delivered", "complained", "noted", "unmatched"), nullable=False
        ),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_mail_report_message_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_mail_report_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_report")),
        sa.UniqueConstraint("digest", name=op.f("uq_mail_report_digest")),
    )
    op.create_index("ix_mail_report_received_at", "mail_report", ["received_at", "id"])
    op.create_index("ix_mail_report_user_id", "mail_report", ["user_id", "received_at"])


def downgrade() -> None:
    op.drop_table("mail_report")
    op.drop_table("address_flag")
    op.drop_column("message", "fate")
