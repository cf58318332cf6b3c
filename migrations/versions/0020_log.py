"""The log: leaves, tiles, heads, checkpoints, witnesses and their cosignatures; how far each stream is sealed."""

import sqlalchemy as sa
from alembic import op

from migrations.helpers import refuse, track_table

revision = "0020"
down_revision = "0017"
branch_labels = None
depends_on = None

EVIDENCE = ("log_leaf", "log_tile", "log_head", "log_checkpoint", "log_cosignature")


def upgrade() -> None:
    _create_tree()
    _create_notes()
    _create_parties()
    for table in EVIDENCE:
        refuse(op, table, "UPDATE", "DELETE", "TRUNCATE")
    refuse(op, "log_sealed", "DELETE", "TRUNCATE")
    for table in ("log_key", "log_witness", "integrity_alarm"):
        track_table(op, table)


def _create_tree() -> None:
    op.create_table(
        "log_leaf",
        sa.Column("leaf_index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index", name="pk_log_leaf"),
        sa.ForeignKeyConstraint(["event_id"], ["history_event.id"], name="fk_log_leaf_event_id_history_event"),
        sa.UniqueConstraint("event_id", name="uq_log_leaf_event_id"),
    )
    op.create_table(
        "log_tile",
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("idx", sa.BigInteger(), nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "idx", name="pk_log_tile"),
        sa.CheckConstraint("octet_length(hashes) = 8192 AND octet_length(root) = 32", name="ck_log_tile_full"),
    )
    op.create_table(
        "log_sealed",
        sa.Column("stream_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("stream_id", name="pk_log_sealed"),
        sa.ForeignKeyConstraint(["stream_id"], ["history_stream.id"], name="fk_log_sealed_stream_id_history_stream"),
    )


def _create_notes() -> None:
    op.create_table(
        "log_head",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("manifest_event_id", sa.Uuid(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("size", name="pk_log_head"),
    )
    op.create_table(
        "log_checkpoint",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("size", name="pk_log_checkpoint"),
        sa.ForeignKeyConstraint(["size"], ["log_head.size"], name="fk_log_checkpoint_size_log_head"),
    )
    op.create_table(
        "log_cosignature",
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("witness", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("cosigned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("size", "witness", name="pk_log_cosignature"),
        sa.ForeignKeyConstraint(["size"], ["log_checkpoint.size"], name="fk_log_cosignature_size_log_checkpoint"),
    )


def _create_parties() -> None:
    op.create_table(
        "log_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("vkey", sa.Text(), nullable=False),
        sa.Column("from_size", sa.BigInteger(), nullable=False),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("endorsement", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_log_key"),
        sa.UniqueConstraint("vkey", name="uq_log_key_vkey"),
    )
    op.create_table(
        "log_witness",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("vkey", sa.Text(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("is_audit_office", sa.Boolean(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_log_witness"),
        sa.UniqueConstraint("name", name="uq_log_witness_name"),
    )
    op.create_table(
        "integrity_alarm",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("mechanism", sa.Text(), nullable=False),
        sa.Column("subject_table", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_integrity_alarm"),
    )
    op.create_index("ix_integrity_alarm_subject_id", "integrity_alarm", ["subject_id"])


def downgrade() -> None:
    for table in ("integrity_alarm", "log_witness", "log_key", "log_cosignature", "log_checkpoint", "log_head", "log_sealed",
                  "log_tile", "log_leaf"):  # fmt: skip
        op.drop_table(table)
