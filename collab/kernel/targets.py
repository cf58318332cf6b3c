"""A registry of kinds of objects, so that forum, meetings, reminders, history and search can show any of them.

Each area registers its kinds in its `targets.py`; nobody below needs to import it.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from collab.kernel.access import Actor
from collab.kernel.i18n import LazyText


@dataclass(frozen=True)
class Ref:
    """Names any object: its kind and id."""

    kind: str
    id: UUID


@dataclass(frozen=True)
class TargetInfo:
    """What anybody needs to show an object: ``state`` is in words; ``day`` is the day that matters (decided, due, signed)."""

    kind: str
    id: UUID
    title: str
    url: str
    number: str = ""
    state: str = ""
    day: date | None = None
    committee_id: UUID | None = None
    organisation_id: UUID | None = None

    @property
    def kind_label(self) -> str:
        """The kind in the reader's language."""
        return str(_kinds[self.kind].label)


Load = Callable[[Session, Sequence[UUID]], list[TargetInfo]]
Visible = Callable[[Session, Actor, Sequence[UUID]], set[UUID]]
Links = Callable[[Session, UUID], list[Ref]]
SearchTexts = Callable[[Session, Sequence[UUID]], dict[UUID, str]]


def _no_links(session: Session, key: UUID) -> list[Ref]:
    return []


def _no_texts(session: Session, keys: Sequence[UUID]) -> dict[UUID, str]:
    return {}


@dataclass(frozen=True)
class TargetKind:
    """How to load, guard and link the objects of one kind.

    ``because_of`` returns the objects on whose authority this one exists (the next steps up the thread, nearest first);
    ``leads_to`` the objects that follow from it. ``search_texts`` returns what global search finds it by; a kind without
    search texts is not searched. ``record_visible`` says who may read the object's history, where that is fewer than may see the
    object itself (None: the same). ``words`` are the words of the keys within its records kept as JSON, for the history.
    """

    label: LazyText
    load: Load
    visible: Visible
    because_of: Links = _no_links
    leads_to: Links = _no_links
    search_texts: SearchTexts = _no_texts
    record_visible: Visible | None = None
    words: Mapping[str, LazyText] = field(default_factory=dict)


_kinds: dict[str, TargetKind] = {}


def register(kind: str, target_kind: TargetKind) -> None:
    """Register how objects of ``kind`` are shown."""
    _kinds[kind] = target_kind


def kinds() -> dict[str, TargetKind]:
    """Return every registered kind."""
    return dict(_kinds)


def load(session: Session, refs: Iterable[Ref]) -> dict[Ref, TargetInfo]:
    """Return the infos of ``refs`` with one query a kind, whoever asks; unknown kinds and ids are left out."""
    found: dict[Ref, TargetInfo] = {}
    for kind, keys in _by_kind(refs).items():
        for info in _kinds[kind].load(session, keys):
            found[Ref(kind, info.id)] = info
    return found


def resolve(session: Session, actor: Actor, refs: Iterable[Ref]) -> dict[Ref, TargetInfo]:
    """Return the infos of those of ``refs`` that ``actor`` may see, with two queries a kind."""
    wanted = list(refs)
    allowed = visible(session, actor, wanted)
    return load(session, allowed)


def visible(session: Session, actor: Actor, refs: Collection[Ref]) -> set[Ref]:
    """Return those of ``refs`` that ``actor`` may see."""
    allowed: set[Ref] = set()
    for kind, keys in _by_kind(refs).items():
        allowed |= {Ref(kind, key) for key in _kinds[kind].visible(session, actor, keys)}
    return allowed


def readable(session: Session, actor: Actor, refs: Collection[Ref]) -> set[Ref]:
    """Return those of ``refs`` whose history ``actor`` may read: it tells more than the page, for instance what a field once held."""
    allowed: set[Ref] = set()
    for kind, keys in _by_kind(refs).items():
        may_read = _kinds[kind].record_visible or _kinds[kind].visible
        allowed |= {Ref(kind, key) for key in may_read(session, actor, keys)}
    return allowed


def why(session: Session, actor: Actor, ref: Ref) -> list[TargetInfo]:
    """Return the chain that answers "why are we doing this": from ``ref`` itself up to the first cause.

    Each link is followed once; links that ``actor`` may not see are left out of the result but still followed.
    """
    seen: list[Ref] = []
    waiting = [ref]
    while waiting:
        current = waiting.pop(0)
        if current in seen or current.kind not in _kinds:
            continue
        seen.append(current)
        waiting.extend(_kinds[current.kind].because_of(session, current.id))
    infos = resolve(session, actor, seen)
    return [infos[item] for item in seen if item in infos]


def _by_kind(refs: Iterable[Ref]) -> dict[str, list[UUID]]:
    grouped: dict[str, list[UUID]] = {}
    for ref in refs:
        if ref.kind in _kinds and ref.id not in grouped.setdefault(ref.kind, []):
            grouped[ref.kind].append(ref.id)
    return grouped
