"""Events and past states as text for people: names instead of ids, days in พ.ศ., words instead of codes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Protocol, TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from collab.audits import wording
from collab.documents import queries as documents
from collab.history.queries import Entry, FieldChange
from collab.history.writer import is_late
from collab.kernel import targets
from collab.kernel.access import Actor, Role, Scope
from collab.kernel.dates import format_date, format_datetime
from collab.kernel.i18n import _, get_locale
from collab.kernel.targets import Ref
from collab.kernel.word_diff import Piece, compare_words, is_long
from collab.members import queries as members

#: Fields that hold the id of a person.
PEOPLE_FIELDS = frozenset({"user_id", "owner_id", "author_id", "auditor_id", "deputy_id", "recorded_by_id", "reported_by_id", "recipient_id", "invited_by_id",
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
    """One field before and after, in words; ``pieces`` holds the difference by words when the text is long."""

    field: str
    old: str
    new: str
    pieces: tuple[Piece, ...] = ()


@dataclass(frozen=True)
class Attachment:
    """A file that came with an event."""

    name: str
    url: str


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
    target: Ref
    occurred_at: datetime
    authority_url: str = ""
    is_late: bool = False
    attachments: tuple[Attachment, ...] = ()


def present(session: Session, entries: Sequence[Entry]) -> list[Shown]:
    """Return ``entries`` in words, with a fixed number of queries."""
    names = _names(session, entries)
    return [_show(entry, names) for entry in entries]


def with_attachments(session: Session, actor: Actor, shown: Sequence[Shown]) -> list[Shown]:
    """Return ``shown`` with the files that came in the same act and that ``actor`` may see: one query, and those of visibility."""
    stored = documents.list_documents(session, {item.target for item in shown if item.target.kind != "document"})
    allowed = documents.visible_ids(session, actor, [row for rows in stored.values() for row in rows])
    return [
        replace(
            item,
            attachments=tuple(
                Attachment(row.filename, f"/documents/{row.id}")
                for row in stored.get(item.target, ())
                if row.id in allowed and row.uploaded_at in (item.at, item.occurred_at)
            ),
        )
        for item in shown
    ]


class Placed(Protocol):
    """Anything that says which subject an event is of, and in which stream it stands."""

    @property
    def stream_id(self) -> str:
        """The stream, ``kind/id`` of the whole."""

    @property
    def subject_kind(self) -> str:
        """The kind of the subject."""

    @property
    def subject_id(self) -> UUID:
        """The subject."""


P = TypeVar("P", bound=Placed)


def visible_to(session: Session, actor: Actor, entries: Sequence[P]) -> list[P]:
    """Return those of ``entries`` whose subject's history ``actor`` may read: even an auditor does not read another's unsubmitted draft.

    A subject of a kind that is not registered by itself is a part, shown through the whole to which its stream belongs.
    """
    known = targets.kinds()
    asked = {ref for entry in entries for ref in _refs_of(entry) if ref.kind in known}
    seen = _within_scope(session, actor, targets.readable(session, actor, asked))
    return [entry for entry in entries if all(ref in seen for ref in _refs_of(entry) if ref.kind in known)]


def _refs_of(entry: Placed) -> list[Ref]:
    """Return the subject, and what its stream belongs to: the plan of an item, the agreement of a party."""
    kind, _slash, key = entry.stream_id.partition("/")
    whole = uuid_in(key)
    return [Ref(entry.subject_kind, entry.subject_id), *([Ref(kind, whole)] if whole else [])]


def _within_scope(session: Session, actor: Actor, refs: set[Ref]) -> set[Ref]:
    """Leave out what belongs to a committee that the actor's audit does not cover; others' reading is decided by each area."""
    if not actor.has(Role.AUDITOR) or actor.everywhere(Role.AUDITOR):
        return refs
    covered = actor.scopes(Role.AUDITOR, Scope.COMMITTEE) | actor.committee_ids
    infos = targets.load(session, refs)
    return {ref for ref in refs if ref not in infos or infos[ref].committee_id in (None, *covered)}


def _names(session: Session, entries: Sequence[Entry]) -> Names:
    people = {entry.actor_id for entry in entries if entry.actor_id}
    organisations = {entry.organisation_id for entry in entries if entry.organisation_id}
    refs = {Ref(entry.subject_kind, entry.subject_id) for entry in entries}
    refs |= {Ref(entry.authority_kind, entry.authority_id) for entry in entries if entry.authority_kind and entry.authority_id}
    for entry in entries:
        for change in entry.changes:
            ids = [found for found in (uuid_in(change.old), uuid_in(change.new)) if found]
            if change.name in PEOPLE_FIELDS:
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
            line_of(change, names)
            for change in entry.changes
            if change.old is not None or change.new not in (None, "", [], False)
        ),
        reason=entry.reason,
        authority=_authority(entry, names),
        url=subject.url if subject else "",
        subject=f"{subject.kind_label} {subject.number} {subject.title}".replace("  ", " ") if subject else "",
        event_id=entry.event_id,
        target=Ref(entry.subject_kind, entry.subject_id),
        authority_url=_authority_url(entry, names),
        occurred_at=entry.occurred_at,
        is_late=is_late(entry.occurred_at, entry.recorded_at),
    )


def line_of(change: FieldChange, names: Names) -> Line:
    """Return a field before and after in words, a long text also word by word."""
    old, new = value_text(change.name, change.old, names), value_text(change.name, change.new, names)
    pieces = tuple(compare_words(old, new)) if is_long(change.old, change.new) else ()
    return Line(wording.field_text(change.name), old, new, pieces)


def field_words(names: Sequence[str]) -> list[str]:
    """Return the words of the fields ``names``."""
    return [wording.field_text(name) for name in names]


def _authority_url(entry: Entry, names: Names) -> str:
    if not entry.authority_kind or not entry.authority_id:
        return ""
    found = names.objects.get(Ref(entry.authority_kind, entry.authority_id))
    return found.url if found else ""


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
    key = uuid_in(value)
    if key is not None:
        return names.people.get(key) or names.organisations.get(key) or names.titles.get(key) or str(value)[:8]
    return _plain_text(name, str(value))


def _plain_text(name: str, text: str) -> str:
    if name.endswith("_on") or name in ("valid_from", "valid_to", "day", "first_day", "last_day"):
        return format_date(date.fromisoformat(text), get_locale())
    if name.endswith("_at"):
        return format_datetime(datetime.fromisoformat(text), get_locale())
    return wording.value_text(text)


def uuid_in(value: Any) -> UUID | None:
    """Return the id that a stored value is, None for any other value."""
    if not isinstance(value, str) or len(value) != 36:
        return None
    try:
        return UUID(value)
    except ValueError:
        return None
