"""Events and past states as text for people: names instead of ids, days in พ.ศ., words instead of codes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from collab.audits import naming, wording
from collab.audits.values import EMPTY, KIND_FIELDS, PEOPLE_FIELDS, Names, ids_in, record_in, uuid_in, value_text
from collab.audits.wording_nested import INTERNAL
from collab.audits.wording_parts import caption_of
from collab.documents import queries as documents
from collab.history.queries import Entry, FieldChange
from collab.history.writer import is_late
from collab.kernel import targets
from collab.kernel.access import Actor, Role, Scope
from collab.kernel.i18n import _
from collab.kernel.targets import Ref, TargetInfo
from collab.kernel.word_diff import Piece, compare_words, is_long
from collab.members import queries as members


@dataclass(frozen=True)
class Line:
    """One field before and after, in words; ``pieces`` holds the difference by words when the text is long."""

    field: str
    old: str
    new: str
    pieces: tuple[Piece, ...] = ()

    @property
    def is_first(self) -> bool:
        """Whether there was nothing before, so that only what it became needs to be told."""
        return self.old == EMPTY

    @property
    def text(self) -> str:
        """The line without marks, for files."""
        return f"{self.field}: {self.new}" if self.is_first else f"{self.field}: {self.old} → {self.new}"


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
    others: set[UUID] = set()
    for entry in entries:
        refs |= _paired(entry)
        for change in entry.changes:
            ids = [*ids_in(change.old), *ids_in(change.new)]
            if change.name in PEOPLE_FIELDS:
                people.update(ids)
            elif change.name.endswith("organisation_id"):
                organisations.update(ids)
            else:
                others.update(ids)
    objects = targets.load(session, refs)
    titles = {ref.id: naming.named(info) for ref, info in objects.items()}
    found = Names(members.user_names(session, people), members.organisation_names(session, organisations), objects, titles)
    return naming.with_others(session, found, others)


def _paired(entry: Entry) -> set[Ref]:
    """Return what the entry names by a kind and an id side by side, such as ``target_kind`` and ``target_id``."""
    values = {change.name: change.new for change in entry.changes}
    pairs = (
        (kind, uuid_in(values.get(f"{name.removesuffix('_kind')}_id"))) for name, kind in values.items() if name in KIND_FIELDS
    )
    return {Ref(kind, key) for kind, key in pairs if kind and key}


def _show(entry: Entry, names: Names) -> Shown:
    subject = names.objects.get(Ref(entry.subject_kind, entry.subject_id))
    return Shown(
        at=entry.recorded_at,
        actor=_actor(entry, names),
        title=wording.verb_text(entry.verb),
        body_changes=tuple(
            line_of(change, names)
            for change in entry.changes
            if change.name not in INTERNAL and (change.old is not None or change.new not in (None, "", [], False))
        ),
        reason=_reason(entry),
        authority=_authority(entry, names),
        url=subject.url if subject else "",
        subject=_subject(subject) if subject else "",
        event_id=entry.event_id,
        target=Ref(entry.subject_kind, entry.subject_id),
        authority_url=_authority_url(entry, names),
        occurred_at=entry.occurred_at,
        is_late=is_late(entry.occurred_at, entry.recorded_at),
    )


def _subject(info: TargetInfo) -> str:
    return _kind_once(info.kind_label, naming.named(info))


def _kind_once(kind_label: str, name: str) -> str:
    """Return a name behind its kind, which is not said again where the name begins with it."""
    return name if name.startswith(f"{kind_label} ") else f"{kind_label} {name}"


def _reason(entry: Entry) -> str:
    if entry.is_reason_erased:
        return _("Erased from the history")
    right, _space, place = entry.reason.partition(" ")
    if entry.verb == "attempt.refused" and place:
        return _("Tried %(place)s, which needs the right “%(right)s”", place=place, right=right)
    return entry.reason


def line_of(change: FieldChange, names: Names) -> Line:
    """Return a field before and after in words, a long text also word by word."""
    old, new = value_text(change.name, change.old, names), value_text(change.name, change.new, names)
    # Marked by words is what somebody wrote, not a record that was put into words here.
    is_text = record_in(change.new) is None and is_long(change.old, change.new)
    pieces = tuple(compare_words(old, new)) if is_text else ()
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
        return _("The system (%(job)s)", job=wording.job_text(entry.job))
    person = names.people.get(entry.actor_id, _("Unknown person")) if entry.actor_id else _("Unknown person")
    organisation = names.organisations.get(entry.organisation_id) if entry.organisation_id else None
    return f"{person}, {organisation}" if organisation else person


def _authority(entry: Entry, names: Names) -> str:
    if not entry.authority_kind:
        return ""
    found = names.objects.get(Ref(entry.authority_kind, entry.authority_id)) if entry.authority_id else None
    text = _kind_once(found.kind_label, found.number or found.title) if found else caption_of(entry.authority_kind)
    return f"{text} {entry.authority_clause}".strip()
