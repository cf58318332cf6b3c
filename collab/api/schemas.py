"""What the API returns, as explicit shapes; never a row."""

from datetime import date
from typing import Any

from collab.audits.wording import verb_text
from collab.history.queries import Entry
from collab.kernel.targets import TargetInfo


def object_json(info: TargetInfo) -> dict[str, Any]:
    """Return an object: kind, id, number, title, state, day (ISO, Gregorian) and the path of its page."""
    return {
        "kind": info.kind,
        "id": str(info.id),
        "number": info.number or None,
        "title": info.title,
        "state": info.state or None,
        "day": _day(info.day),
        "committee_id": str(info.committee_id) if info.committee_id else None,
        "organisation_id": str(info.organisation_id) if info.organisation_id else None,
        "url": info.url,
    }


def event_json(entry: Entry) -> dict[str, Any]:
    """Return one event of the history: instants in UTC, names of fields and the verb as codes with the verb in words beside."""
    return {
        "id": str(entry.event_id),
        "stream": entry.stream_id,
        "seq": entry.seq,
        "verb": entry.verb,
        "verb_text": verb_text(entry.verb),
        "subject": {"kind": entry.subject_kind, "id": str(entry.subject_id)},
        "actor_id": str(entry.actor_id) if entry.actor_id else None,
        "actor_kind": entry.actor_kind,
        "organisation_id": str(entry.organisation_id) if entry.organisation_id else None,
        "reason": entry.reason or None,
        "authority": {"kind": entry.authority_kind, "id": str(entry.authority_id), "clause": entry.authority_clause}
        if entry.authority_id
        else None,
        "occurred_at": entry.occurred_at.isoformat(),
        "recorded_at": entry.recorded_at.isoformat(),
        "changes": [{"field": change.name, "old": change.old, "new": change.new} for change in entry.changes],
    }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
