"""Events and past states as text for people: names instead of ids, days in พ.ศ., words instead of codes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from collab.audits import wording
from collab.history.queries import Entry, Snapshot
from collab.kernel import targets
from collab.kernel.access import Actor
from collab.kernel.clock import today
from collab.kernel.dates import format_date, format_datetime
from collab.kernel.i18n import _, get_locale, lazy
from collab.kernel.targets import Ref
from collab.members import queries as members

_PEOPLE = frozenset({"user_id", "owner_id", "author_id", "auditor_id", "deputy_id", "recorded_by_id", "reported_by_id", "recipient_id", "invited_by_id",
                     "decided_by_id", "requested_by_id", "verified_by_id", "uploaded_by_id", "signatory_id"})  # fmt: skip
_EMPTY = "–"
#: Kinds of object that a field of this name may hold, so that the timeline names them instead of showing an id.
_KINDS_OF = {
    "agenda_item_id": ("agenda_item",),
    "agreement_id": ("agreement",),
    "clause_id": ("clause",),
    "committee_id": ("committee",),
    "item_id": ("action_item",),
    "meeting_id": ("meeting",),
    "plan_id": ("action_plan", "service_plan"),
    "proposal_id": ("proposal",),
    "resolution_id": ("resolution",),
    "service_plan_id": ("service_plan",),
}


@dataclass(frozen=True)
class Names:
    """Names of the people, organisations and objects that a page mentions, each read with one query."""

    people: dict[UUID, str]
    organisations: dict[UUID, str]
    objects: dict[Ref, targets.TargetInfo]
    #: Titles of the subjects that the page itself shows, so that a part names its whole instead of an id.
    titles: Mapping[UUID, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """One field before and after, in words."""

    field: str
    old: str
    new: str


@dataclass(frozen=True)
class Shown:
    """One event as the timeline shows it."""

    at: datetime
    actor: str
    title: str
    body_changes: tuple[Line, ...]
    reason: str
    authority: str
    url: str
    subject: str
    event_id: UUID


def present(session: Session, entries: Sequence[Entry]) -> list[Shown]:
    """Return ``entries`` in words, with a fixed number of queries."""
    names = _names(session, entries)
    return [_show(entry, names) for entry in entries]


def visible_to(session: Session, actor: Actor, entries: Sequence[Entry]) -> list[Entry]:
    """Return those of ``entries`` whose subject ``actor`` may see: even an auditor does not read another's unsubmitted draft.

    A subject of a kind that is not registered by itself is a part, shown through its whole, and stays.
    """
    known = targets.kinds()
    seen = targets.visible(session, actor, {Ref(entry.subject_kind, entry.subject_id) for entry in entries})
    return [entry for entry in entries if entry.subject_kind not in known or Ref(entry.subject_kind, entry.subject_id) in seen]


def _names(session: Session, entries: Sequence[Entry]) -> Names:
    people = {entry.actor_id for entry in entries if entry.actor_id}
    organisations = {entry.organisation_id for entry in entries if entry.organisation_id}
    refs = {Ref(entry.subject_kind, entry.subject_id) for entry in entries}
    refs |= {Ref(entry.authority_kind, entry.authority_id) for entry in entries if entry.authority_kind and entry.authority_id}
    for entry in entries:
        for change in entry.changes:
            ids = [found for found in (_uuid(change.old), _uuid(change.new)) if found]
            if change.name in _PEOPLE:
                people.update(ids)
            elif change.name.endswith("organisation_id"):
                organisations.update(ids)
            else:
                refs |= {Ref(kind, key) for kind in _KINDS_OF.get(change.name, ()) for key in ids}
    objects = targets.load(session, refs)
    titles = {ref.id: f"{info.number} {info.title}".strip() for ref, info in objects.items()}
    return Names(members.user_names(session, people), members.organisation_names(session, organisations), objects, titles)


def _show(entry: Entry, names: Names) -> Shown:
    subject = names.objects.get(Ref(entry.subject_kind, entry.subject_id))
    return Shown(
        at=entry.recorded_at,
        actor=_actor(entry, names),
        title=wording.verb_text(entry.verb),
        body_changes=tuple(
            Line(
                wording.field_text(change.name),
                value_text(change.name, change.old, names),
                value_text(change.name, change.new, names),
            )
            for change in entry.changes
            if change.old is not None or change.new not in (None, "", [], False)
        ),
        reason=entry.reason,
        authority=_authority(entry, names),
        url=subject.url if subject else "",
        subject=f"{subject.kind_label} {subject.number} {subject.title}".replace("  ", " ") if subject else "",
        event_id=entry.event_id,
    )


def _actor(entry: Entry, names: Names) -> str:
    if entry.actor_kind == "job":
        return _("The system (%(job)s)", job=entry.job)
    person = names.people.get(entry.actor_id, _("Unknown person")) if entry.actor_id else _("Unknown person")
    organisation = names.organisations.get(entry.organisation_id) if entry.organisation_id else None
    return f"{person}, {organisation}" if organisation else person


def _authority(entry: Entry, names: Names) -> str:
    if not entry.authority_kind:
        return ""
    found = names.objects.get(Ref(entry.authority_kind, entry.authority_id)) if entry.authority_id else None
    text = f"{found.kind_label} {found.number or found.title}" if found else entry.authority_kind
    return f"{text} {entry.authority_clause}".strip()


def value_text(name: str, value: Any, names: Names) -> str:
    """Return a stored value in words: the name of a person or organisation, a day, yes/no, or the text itself."""
    if value is None or value == "" or value == []:
        return _EMPTY
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(value_text(name, item, names) for item in value)
    if isinstance(value, dict):
        return "; ".join(f"{key}: {value_text(key, item, names)}" for key, item in sorted(value.items()))
    key = _uuid(value)
    if key is not None:
        return names.people.get(key) or names.organisations.get(key) or names.titles.get(key) or str(value)[:8]
    return _plain_text(name, str(value))


def _plain_text(name: str, text: str) -> str:
    if name.endswith("_on") or name in ("valid_from", "valid_to", "day", "first_day", "last_day"):
        return format_date(date.fromisoformat(text), get_locale())
    if name.endswith("_at"):
        return format_datetime(datetime.fromisoformat(text), get_locale())
    return wording.value_text(text)


def _uuid(value: Any) -> UUID | None:
    if not isinstance(value, str) or len(value) != 36:
        return None
    try:
        return UUID(value)
    except ValueError:
        return None


@dataclass(frozen=True)
class PastTable:
    """The subjects of one kind as they stood: headings and rows; a row whose object was removed by then says so."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


