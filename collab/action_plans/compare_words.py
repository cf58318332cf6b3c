"""The words of a comparison: kinds of change, names of fields, recorded values as text."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from collab.action_plans.wording import (
    CHANGE_STATES,
    CLOSING_STATES,
    FREQUENCIES,
    HELP_STATES,
    ITEM_KINDS,
    ITEM_STATES,
    LEVELS,
    PLAN_STATES,
    REPORT_STATES,
)
from collab.history.comparison import Change, Difference
from collab.history.queries import FieldChange
from collab.kernel import targets
from collab.kernel.dates import format_date, format_datetime
from collab.kernel.i18n import LazyText, _, get_locale, lazy
from collab.kernel.ids import as_uuid
from collab.kernel.money import format_baht
from collab.kernel.word_diff import Piece, compare_words, is_long

CHANGES: dict[Change, LazyText] = {
    Change.ADDED: lazy("Added"),
    Change.REMOVED: lazy("Taken out of the plan"),
    Change.CHANGED: lazy("Changed"),
    Change.REVERTED: lazy("Changed and put back"),
    Change.PASSING: lazy("Added and taken out again in between"),
}
TONES = {
    Change.ADDED: "green", Change.REMOVED: "yellow", Change.CHANGED: "blue", Change.REVERTED: "teal", Change.PASSING: "grey",
}  # fmt: skip
#: Kinds of a plan's parts that are no targets of their own.
_KINDS: dict[str, LazyText] = {
    "action_baseline": lazy("Baseline of the plan"),
    "action_budget_line": lazy("Budget line of the item"),
    "action_dependency": lazy("Waits for"),
    "action_group": lazy("Group of work"),
    "action_indicator": lazy("Indicator of the item"),
    "action_item_supporter": lazy("Supporting organisation"),
    "action_recurrence": lazy("Recurrence of items"),
    "help_request": lazy("Request for help"),
    "monthly_closing": lazy("Closing of a month"),
}
#: In the order in which the lines of an object stand.
_FIELDS: dict[str, LazyText] = {
    "title": lazy("What will be done"),
    "name": lazy("Name"),
    "state": lazy("State"),
    "percent": lazy("Per cent"),
    "starts_on": lazy("Starts on"),
    "due_on": lazy("Due on"),
    "lag_days": lazy("Working days in between"),
    "lead_organisation_id": lazy("Leading organisation"),
    "owner_id": lazy("Owner"),
    "weight": lazy("Weight"),
    "budget_planned": lazy("Planned budget"),
    "planned": lazy("Planned budget"),
    "committed": lazy("Committed by contracts and orders"),
    "spent": lazy("Spent so far"),
    "target": lazy("Target value"),
    "reached": lazy("Value reached"),
    "text": lazy("Text"),
    "unit": lazy("Unit"),
    "authority_id": lazy("Authority"),
    "group_name": lazy("Group of work"),
    "kind": lazy("Kind"),
    "location": lazy("Where it is done"),
    "description": lazy("Description"),
    "fiscal_year": lazy("Fiscal year"),
    "position": lazy("Place in the list"),
}
_PLACES = {name: place for place, name in enumerate(_FIELDS)}
#: What is told of an object that came or went.
_FIRST = (
    "state", "percent", "starts_on", "due_on", "lag_days", "lead_organisation_id", "owner_id", "weight", "budget_planned", "planned",
    "committed", "spent", "authority_id",
)  # fmt: skip
_MONEY = frozenset({"budget_planned", "planned", "committed", "spent", "cost_spent"})
#: What says to whom a row belongs, or what the kind of change says already.
_UNTOLD = frozenset({
    "plan_id", "item_id", "committee_id", "organisation_id", "removed_at", "authority_kind", "predecessor_id", "successor_id",
    "baseline_starts_on", "baseline_due_on", "recurrence_id", "period_on", "previous_id", "activated_at", "closed_at",
})  # fmt: skip
#: Words of codes, by kind of object and field.
_CODES: dict[tuple[str, str], Mapping[str, LazyText]] = {
    ("action_item", "kind"): {code.value: text for code, text in ITEM_KINDS.items()},
    ("action_item", "state"): {code.value: text for code, text in ITEM_STATES.items()},
    ("action_plan", "state"): {code.value: text for code, text in PLAN_STATES.items()},
    ("progress_report", "state"): {code.value: text for code, text in REPORT_STATES.items()},
    ("action_recurrence", "frequency"): {code.value: text for code, text in FREQUENCIES.items()},
    ("deadline_change", "level"): {code.value: text for code, text in LEVELS.items()},
    ("deadline_change", "state"): {code.value: text for code, text in CHANGE_STATES.items()},
    ("help_request", "state"): {code.value: text for code, text in HELP_STATES.items()},
    ("monthly_closing", "state"): {code.value: text for code, text in CLOSING_STATES.items()},
}
EMPTY = "–"


@dataclass(frozen=True)
class Names:
    """What ids stand for: people and organisations, items by their latest title, authorities as text."""

    people: Mapping[UUID, str]
    organisations: Mapping[UUID, str]
    titles: Mapping[UUID, str]
    authorities: Mapping[UUID, str]

    def of(self, key: UUID | str | None) -> str:
        """Return the name behind an id, '' when it is None or unknown."""
        found = key if isinstance(key, UUID) else as_uuid(key)
        if found is None:
            return ""
        for names in (self.organisations, self.people, self.titles, self.authorities):
            if found in names:
                return names[found]
        return ""


@dataclass(frozen=True)
class Line:
    """One field at both instants, in words: '' on a side where the object was not there.

    ``between`` is what it said in between when it was changed and put back; a text that
    ``is_long`` is shown word by word.
    """

    field: str
    old: str
    new: str
    between: str = ""
    is_long: bool = False

    @property
    def pieces(self) -> list[Piece]:
        """The text word by word; reckoned when a page asks for it, because tables and papers do not."""
        return compare_words(self.old, self.new)


def kind_text(kind: str) -> str:
    """Return the words for a kind of object or part."""
    if kind in _KINDS:
        return str(_KINDS[kind])
    known = targets.kinds()
    return str(known[kind].label) if kind in known else kind.replace("_", " ")


def field_text(name: str) -> str:
    """Return the words for a field, its plain name when it has none."""
    return str(_FIELDS[name]) if name in _FIELDS else name.replace("_", " ")


def is_told(name: str) -> bool:
    """Say whether a field has a line of its own."""
    return name not in _UNTOLD


def lines(row: Difference, names: Names) -> tuple[Line, ...]:
    """Return what a difference changed, field by field in the order of the form; of what came or went, what it says."""
    if row.change is Change.CHANGED or row.change is Change.REVERTED:
        changed = sorted((field for field in row.fields if is_told(field.name)), key=lambda field: _place(field.name))
        told = [_changed(row, field, names) for field in changed]
        return (*told, *(_put_back(row, name, names) for name in sorted(row.reverted, key=_place) if is_told(name)))
    state = recorded(row)
    said = [(field_text(name), _text(row, name, state.get(name), names)) for name in _FIRST]
    came = row.change is Change.ADDED
    return tuple(Line(label, "" if came else text, text if came else "") for label, text in said if text != EMPTY)


def _changed(row: Difference, field: FieldChange, names: Names) -> Line:
    old, new = _text(row, field.name, field.old, names), _text(row, field.name, field.new, names)
    return Line(field_text(field.name), old, new, is_long=is_long(field.old, field.new))


def recorded(row: Difference) -> Mapping[str, Any]:
    """Return the state by which a difference is named: the later one, which of something removed is the last it had."""
    known = row.after or row.before
    return known.state if known else {}


def _put_back(row: Difference, name: str, names: Names) -> Line:
    said = [change.new for step in row.steps for change in step.changes if change.name == name]
    value = recorded(row).get(name)
    between = dict.fromkeys(_text(row, name, item, names) for item in said if item != value)
    text = _text(row, name, value, names)
    return Line(field_text(name), text, text, ", ".join(between))


def _place(name: str) -> tuple[int, str]:
    return _PLACES.get(name, len(_PLACES)), name


def _text(row: Difference, name: str, value: Any, names: Names) -> str:
    return value_text(row.subject_kind, name, value, names)


def value_text(kind: str, name: str, value: Any, names: Names) -> str:
    """Return a recorded value in words."""
    if value is None or value == "":
        return EMPTY
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if (kind, name) in _CODES:
        # A code of a later version of the product is shown as it is.
        return str(_CODES[kind, name].get(str(value), value))
    if name in _MONEY:
        return format_baht(Decimal(str(value)))
    if name.endswith("_on"):
        return day_text(date.fromisoformat(str(value)))
    if name.endswith("_at"):
        return format_datetime(datetime.fromisoformat(str(value)), get_locale())
    return names.of(value) or str(value) if isinstance(value, str) else str(value)


def day_text(day: date) -> str:
    """Return a day in words, short."""
    return format_date(day, get_locale(), short=True)
