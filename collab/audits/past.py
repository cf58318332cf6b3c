"""Past states as tables for people: the subjects of a stream by kind, names instead of ids, days in พ.ศ., words instead of codes."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from collab.audits import wording
from collab.audits.presenters import PEOPLE_FIELDS, Names, uuid_in, value_text
from collab.history.queries import Snapshot
from collab.kernel import targets
from collab.kernel.clock import today
from collab.kernel.dates import format_date
from collab.kernel.i18n import _, get_locale, lazy
from collab.members import queries as members


@dataclass(frozen=True)
class PastTable:
    """The subjects of one kind as they stood: headings and rows; a row whose object was removed by then says so."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    #: Where the first cell of each row leads; '' for a part that has no page.
    links: tuple[str, ...] = ()


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
    "seat_holder": ("seat_id", "name", "position", "valid_from", "valid_to"),
    "opinion_request": ("organisation_id", "state", "stance", "due_on"),
    "deadline_change": ("old_due_on", "new_due_on", "state"),
}
#: Captions of parts that are no targets of their own.
PARTS = {
    "action_budget_line": lazy("Budget lines"),
    "action_dependency": lazy("Dependencies"),
    "action_group": lazy("Groups of items"),
    "action_indicator": lazy("Indicators"),
    "action_item_supporter": lazy("Supporting organisations"),
    "action_recurrence": lazy("Recurring items"),
    "attendance": lazy("Attendance"),
    "ballot": lazy("Votes"),
    "calendar_feed": lazy("Calendar links"),
    "cost_share": lazy("Cost shares"),
    "erasure_decision": lazy("Decisions on erasure"),
    "erasure_request": lazy("Requests for erasure"),
    "evidence_bundle": lazy("Evidence bundles"),
    "finding_reply": lazy("Replies to findings"),
    "integrity_alarm": lazy("Alarms of the history"),
    "log_key": lazy("Keys of the sealed log"),
    "log_witness": lazy("Witnesses of the sealed log"),
    "plan_template_item": lazy("Items of templates"),
    "plan_template_link": lazy("Links of templates"),
    "slip_rule": lazy("Rules on postponing"),
}
_TITLE = 120
_SKIPPED = frozenset({"id", "version", "removed_at", "sort_key", "position"})
_MOST_COLUMNS = 6


def past_tables(session: Session, snapshots: Iterable[Snapshot]) -> list[PastTable]:
    """Return the state of a stream on a day as one table per kind of object, with a fixed number of queries."""
    found = list(snapshots)
    names = names_in(session, found)
    grouped: dict[str, list[Snapshot]] = {}
    for snapshot in found:
        grouped.setdefault(snapshot.subject_kind, []).append(snapshot)
    order = sorted(grouped, key=lambda kind: (kind not in _COLUMNS, kind))
    return [_past_table(kind, caption_of(kind), grouped[kind], names) for kind in order]


def names_in(session: Session, found: Collection[Snapshot]) -> Names:
    """Return the names that the states mention: two queries, and parts of the same states by their own titles."""
    people: set[UUID] = set()
    organisations: set[UUID] = set()
    for snapshot in found:
        for name, value in snapshot.state.items():
            key = uuid_in(value)
            if key is not None:
                (people if name in PEOPLE_FIELDS else organisations).add(key)
    places = members.organisation_names(session, organisations)
    titles = {item.subject_id: title_of(item.state, places) for item in found}
    return Names(members.user_names(session, people), places, {}, titles)


def title_of(state: Mapping[str, Any], organisations: Mapping[UUID, str]) -> str:
    """Return by what a stored state is known: its title, text or name; a seat or a party by its organisation."""
    for name in ("title", "motion", "heading", "name", "name_th", "text", "words", "number"):
        if isinstance(state.get(name), str) and state[name]:
            number = f"{state['number']} " if name != "number" and state.get("number") else ""
            return f"{number}{state[name]}"[:_TITLE]
    key = uuid_in(state.get("organisation_id"))
    return organisations.get(key, "") if key else ""


def caption_of(kind: str) -> str:
    """Return the words for a kind of object or part."""
    kinds = targets.kinds()
    return str(kinds[kind].label) if kind in kinds else str(PARTS.get(kind, kind.replace("_", " ")))


def _past_table(kind: str, caption: str, snapshots: list[Snapshot], names: Names) -> PastTable:
    known = {name for snapshot in snapshots for name in snapshot.state}
    columns = [name for name in _COLUMNS.get(kind, tuple(sorted(known - _SKIPPED))) if name in known][: _MOST_COLUMNS + 1]
    rows, links = [], []
    known_kinds = targets.kinds()
    for snapshot in sorted(snapshots, key=_place):
        cells = [value_text(name, snapshot.state.get(name), names) for name in columns]
        removed = snapshot.state.get("removed_at")
        cells.append(
            _("removed %(day)s", day=format_date(today(datetime.fromisoformat(removed)), get_locale())) if removed else ""
        )
        rows.append(tuple(cells))
        links.append(f"/history/{kind}/{snapshot.subject_id}" if kind in known_kinds else "")
    head = tuple(wording.field_text(name) for name in columns)
    return PastTable(caption, (*head, _("Removal")), tuple(rows), tuple(links))


def _place(snapshot: Snapshot) -> tuple[int, datetime, UUID]:
    return snapshot.state.get("position") or 0, snapshot.recorded_from, snapshot.subject_id


def with_force(table: PastTable, snapshots: Sequence[Snapshot], in_force: Collection[UUID]) -> PastTable:
    """Return the table of a register with a column that says whether each row was in force on the day."""
    order = sorted(snapshots, key=_place)
    words = [_("yes") if snapshot.subject_id in in_force else _("no") for snapshot in order]
    rows = tuple((*row, word) for row, word in zip(table.rows, words, strict=True))
    return PastTable(table.caption, (*table.head, _("In force on this day")), rows, table.links)
