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


COLUMNS: dict[str, tuple[str, ...]] = {
    "action_item": ("title", "state", "percent", "starts_on", "due_on", "baseline_due_on", "lead_organisation_id"),
    "action_plan": ("title", "fiscal_year", "state"),
    "agreement": ("number", "title", "state", "valid_from", "valid_to"),
    "agreement_party": ("organisation_id", "role"),
    "clause": ("number", "title", "text"),
    "ratification": ("organisation_id", "outcome", "resolution_number", "resolved_on"),
    "progress_report": ("item_id", "percent", "words"),
    "action_item_supporter": ("item_id", "organisation_id"),
    "agenda_item": ("heading", "title", "state"),
    "attendance": ("organisation_id", "name", "presence"),
    "ballot": ("agenda_item_id", "organisation_id", "choice", "recusal_reason"),
    "resolution": ("number", "text", "carried", "decided_on"),
    "seat": ("organisation_id", "capacity", "is_voting", "valid_from", "valid_to"),
    "seat_holder": ("seat_id", "name", "position", "valid_from", "valid_to"),
    "opinion_request": ("organisation_id", "state", "stance", "due_on"),
    "deadline_change": ("item_id", "old_due_on", "new_due_on", "state"),
    "action_baseline": ("number", "approved_at", "items_count", "budget_planned", "resolution_id", "made_by_id", "note"),
    "action_budget_line": ("item_id", "organisation_id", "planned", "committed", "spent"),
    "action_dependency": ("predecessor_id", "successor_id", "lag_days"),
    "action_group": ("name", "weight"),
    "action_indicator": ("item_id", "text", "target", "reached", "unit"),
    "action_recurrence": ("frequency", "working_day", "ends_on"),
    "help_request": ("item_id", "words", "state", "asked_at", "answer", "answered_at"),
    "monthly_closing": ("month", "organisation_id", "state", "figures", "closed_at", "note"),
    "agreement_signature": ("organisation_id", "signatory_id", "typed_name", "signed_at"),
    "agreement_version": ("number", "made_at", "sha256"),
    "committee": ("name_th", "governance", "order_number", "order_on", "mandate"),
    "committee_rules": ("valid_from", "valid_to", "quorum", "majority", "notice_days", "opinion_days", "casting_vote"),
    "self_assessment": ("fiscal_year", "answers", "remark"),
    "meeting": ("number_in_year", "number_year", "title", "state", "starts_at", "place"),
    "proposal": ("number", "title", "state", "organisation_id", "cost_amount", "legal_basis", "decided_at"),
    "service_plan": ("title", "edition", "state", "approved_at", "approval_resolution_id"),
    "plan_budget_line": ("fiscal_year", "organisation_id", "source", "amount", "note"),
    "plan_indicator": ("name", "baseline", "unit"),
    "plan_indicator_target": ("indicator_id", "fiscal_year", "value"),
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
    order = sorted(grouped, key=lambda kind: (kind not in COLUMNS, kind))
    return [_past_table(kind, caption_of(kind), grouped[kind], names) for kind in order]


def _past_table(kind: str, caption: str, snapshots: list[Snapshot], names: Names) -> PastTable:
    known = {name for snapshot in snapshots for name in snapshot.state}
    columns = [name for name in COLUMNS.get(kind, tuple(sorted(known - _SKIPPED))) if name in known][: _MOST_COLUMNS + 1]
    rows, links = [], []
    known_kinds = targets.kinds()
    has_removed = any(snapshot.state.get("removed_at") for snapshot in snapshots)
    for snapshot in sorted(snapshots, key=_place):
        cells = [value_text(name, snapshot.state.get(name), names) for name in columns]
        removed = snapshot.state.get("removed_at")
        if has_removed:
            cells.append(
                _("removed %(day)s", day=format_date(today(datetime.fromisoformat(removed)), get_locale())) if removed else ""
            )
        rows.append(tuple(cells))
        links.append(f"/history/{kind}/{snapshot.subject_id}" if kind in known_kinds else "")
    head = tuple(wording.field_text(name) for name in columns)
    if has_removed:
        head = (*head, _("Removal"))
    return PastTable(caption, head, tuple(rows), tuple(links))


def _place(snapshot: Snapshot) -> tuple[int, datetime, UUID]:
    return snapshot.state.get("position") or 0, snapshot.recorded_from, snapshot.subject_id


def with_force(table: PastTable, snapshots: Sequence[Snapshot], in_force: Collection[UUID]) -> PastTable:
    """Return the table of a register with a column that says whether each row was in force on the day."""
    order = sorted(snapshots, key=_place)
    words = [_("yes") if snapshot.subject_id in in_force else _("no") for snapshot in order]
    rows = tuple((*row, word) for row, word in zip(table.rows, words, strict=True))
    return PastTable(table.caption, (*table.head, _("In force on this day")), rows, table.links)