_COLUMNS: dict[str, tuple[str, ...]] = {
    "action_item": ("title", "state", "percent", "starts_on", "due_on", "baseline_due_on", "lead_organisation_id"),
    "action_plan": ("title", "fiscal_year", "state"),
    "agreement": ("number", "title", "state", "valid_from", "valid_to"),
    "agreement_party": ("organisation_id", "role"),
    "clause": ("number", "heading", "text"),
    "ratification": ("organisation_id", "outcome", "resolution_number", "resolved_on"),
    "progress_report": ("item_id", "percent", "words"),
    "action_item_supporter": ("item_id", "organisation_id"),
    "agenda_item": ("heading", "position", "title", "state"),
    "attendance": ("organisation_id", "name", "presence"),
    "ballot": ("agenda_item_id", "organisation_id", "choice", "recusal_reason"),
    "resolution": ("number", "text", "carried", "decided_on"),
    "seat": ("organisation_id", "capacity", "is_voting", "valid_from", "valid_to"),
    "seat_holder": ("name", "position", "valid_from", "valid_to"),
    "opinion_request": ("organisation_id", "state", "stance", "due_on"),
    "deadline_change": ("old_due_on", "new_due_on", "state"),
}
#: Captions of parts that are no targets of their own.
_PARTS = {
    "action_item_supporter": lazy("Supporting organisations"),
    "attendance": lazy("Attendance"),
    "ballot": lazy("Votes"),
    "committee_rules": lazy("Rules of procedure"),
    "seat_holder": lazy("Holders of seats"),
}
_SKIPPED = frozenset({"id", "version", "removed_at", "sort_key", "position"})
_MOST_COLUMNS = 6


def past_tables(session: Session, snapshots: Iterable[Snapshot]) -> list[PastTable]:
    """Return the state of a stream on a day as one table per kind of object, with a fixed number of queries."""
    found = list(snapshots)
    people: set[UUID] = set()
    organisations: set[UUID] = set()
    for snapshot in found:
        for name, value in snapshot.state.items():
            key = _uuid(value)
            if key is not None:
                (people if name in _PEOPLE else organisations).add(key)
    titles = {item.subject_id: str(item.state.get("title") or item.state.get("motion") or "") for item in found}
    names = Names(members.user_names(session, people), members.organisation_names(session, organisations), {}, titles)
    grouped: dict[str, list[Snapshot]] = {}
    for snapshot in found:
        grouped.setdefault(snapshot.subject_kind, []).append(snapshot)
    order = sorted(grouped, key=lambda kind: (kind not in _COLUMNS, kind))
    return [_past_table(kind, caption_of(kind), grouped[kind], names) for kind in order]


def caption_of(kind: str) -> str:
    """Return the words for a kind of object or part."""
    kinds = targets.kinds()
    return str(kinds[kind].label) if kind in kinds else str(_PARTS.get(kind, kind.replace("_", " ")))


def _past_table(kind: str, caption: str, snapshots: list[Snapshot], names: Names) -> PastTable:
    known = {name for snapshot in snapshots for name in snapshot.state}
    columns = [name for name in _COLUMNS.get(kind, tuple(sorted(known - _SKIPPED))) if name in known][: _MOST_COLUMNS + 1]
    rows = []
    for snapshot in sorted(snapshots, key=lambda item: (item.state.get("position") or 0, item.recorded_from, item.subject_id)):
        cells = [value_text(name, snapshot.state.get(name), names) for name in columns]
        removed = snapshot.state.get("removed_at")
        cells.append(
            _("removed %(day)s", day=format_date(today(datetime.fromisoformat(removed)), get_locale())) if removed else ""
        )
        rows.append(tuple(cells))
    head = tuple(wording.field_text(name) for name in columns)
    return PastTable(caption, (*head, _("Removal")), tuple(rows))
