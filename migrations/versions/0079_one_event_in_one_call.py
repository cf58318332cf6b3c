"""The commonest transaction of all, one event, written without JSON, and looks that find every stream by its key.

`history_look` takes names and ids one at a time: of a list of unknown length the planner expects ten rows, and for ten it read a
whole table of streams. `history_append` takes one event as typed values; `history_save` calls it for each of several. The guard on
versions asks one question of a row that is closed; the columns that never change have a trigger of their own, which sleeps until one of
them is named in an UPDATE.
"""

from alembic import op

revision = "0079"
down_revision = "0077"
branch_labels = None
depends_on = None

# STABLE: all its reads see what the statement that calls it sees, so that heads and versions are of one moment.
LOOK = """
CREATE FUNCTION history_look(streams text, subjects text) RETURNS json
LANGUAGE plpgsql STABLE AS $$
DECLARE
  name text;
  subject uuid;
  line json;
  heads json[];
  known json[];
BEGIN
  FOREACH name IN ARRAY string_to_array(streams, ' ') LOOP
    SELECT json_build_array(s.id, s.seq, encode(s.head, 'hex'), s.recorded_at) INTO line FROM history_stream s WHERE s.id = name;
    IF FOUND THEN heads := heads || line; END IF;
  END LOOP;
  FOREACH subject IN ARRAY string_to_array(subjects, ' ')::uuid[] LOOP
    SELECT json_build_array(v.subject_id, v.event_id, v.state, v.commitments) INTO line
    FROM history_version v WHERE v.subject_id = subject AND v.recorded_to = '9999-01-01 00:00:00+00';
    IF FOUND THEN known := known || line; END IF;
  END LOOP;
  RETURN json_build_array(heads, known);
END $$
"""

# Two statements within one call: under READ COMMITTED each statement of a volatile function sees what was committed when it began,
# so that the versions are those which the last holder of the lock left behind.
OPEN = """
CREATE FUNCTION history_open(streams text, subjects text) RETURNS json
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  seen json;
BEGIN
  PERFORM 1 FROM history_stream WHERE id = ANY(string_to_array(streams, ' ')) ORDER BY id FOR UPDATE;
  SELECT history_look(streams, subjects) INTO seen;
  RETURN seen;
END $$
"""

# One event: its stream moves on, which takes the stream's lock, only from the hash that the event is chained to. The version before is
# closed before the next begins, because only one version of a subject may be in force; one that was made and closed in the same
# transaction came with its end already.
APPEND = """
CREATE FUNCTION history_append(
  was bytea, id uuid, stream_id text, seq bigint, leaf_hash bytea, body bytea, verb text, subject_kind text, subject_id uuid,
  actor_id uuid, organisation_id uuid, authority_kind text, authority_id uuid, occurred_at timestamptz, recorded_at timestamptz,
  request_id text, previous uuid, until timestamptz, state jsonb, commitments jsonb, openings json) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  UPDATE history_stream s SET seq = history_append.seq, head = leaf_hash, recorded_at = history_append.recorded_at
  WHERE s.id = stream_id AND s.head = was;
  IF NOT FOUND THEN RETURN false; END IF;
  INSERT INTO history_event (id, stream_id, seq, leaf_hash, body, verb, subject_kind, subject_id, actor_id, organisation_id,
                             authority_kind, authority_id, occurred_at, recorded_at, request_id)
  VALUES (id, stream_id, seq, leaf_hash, body, verb, subject_kind, subject_id, actor_id, organisation_id,
          authority_kind, authority_id, occurred_at, recorded_at, request_id);
  IF previous IS NOT NULL THEN
    UPDATE history_version SET recorded_to = recorded_at WHERE event_id = previous AND recorded_to = '9999-01-01 00:00:00+00';
  END IF;
  IF state IS NOT NULL THEN
    INSERT INTO history_version (event_id, previous_event_id, stream_id, subject_kind, subject_id, recorded_from, recorded_to,
                                 state, commitments)
    VALUES (id, previous, stream_id, subject_kind, subject_id, recorded_at, until, state, commitments);
  END IF;
  IF openings IS NOT NULL THEN
    INSERT INTO history_opening (event_id, path, salt, value)
    SELECT id, o ->> 0, decode(o ->> 1, 'hex'), (o -> 2)::jsonb FROM json_array_elements(openings) AS o;
  END IF;
  RETURN true;
END $$
"""

