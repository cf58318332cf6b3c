"""Erasing personal values: a list of what was erased and why, and the only way by which an opening can be taken out."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.helpers import APP_ROLE, refuse, track_table

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

#: Deletes an opening that the list names, and takes its value out of every version that still shows it under the same commitment.
ERASE = """
CREATE FUNCTION collab_erase_opening(wanted_event uuid, wanted_path text) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE listed uuid; field text := substr(wanted_path, 7); digest text;
BEGIN
  SELECT erasure_event_id INTO listed FROM history_erasure WHERE event_id = wanted_event AND path = wanted_path;
  IF listed IS NULL THEN
    RAISE EXCEPTION 'an opening is only erased under a recorded decision' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  PERFORM set_config('collab.erasing', '1', true);
  IF wanted_path LIKE 'state.%' THEN
    SELECT commitments ->> field INTO digest FROM history_version WHERE event_id = wanted_event;
    UPDATE history_version SET state = jsonb_set(state, ARRAY[field], to_jsonb('[erased, event ' || listed || ']'))
    WHERE subject_id = (SELECT subject_id FROM history_event WHERE id = wanted_event) AND commitments ->> field = digest;
  END IF;
  DELETE FROM history_opening WHERE event_id = wanted_event AND path = wanted_path;
  PERFORM set_config('collab.erasing', '', true);
END $$
"""

#: The owner of the function, and nobody else, passes the guards while it runs.
ALLOWED = "coalesce(current_setting('collab.erasing', true), '') = '1' AND current_user <> session_user"

REFUSE_OPENING = f"""
CREATE FUNCTION collab_refuse_opening() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND {ALLOWED} THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION '% on % is refused: the history only grows', TG_OP, TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$
"""

CLOSE_ONLY = """
CREATE OR REPLACE FUNCTION collab_close_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF {allowed} AND (to_jsonb(OLD) - 'state') = (to_jsonb(NEW) - 'state') THEN
    RETURN NEW;
  END IF;
  IF OLD.recorded_to <> '9999-01-01 00:00:00+00' OR (to_jsonb(OLD) - 'recorded_to') <> (to_jsonb(NEW) - 'recorded_to') THEN
    RAISE EXCEPTION 'a version can only be closed, once' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "erasure_decision",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("decided_by_id", sa.Uuid(), nullable=False),
        sa.Column("second_person_id", sa.Uuid(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("places", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_erasure_decision"),
        sa.CheckConstraint("decided_by_id <> second_person_id", name="ck_erasure_decision_two_people"),
    )
    track_table(op, "erasure_decision")
    op.create_table(
        "history_erasure",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("decision_id", sa.Uuid(), nullable=False),
        sa.Column("erasure_event_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", "path", name="pk_history_erasure"),
        sa.ForeignKeyConstraint(["event_id"], ["history_event.id"], name="fk_history_erasure_event_id_history_event"),
        sa.ForeignKeyConstraint(["decision_id"], ["erasure_decision.id"], name="fk_history_erasure_decision_id_erasure_decision"),
    )
    refuse(op, "history_erasure", "UPDATE", "DELETE", "TRUNCATE")
    op.execute(ERASE)
    op.execute("REVOKE ALL ON FUNCTION collab_erase_opening(uuid, text) FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION collab_erase_opening(uuid, text) TO {APP_ROLE}")
    op.execute(REFUSE_OPENING)
    op.execute("DROP TRIGGER history_opening_no_delete ON history_opening")
    op.execute(
        "CREATE TRIGGER history_opening_no_delete BEFORE DELETE ON history_opening "
        "FOR EACH STATEMENT EXECUTE FUNCTION collab_refuse_opening()"
    )
    op.execute(CLOSE_ONLY.format(allowed=ALLOWED))


def downgrade() -> None:
    op.execute(CLOSE_ONLY.format(allowed="false"))
    op.execute("DROP TRIGGER history_opening_no_delete ON history_opening")
    op.execute(
        "CREATE TRIGGER history_opening_no_delete BEFORE DELETE ON history_opening "
        "FOR EACH STATEMENT EXECUTE FUNCTION collab_refuse_change()"
    )
    op.execute("DROP FUNCTION collab_refuse_opening()")
    op.execute("DROP FUNCTION collab_erase_opening(uuid, text)")
    op.drop_table("history_erasure")
    op.drop_table("erasure_decision")
