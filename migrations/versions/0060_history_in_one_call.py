"""Recording in one call of the server, and a guard that costs nothing while it has nothing to refuse.

`history_save` writes everything that a transaction adds, if the streams still stand where the caller saw them; `history_open` locks
streams and then reads the versions in force, for a caller that has not seen them or came too late. The condition of the guard on
versions moves into the trigger's WHEN, so that its function is entered only to refuse.
"""

from alembic import op

revision = "0060"
down_revision = "0057"
branch_labels = None
depends_on = None

# Two statements within one call: under READ COMMITTED each statement of a volatile function sees what was committed when it began,
# so that the versions are those which the last holder of the lock left behind.
OPEN = """
CREATE FUNCTION history_open(streams text[], subjects uuid[], OUT heads json, OUT known json)
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  SELECT json_agg(json_build_array(s.id, s.seq, encode(s.head, 'hex'), s.recorded_at)) INTO heads
  FROM (SELECT id, seq, head, recorded_at FROM history_stream WHERE id = ANY(streams) ORDER BY id FOR UPDATE) s;
  SELECT json_agg(json_build_array(v.subject_id, v.event_id, v.state, v.commitments)) INTO known
  FROM history_version v WHERE v.subject_id = ANY(subjects) AND v.recorded_to = '9999-01-01 00:00:00+00';
END $$
"""

# Moving a stream on takes its lock. One stream is locked by the UPDATE itself, several first in the order of their names, so that two
# writers cannot deadlock. An earlier version is closed by a statement of its own: only one version of a subject may be in force.
SAVE = """
CREATE FUNCTION history_save(streams json, closed json, events json) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  line record;
BEGIN
  IF json_array_length(streams) > 1 THEN
    PERFORM 1 FROM history_stream s WHERE s.id IN (SELECT w.id FROM json_to_recordset(streams) AS w(id text))
    ORDER BY s.id FOR UPDATE;
    IF EXISTS (
      SELECT FROM json_to_recordset(streams) AS w(id text, was text)
      WHERE NOT EXISTS (SELECT FROM history_stream s WHERE s.id = w.id AND s.head = decode(w.was, 'hex'))
    ) THEN RETURN false; END IF;
  END IF;
  FOR line IN SELECT * FROM json_to_recordset(streams) AS w(id text, was text, seq bigint, head text, at timestamptz) LOOP
    UPDATE history_stream SET seq = line.seq, head = decode(line.head, 'hex'), recorded_at = line.at
    WHERE id = line.id AND head = decode(line.was, 'hex');
    IF NOT FOUND THEN RETURN false; END IF;
  END LOOP;
  IF closed IS NOT NULL THEN
    FOR line IN SELECT * FROM json_to_recordset(closed) AS w(event_id uuid, at timestamptz) LOOP
      UPDATE history_version SET recorded_to = line.at WHERE event_id = line.event_id;
    END LOOP;
  END IF;
  WITH w AS MATERIALIZED (
    SELECT * FROM json_to_recordset(events) AS w(
      id uuid, stream_id text, seq bigint, leaf_hash text, body text, verb text, subject_kind text, subject_id uuid, actor_id uuid,
      organisation_id uuid, authority_kind text, authority_id uuid, occurred_at timestamptz, recorded_at timestamptz,
      request_id text, previous uuid, recorded_to timestamptz, state jsonb, commitments jsonb, openings json)
  ), e AS (
    INSERT INTO history_event (id, stream_id, seq, leaf_hash, body, verb, subject_kind, subject_id, actor_id, organisation_id,
                               authority_kind, authority_id, occurred_at, recorded_at, request_id)
    SELECT id, stream_id, seq, decode(leaf_hash, 'hex'), convert_to(body, 'UTF8'), verb, subject_kind, subject_id, actor_id,
           organisation_id, authority_kind, authority_id, occurred_at, recorded_at, request_id FROM w
  ), v AS (
    INSERT INTO history_version (event_id, previous_event_id, stream_id, subject_kind, subject_id, recorded_from, recorded_to,
                                 state, commitments)
    SELECT id, previous, stream_id, subject_kind, subject_id, recorded_at, recorded_to, state, commitments
    FROM w WHERE recorded_to IS NOT NULL
  )
  INSERT INTO history_opening (event_id, path, salt, value)
  SELECT w.id, o ->> 0, decode(o ->> 1, 'hex'), (o -> 2)::jsonb FROM w, json_array_elements(w.openings) AS o;
  RETURN true;
END $$
"""


# The same condition as in the function of 0001, asked by the executor itself; the function is entered only to refuse.
CLOSE_ONLY = """
CREATE TRIGGER history_version_close_only BEFORE UPDATE ON history_version FOR EACH ROW WHEN (
  OLD.recorded_to <> '9999-01-01 00:00:00+00'
  OR (OLD.event_id, OLD.previous_event_id, OLD.stream_id, OLD.subject_kind, OLD.subject_id, OLD.recorded_from, OLD.state,
      OLD.commitments)
  IS DISTINCT FROM
     (NEW.event_id, NEW.previous_event_id, NEW.stream_id, NEW.subject_kind, NEW.subject_id, NEW.recorded_from, NEW.state,
      NEW.commitments)
) EXECUTE FUNCTION collab_close_version()
"""
CLOSE_ONLY_BEFORE = """
CREATE TRIGGER history_version_close_only BEFORE UPDATE ON history_version FOR EACH ROW EXECUTE FUNCTION collab_close_version()
"""


def upgrade() -> None:
    op.execute(OPEN)
    op.execute(SAVE)
    op.execute("DROP TRIGGER history_version_close_only ON history_version")
    op.execute(CLOSE_ONLY)


def downgrade() -> None:
    op.execute("DROP TRIGGER history_version_close_only ON history_version")
    op.execute(CLOSE_ONLY_BEFORE)
    op.execute("DROP FUNCTION history_save(json, json, json)")
    op.execute("DROP FUNCTION history_open(text[], uuid[])")