# Several events: their streams are first locked in the order of their names, so that two writers cannot deadlock, and looked at, so
# that nothing is written when one has moved on. Thereafter every event finds its stream where it left it.
SAVE = """
CREATE FUNCTION history_save(streams json, events json) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  line record;
BEGIN
  PERFORM 1 FROM history_stream s WHERE s.id IN (SELECT w.id FROM json_to_recordset(streams) AS w(id text))
  ORDER BY s.id FOR UPDATE;
  IF EXISTS (
    SELECT FROM json_to_recordset(streams) AS w(id text, was text)
    WHERE NOT EXISTS (SELECT FROM history_stream s WHERE s.id = w.id AND s.head = decode(w.was, 'hex'))
  ) THEN RETURN false; END IF;
  FOR line IN
    SELECT * FROM json_to_recordset(events) AS w(
      was text, id uuid, stream_id text, seq bigint, leaf_hash text, body text, verb text, subject_kind text, subject_id uuid,
      actor_id uuid, organisation_id uuid, authority_kind text, authority_id uuid, occurred_at timestamptz, recorded_at timestamptz,
      request_id text, previous uuid, until timestamptz, state jsonb, commitments jsonb, openings json)
  LOOP
    IF NOT history_append(
      decode(line.was, 'hex'), line.id, line.stream_id, line.seq, decode(line.leaf_hash, 'hex'), convert_to(line.body, 'UTF8'),
      line.verb, line.subject_kind, line.subject_id, line.actor_id, line.organisation_id, line.authority_kind, line.authority_id,
      line.occurred_at, line.recorded_at, line.request_id, line.previous, line.until, line.state, line.commitments, line.openings
    ) THEN
      RAISE EXCEPTION 'event % is not chained to the end of its stream', line.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
  END LOOP;
  RETURN true;
END $$
"""

# The row trigger of 0060 compared every column of every version that is closed; PostgreSQL reads such a condition anew for each statement.
CLOSE_ONCE = """
CREATE TRIGGER history_version_close_only BEFORE UPDATE ON history_version FOR EACH ROW
WHEN (OLD.recorded_to <> '9999-01-01 00:00:00+00') EXECUTE FUNCTION collab_close_version()
"""
KEEP_THE_REST = """
CREATE TRIGGER history_version_keep BEFORE UPDATE OF
event_id, previous_event_id, stream_id, subject_kind, subject_id, recorded_from, state, commitments ON history_version
FOR EACH ROW EXECUTE FUNCTION collab_close_version()
"""

# As they were before (0060).
OPEN_BEFORE = """
CREATE FUNCTION history_open(streams text[], subjects uuid[], OUT heads json, OUT known json)
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  SELECT json_agg(json_build_array(s.id, s.seq, encode(s.head, 'hex'), s.recorded_at)) INTO heads
  FROM (SELECT id, seq, head, recorded_at FROM history_stream WHERE id = ANY(streams) ORDER BY id FOR UPDATE) s;
  SELECT json_agg(json_build_array(v.subject_id, v.event_id, v.state, v.commitments)) INTO known
  FROM history_version v WHERE v.subject_id = ANY(subjects) AND v.recorded_to = '9999-01-01 00:00:00+00';
END $$
"""
SAVE_BEFORE = """
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
CLOSE_ONLY_BEFORE = """
CREATE TRIGGER history_version_close_only BEFORE UPDATE ON history_version FOR EACH ROW WHEN (
  OLD.recorded_to <> '9999-01-01 00:00:00+00'
  OR (OLD.event_id, OLD.previous_event_id, OLD.stream_id, OLD.subject_kind, OLD.subject_id, OLD.recorded_from, OLD.state,
      OLD.commitments)
  IS DISTINCT FROM
     (NEW.event_id, NEW.previous_event_id, NEW.stream_id, NEW.subject_kind, NEW.subject_id, NEW.recorded_from, NEW.state,
      NEW.commitments)
) EXECUTE FUNCTION collab_close_version()
"""


def upgrade() -> None:
    op.execute("DROP FUNCTION history_open(text[], uuid[])")
    op.execute("DROP FUNCTION history_save(json, json, json)")
    op.execute("DROP TRIGGER history_version_close_only ON history_version")
    for made in (LOOK, OPEN, APPEND, SAVE, CLOSE_ONCE, KEEP_THE_REST):
        op.execute(made)


def downgrade() -> None:
    op.execute("DROP TRIGGER history_version_keep ON history_version")
    op.execute("DROP TRIGGER history_version_close_only ON history_version")
    op.execute("DROP FUNCTION history_save(json, json)")
    op.execute(
        "DROP FUNCTION history_append(bytea, uuid, text, bigint, bytea, bytea, text, text, uuid, uuid, uuid, text, uuid, "
        "timestamptz, timestamptz, text, uuid, timestamptz, jsonb, jsonb, json)"
    )
    op.execute("DROP FUNCTION history_open(text, text)")
    op.execute("DROP FUNCTION history_look(text, text)")
    for before in (OPEN_BEFORE, SAVE_BEFORE, CLOSE_ONLY_BEFORE):
        op.execute(before)
