"""Past states as tables for people: the subjects of a stream by kind, names instead of ids, days in พ.ศ., words instead of codes."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from collab.audits import wording
from collab.audits.naming import names_in
from collab.audits.values import Names, value_text
from collab.audits.wording_parts import caption_of
from collab.history.queries import Snapshot
from collab.kernel import targets
from collab.kernel.clock import today
from collab.kernel.dates import format_date
from collab.kernel.i18n import _, get_locale


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
