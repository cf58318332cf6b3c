"""History: streams, events, openings, versions, and the guards that keep them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.helpers import APP_ROLE, refuse

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

GUARD_TRACKED = """
CREATE FUNCTION collab_guard_tracked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP IN ('DELETE', 'TRUNCATE') THEN
    RAISE EXCEPTION 'nothing tracked is deleted: % on %', TG_OP, TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF coalesce(current_setting('collab.act', true), '') = '' THEN
    RAISE EXCEPTION 'change of % without a recorded act', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$
"""

REFUSE_CHANGE = """
CREATE FUNCTION collab_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % is refused: the history only grows', TG_OP, TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$
"""

CLOSE_ONLY = """
CREATE FUNCTION collab_close_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.recorded_to <> '9999-01-01 00:00:00+00' OR (to_jsonb(OLD) - 'recorded_to') <> (to_jsonb(NEW) - 'recorded_to') THEN
    RAISE EXCEPTION 'a version can only be closed, once' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$
"""


def upgrade() -> None:
    op.execute(f"GRANT USAGE ON SCHEMA public TO {APP_ROLE}")
    op.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {APP_ROLE}")
    op.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {APP_ROLE}")
    for function in (GUARD_TRACKED, REFUSE_CHANGE, CLOSE_ONLY):
        op.execute(function)
    _create_streams_and_events()
    _create_openings_and_versions()
    refuse(op, "history_stream", "DELETE", "TRUNCATE")
    refuse(op, "history_event", "UPDATE", "DELETE", "TRUNCATE")
    refuse(op, "history_opening", "UPDATE", "DELETE", "TRUNCATE")
    refuse(op, "history_version", "DELETE", "TRUNCATE")
    op.execute(f"REVOKE UPDATE ON history_version FROM {APP_ROLE}")
    op.execute(f"GRANT UPDATE (recorded_to) ON history_version TO {APP_ROLE}")
    op.execute(
        "CREATE TRIGGER history_version_close_only BEFORE UPDATE ON history_version "
        "FOR EACH ROW EXECUTE FUNCTION collab_close_version()"
    )


def _create_streams_and_events() -> None:
    op.create_table(
        "history_stream",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_history_stream"),
    )
    op.create_table(
        "history_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("stream_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("authority_kind", sa.Text(), nullable=True),
        sa.Column("authority_id", sa.Uuid(), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["stream_id"], ["history_stream.id"], name="fk_history_event_stream_id_history_stream"),
        sa.PrimaryKeyConstraint("id", name="pk_history_event"),
        sa.UniqueConstraint("stream_id", "seq", name="uq_history_event_stream_id_seq"),
    )
    op.create_index("ix_history_event_subject", "history_event", ["subject_id", "recorded_at", "id"])
    op.create_index("ix_history_event_actor", "history_event", ["actor_id", "recorded_at"])
    op.create_index("ix_history_event_recorded", "history_event", ["recorded_at", "id"])


def _create_openings_and_versions() -> None:
    op.create_table(
        "history_opening",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("value", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["history_event.id"], name="fk_history_opening_event_id_history_event"),
        sa.PrimaryKeyConstraint("event_id", "path", name="pk_history_opening"),
    )
    op.create_table(
        "history_version",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("previous_event_id", sa.Uuid(), nullable=True),
        sa.Column("stream_id", sa.Text(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_to", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", postgresql.JSONB(), nullable=False),
        sa.Column("commitments", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["history_event.id"], name="fk_history_version_event_id_history_event"),
        sa.PrimaryKeyConstraint("event_id", name="pk_history_version"),
    )
    op.create_index("ix_history_version_stream", "history_version", ["stream_id", "recorded_from", "recorded_to"])
    op.create_index("ix_history_version_subject", "history_version", ["subject_id", "recorded_to"])
    op.create_index(
        "uq_history_version_current", "history_version", ["subject_id"],
        unique=True, postgresql_where=sa.text("recorded_to = '9999-01-01 00:00:00+00'::timestamptz"),
    )  # fmt: skip


def downgrade() -> None:
    for table in ("history_version", "history_opening", "history_event", "history_stream"):
        op.drop_table(table)
    for function in ("collab_close_version", "collab_refuse_change", "collab_guard_tracked"):
        op.execute(f"DROP FUNCTION {function}()")
    op.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM {APP_ROLE}")
    op.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON SEQUENCES FROM {APP_ROLE}")
    op.execute(f"REVOKE USAGE ON SCHEMA public FROM {APP_ROLE}")
