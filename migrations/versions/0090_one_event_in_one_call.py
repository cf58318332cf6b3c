"""A change of one object is recorded by one call, which finds what the event is chained to, and needs no word before it.

`history_chain` takes an event whose writer knows what the version in force says, and does not know where its stream stands: the
number, the hash of the event before and the commitments that stay are written into the body here. All of them are digits, so that
nothing of JSON's rules is needed twice. What the writer took for granted is checked; when something else is in force, nothing is
written and the answer is false.

A row that counts its versions says itself that the session changed it: the session counts up with every UPDATE. So its guard
asks for an act only when the count is not the next one, and a change through the session needs no announcement.
"""

from alembic import op

from migrations.helpers import track_table

revision = "0090"
down_revision = "0087"
branch_labels = None
depends_on = None

# `changed` holds what the row said before, of the fields that changed; `committed` the names of all fields that are kept as commitments.
# `mark` is the event's id without dashes; the body is full of it where something is missing. An id is new with every attempt and
# nobody knows it before, so that no text can hold it by chance or by intent. The stream is not locked before `history_append` moves it on,
# if it still ends where it was seen to: who comes too late has waited for the other's commit there, and sees it at the next attempt.
CHAIN = """
CREATE FUNCTION history_chain(
  id uuid, stream_id text, body text, verb text, subject_kind text, subject_id uuid, actor_id uuid, organisation_id uuid,
  authority_kind text, authority_id uuid, occurred_at timestamptz, recorded_at timestamptz, request_id text,
  state jsonb, changed jsonb, committed text, fresh jsonb, openings json) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  mark text := translate(id::text, '-', '');
  last record;
  name text;
  filled text;
  octets bytea;
BEGIN
  FOR _attempt IN 1..10 LOOP
    SELECT s.seq + 1 AS seq, s.head, v.event_id, v.commitments INTO last
    FROM history_stream s, history_version v
    WHERE s.id = history_chain.stream_id AND s.recorded_at <= history_chain.recorded_at
      AND v.subject_id = history_chain.subject_id AND v.recorded_to = '9999-01-01 00:00:00+00'
      AND v.state = history_chain.state || changed;
    IF NOT FOUND THEN RETURN false; END IF;
    filled := replace(replace(body, '"' || mark || '-seq."', last.seq::text), mark || '-prev.', encode(last.head, 'hex'));
    FOREACH name IN ARRAY string_to_array(committed, ' ') LOOP
      IF last.commitments ->> name IS NULL THEN RETURN false; END IF;
      filled := replace(filled, mark || name || '.', last.commitments ->> name);
    END LOOP;
    octets := convert_to(filled, 'UTF8');
    IF history_append(
      last.head, id, stream_id, last.seq, sha256('\\x00'::bytea || octets), octets, verb, subject_kind, subject_id, actor_id,
      organisation_id, authority_kind, authority_id, occurred_at, recorded_at, request_id, last.event_id,
      '9999-01-01 00:00:00+00', state, last.commitments || fresh, openings) THEN RETURN true; END IF;
  END LOOP;
  RETURN false;
END $$
"""
#: The tracked tables of today whose rows count their versions.
COUNTED = (
    "absence", "action_budget_line", "action_dependency", "action_group", "action_indicator", "action_item", "action_plan",
    "action_recurrence", "address_flag", "agenda_item", "agreement", "agreement_approval", "agreement_party", "attendance",
    "audit_access", "audit_note", "audit_sample", "audit_sample_row", "calendar_feed", "channel", "clause", "committee",
    "committee_rules", "deadline_change", "deputy", "document", "erasure_request", "evidence_bundle", "finding",
    "help_request", "holiday", "invitation", "job_pause", "log_witness", "meeting", "monthly_closing", "obligation",
    "opinion_request", "organisation", "organisation_fact", "plan_budget_line", "plan_indicator", "plan_indicator_target",
    "plan_risk", "plan_service_area", "plan_template", "post", "practice_case", "progress_report", "proposal",
    "reminder_override", "reminder_rule", "role_assignment", "seat", "seat_holder", "self_assessment", "service_plan",
    "slip_rule", "user_account",
)  # fmt: skip


def upgrade() -> None:
    op.execute(CHAIN)
    for table in COUNTED:
        op.execute(f"DROP TRIGGER {table}_tracked ON {table}")
        op.execute(f"DROP TRIGGER {table}_kept ON {table}")
        track_table(op, table, counted=True)


def downgrade() -> None:
    for table in COUNTED:
        op.execute(f"DROP TRIGGER {table}_counted ON {table}")
        op.execute(f"DROP TRIGGER {table}_tracked ON {table}")
        op.execute(f"DROP TRIGGER {table}_kept ON {table}")
        track_table(op, table)
    op.execute("DROP FUNCTION history_chain")
