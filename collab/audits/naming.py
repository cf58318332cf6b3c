"""Names behind the ids that stored states mention, read with a fixed number of queries."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from collab.audits.values import PEOPLE_FIELDS, Names, ids_in, record_in, uuid_in
from collab.audits.wording_parts import caption_of
from collab.history import queries as history
from collab.history.queries import Snapshot
from collab.kernel import targets
from collab.kernel.i18n import _
from collab.kernel.targets import Ref, TargetInfo
from collab.members import queries as members

_TITLE = 120


def named(info: TargetInfo) -> str:
    """Return an object by its number and title."""
    return f"{info.number} {info.title}".strip()


def names_in(session: Session, found: Collection[Snapshot]) -> Names:
    """Return the names that the states mention: of people, organisations, parts of the same states, and other objects."""
    people: set[UUID] = set()
    others: set[UUID] = set()
    for snapshot in found:
        for name, value in snapshot.state.items():
            (people if name in PEOPLE_FIELDS else others).update(ids_in(value))
    places = members.organisation_names(session, others)
    titles = {item.subject_id: title_of(item.state, places) for item in found}
    return with_others(session, Names(members.user_names(session, people), places, {}, titles), others)


def with_others(session: Session, names: Names, ids: Collection[UUID]) -> Names:
    """Return ``names`` with those of ``ids`` that it lacks: each by its own title, a part by what it is and its text.

    One query for what the ids are, and one for each kind among them.
    """
    unknown = [key for key in ids if not any(key in known for known in (names.people, names.organisations, names.titles))]
    if not unknown:
        return names
    states = history.current_states(session, unknown)
    infos = targets.load(session, [Ref(item.subject_kind, item.subject_id) for item in states])
    places = {**names.organisations, **members.organisation_names(session, {key for item in states for key in _place(item)})}
    found = {info.id: named(info) for info in infos.values()}
    for item in states:
        title = title_of(item.state, places)
        found.setdefault(item.subject_id, f"{caption_of(item.subject_kind)} {title}".strip())
    return replace(names, titles={**names.titles, **found})


def _place(item: Snapshot) -> list[UUID]:
    key = uuid_in(item.state.get("organisation_id"))
    return [key] if key else []


def title_of(state: Mapping[str, Any], organisations: Mapping[UUID, str]) -> str:
    """Return by what a stored state is known: its title, text or name; a seat or a party by its organisation."""
    for name in ("title", "motion", "heading", "name", "name_th", "text", "words", "number"):
        if isinstance(state.get(name), str) and state[name] and record_in(state[name]) is None:
            number = f"{state['number']} " if name != "number" and state.get("number") else ""
            return f"{number}{state[name]}"[:_TITLE]
    key = uuid_in(state.get("organisation_id"))
    if key is None and state.get("number"):
        return _("Number %(number)s", number=state["number"])
    return organisations.get(key, "") if key else ""
