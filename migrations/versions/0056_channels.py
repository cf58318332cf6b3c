"""Further channels of organisations, and what is posted to them."""

import sqlalchemy as sa
from alembic import op

from migrations.helpers import track_table

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "channel",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("kinds", sa.Text(), nullable=False),
        sa.Column("on_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_channel_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel")),
    )
    op.create_index("ix_channel_organisation_id", "channel", ["organisation_id"])
    track_table(op, "channel")
    states = sa.Enum("waiting", "claimed", "accepted", "dead", name="poststate", native_enum=False, length=40)
    op.create_table(
        "channel_post",
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("state", states, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_channel_post_channel_id")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_channel_post_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_post")),
        sa.UniqueConstraint("channel_id", "message_id", name="uq_channel_post_once"),
    )
    op.create_index("ix_channel_post_channel_id", "channel_post", ["channel_id", "created_at", "id"])
    op.create_index(
        "ix_channel_post_ready", "channel_post", ["next_attempt_at", "id"], postgresql_where=sa.text("state = 'waiting'")
    )
    op.create_index("ix_channel_post_leased", "channel_post", ["leased_until"], postgresql_where=sa.text("state = 'claimed'"))
    op.create_index("ix_channel_post_message_id", "channel_post", ["message_id"])


def downgrade() -> None:
    op.drop_table("channel_post")
    op.drop_table("channel")
