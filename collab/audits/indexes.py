"""Indexes that only the auditor's questions need. They stand here, so that the areas below know nothing of auditing."""

import sqlalchemy as sa

from collab.audits.trail import late_clause
from collab.history.models import HistoryEvent, HistoryVersion
from collab.reminders.models import ReminderEvidence

BY_VERB = sa.Index("ix_history_event_verb", HistoryEvent.verb, HistoryEvent.recorded_at, HistoryEvent.id)
BY_ORGANISATION = sa.Index(
    "ix_history_event_organisation", HistoryEvent.organisation_id, HistoryEvent.recorded_at, HistoryEvent.id
)
LATE = sa.Index("ix_history_event_late", HistoryEvent.recorded_at, HistoryEvent.id, postgresql_where=late_clause(HistoryEvent))
REGISTER = sa.Index(
    "ix_history_version_register", HistoryVersion.subject_kind, HistoryVersion.subject_id, HistoryVersion.recorded_from,
    postgresql_where=sa.text("subject_kind IN ('agreement', 'resolution')"),
)  # fmt: skip
BY_RECIPIENT = sa.Index("ix_reminder_evidence_recipient_id", ReminderEvidence.recipient_id, ReminderEvidence.id)
