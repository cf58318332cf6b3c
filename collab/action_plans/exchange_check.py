"""What the rows of a sheet would do to a plan: every fault by row and column, and what good rows add, change or leave."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from collab.action_plans import rules
from collab.action_plans.exchange_sheet import COLUMNS, both_languages, thai_day
from collab.action_plans.service import ItemFacts
from collab.action_plans.states import ItemKind, PlanState
from collab.action_plans.wording import ITEM_KINDS
from collab.kernel.dates import DateFault, InvalidDate, parse_date_parts
from collab.kernel.i18n import _
from collab.kernel.money import InvalidBaht, format_baht, parse_baht
from collab.kernel.targets import Ref
from collab.kernel.text import fold, normalise

_DATE = re.compile(r"\s*(\d{1,2}|[๐-๙]{1,2})\s*[/.\- ]\s*([^/\d]+?|\d{1,2}|[๐-๙]{1,2})\s*[/\- ]\s*(\d{4}|[๐-๙]{4})\s*")
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_LONG = {"title": 200, "group": 200, "location": 200, "description": 5000}


class Effect(StrEnum):
    """What a row does."""

    ADD = "add"
    CHANGE = "change"
    SAME = "same"
    BAD = "bad"


@dataclass(frozen=True)
class Present:
    """An item of the plan as it is: ``fixed`` says why it can no longer be changed ('' when it can)."""

    facts: ItemFacts
    months: str
    has_budget_lines: bool = False
    fixed: str = ""


@dataclass(frozen=True)
class Known:
    """What rows are checked against. Names, e-mails and numbers are folded; ``people`` gives the person and the organisation."""

    state: PlanState
    agency: UUID
    organisations: Mapping[str, UUID]
    names: Mapping[UUID, str]
    people: Mapping[str, tuple[UUID, UUID]]
    emails: Mapping[UUID, str]
    authorities: Mapping[str, Sequence[Ref]]
    numbers: Mapping[Ref, str]
    items: Mapping[UUID, Present]


@dataclass(frozen=True)
class Outcome:
    """One row: what it does, to which item, what the item would say, which (column, before, after) change, and the faults by column."""

    row: str
    effect: Effect
    title: str
    item_id: UUID | None
    facts: ItemFacts | None
    changes: list[tuple[str, str, str]]
    faults: dict[str, str]


def check(rows: Sequence[Mapping[str, str]], known: Known) -> list[Outcome]:
    """Return what each row would do."""
    keys = Counter(row.get("key", "") for row in rows)
    return [_Check(row, known, twice=bool(row.get("key")) and keys[row["key"]] > 1).outcome() for row in rows]


class _Check:
    """One row under check. A column that the sheet does not have leaves what the item says."""

    def __init__(self, row: Mapping[str, str], known: Known, *, twice: bool) -> None:
        self._row, self._known = row, known
        self._faults: dict[str, str] = {}
        self._item_id = self._key(twice)
        self._present = known.items.get(self._item_id) if self._item_id else None
        self._kept = self._present.facts if self._present else None

    def outcome(self) -> Outcome:
        """Return what the row would do."""
        title = normalise(self._row.get("title", ""))
        facts = None if self._faults else self._facts(title)
        if facts is not None:
            self._check_whole(facts)
        changes = self._changes(self._kept, facts) if facts is not None and self._kept else []
        if changes and facts is not None and self._present is not None:
            self._check_change(facts, self._present)
        if self._faults or facts is None:
            return Outcome(self._row.get("row", ""), Effect.BAD, title, self._item_id, None, [], self._faults)
        effect = Effect.ADD if self._present is None else Effect.CHANGE if changes else Effect.SAME
        return Outcome(self._row.get("row", ""), effect, title, self._item_id, facts, changes, {})

    def _key(self, twice: bool) -> UUID | None:
        text = self._row.get("key", "")
        if not text:
            return None
        try:
            key = UUID(text)
        except ValueError:
            key = None
        if key is None or key not in self._known.items:
            self._faults["key"] = _("No item of this plan has this key. Leave the key empty to add an item.")
        elif twice:
            self._faults["key"] = _("Another row has the same key.")
        return key

    def _facts(self, title: str) -> ItemFacts | None:
        for name, most in _LONG.items():
            if len(normalise(self._row.get(name, ""))) > most:
                self._faults[name] = _("Write at most %(most)s characters.", most=most)
        if not title:
            self._faults["title"] = _("Fill this in.")
        starts_on, due_on = self._dates()
        values: dict[str, Any] = {
            "title": title, "group_name": self._words("group", "group_name"), "description": self._words("description", "description"),
            "location": self._words("location", "location"), "kind": self._kind(), "lead_organisation_id": self._lead(),
            "supporter_ids": self._supporters(), "owner_id": self._owner(), "starts_on": starts_on, "due_on": due_on,
            "weight": self._weight(), "budget_planned": self._budget(), "authority": self._authority(),
        }  # fmt: skip
        return None if self._faults else ItemFacts(**values)

    def _words(self, column: str, attribute: str) -> str:
        if column in self._row:
            return normalise(self._row[column])
        return str(getattr(self._kept, attribute)) if self._kept else ""

    def _kind(self) -> ItemKind:
        text = fold(self._row.get("kind", ""))
        if not text:
            return self._kept.kind if self._kept else ItemKind.TASK
        found = next((kind for kind in ItemKind if text in (kind.value, *_spoken(ITEM_KINDS[kind]))), None)
        if found is None:
            self._faults["kind"] = _(
                "Write “%(task)s” or “%(milestone)s”.", task=ITEM_KINDS[ItemKind.TASK], milestone=ITEM_KINDS[ItemKind.MILESTONE]
            )
        return found or ItemKind.TASK

    def _organisation(self, text: str, column: str) -> UUID | None:
        found = self._known.organisations.get(fold(text))
        if found is None:
            self._faults[column] = _("“%(text)s” is no organisation of this committee.", text=text[:80])
        return found

    def _lead(self) -> UUID | None:
        text = self._row.get("lead", "")
        if not text and self._kept and "lead" not in self._row:
            return self._kept.lead_organisation_id
        if not text:
            self._faults["lead"] = _("Fill this in.")
            return None
        return self._organisation(text, "lead")

    def _supporters(self) -> frozenset[UUID]:
        if "supporters" not in self._row:
            return self._kept.supporter_ids if self._kept else frozenset()
        names = [name for name in re.split(r"[;\n]", self._row["supporters"]) if name.strip()]
        return frozenset(key for key in (self._organisation(name, "supporters") for name in names) if key)

    def _owner(self) -> UUID | None:
        if "owner" not in self._row:
            if self._kept and self._row.get("lead", "") in ("", self._known.names.get(self._kept.lead_organisation_id)):
                return self._kept.owner_id
            return None
        text = self._row["owner"]
        if not text:
            return None
        if fold(text) not in self._known.people:
            self._faults["owner"] = _("“%(text)s” is nobody of this committee. Write the e-mail address.", text=text[:80])
            return None
        return self._known.people[fold(text)][0]

    def _dates(self) -> tuple[date | None, date | None]:
        months = self._row.get("months")
        if self._kept and self._present and months is not None and months == self._present.months:
            return self._kept.starts_on, self._kept.due_on
        return self._date("starts_on"), self._date("due_on")

    def _date(self, column: str) -> date | None:
        text = self._row.get(column, "")
        if not text and self._kept and column not in self._row:
            return self._kept.starts_on if column == "starts_on" else self._kept.due_on
        try:
            found = read_day(text)
        except InvalidDate as error:
            no_such = error.fault is DateFault.NO_SUCH_DAY
            self._faults[column] = _("There is no such day in the calendar.") if no_such else _("Write the day as 31/1/2570.")
            return None
        if found is None:
            self._faults[column] = _("Write the day as 31/1/2570.")
        return found

    def _weight(self) -> int:
        text = self._row.get("weight", "")
        if not text:
            return self._kept.weight if self._kept else 1
        digits = fold(text)
        if not (digits.isascii() and digits.isdigit() and len(digits) < 5 and 1 <= int(digits) <= rules.MOST_WEIGHT):
            self._faults["weight"] = _("Write a number from %(least)s to %(most)s.", least=1, most=rules.MOST_WEIGHT)
            return 1
        return int(digits)

    def _budget(self) -> Decimal:
        text = self._row.get("budget", "").strip()
        if "budget" not in self._row:
            return self._kept.budget_planned if self._kept else Decimal(0)
        try:
            # Offices write "-" for no budget.
            return Decimal(0) if text in ("", "-", "–") else parse_baht(text) or Decimal(0)
        except InvalidBaht:
            self._faults["budget"] = _("Write the sum in baht, for example 1,250,000.50.")
            return Decimal(0)

    def _authority(self) -> Ref | None:
        if "authority" not in self._row:
            return self._kept.authority if self._kept else None
        text = self._row["authority"]
        if not text:
            return None
        if self._kept and self._kept.authority and fold(self._known.numbers.get(self._kept.authority, "")) == fold(text):
            return self._kept.authority
        found = self._known.authorities.get(fold(text), ())
        if len(found) != 1:
            self._faults["authority"] = _(
                "No resolution or clause of this committee has the number “%(text)s”, or more than one has.", text=text[:80]
            )
            return None
        return found[0]

    def _check_whole(self, facts: ItemFacts) -> None:
        """Find the faults that several columns make together; the service would refuse the same."""
        if facts.due_on < facts.starts_on:
            self._faults["due_on"] = _("The due date is before the start.")
        elif facts.kind is ItemKind.MILESTONE and facts.due_on != facts.starts_on:
            self._faults["starts_on"] = _("A milestone is one day: it begins when it is due.")
        if facts.lead_organisation_id in facts.supporter_ids:
            self._faults["supporters"] = _("The leading organisation does not support itself.")
        owners = dict(self._known.people.values())
        if facts.owner_id and owners.get(facts.owner_id, facts.lead_organisation_id) != facts.lead_organisation_id:
            self._faults["owner"] = _("Choose a person of the leading organisation.")
        if self._known.state is PlanState.ACTIVE:
            self._check_active(facts)

    def _check_active(self, facts: ItemFacts) -> None:
        if facts.authority is None:
            self._faults["authority"] = _("Choose the resolution or clause on whose authority this is done.")
        if not rules.has_verifier(
            lead_organisation=facts.lead_organisation_id, agency=self._known.agency, supporters=facts.supporter_ids
        ):
            self._faults["supporters"] = _(
                "The agency leads this item, so a supporting organisation has to verify it. Choose one."
            )

    def _check_change(self, facts: ItemFacts, present: Present) -> None:
        """Find what may not be changed by a sheet."""
        before = present.facts
        if present.fixed:
            self._faults["key"] = present.fixed
        if self._known.state is PlanState.ACTIVE and facts.due_on != before.due_on:
            self._faults["due_on"] = _("The plan is active: ask for a change of deadline instead, so that the reason is kept.")
        if present.has_budget_lines and facts.budget_planned != before.budget_planned:
            self._faults["budget"] = _("The budget of this item is kept by organisation: change it on the item's page.")

    def _changes(self, kept: ItemFacts, facts: ItemFacts) -> list[tuple[str, str, str]]:
        before, after = self._shown(kept), self._shown(facts)
        return [(str(COLUMNS[name]), before[name], after[name]) for name in before if before[name] != after[name]]

    def _shown(self, facts: ItemFacts) -> dict[str, str]:
        known = self._known
        return {
            "group": facts.group_name, "kind": str(ITEM_KINDS[facts.kind]), "title": facts.title, "description": facts.description,
            "location": facts.location, "lead": known.names.get(facts.lead_organisation_id, ""),
            "supporters": ", ".join(sorted(known.names.get(key, "") for key in facts.supporter_ids)),
            "owner": known.emails.get(facts.owner_id, "") if facts.owner_id else "", "starts_on": thai_day(facts.starts_on),
            "due_on": thai_day(facts.due_on), "weight": str(facts.weight), "budget": format_baht(facts.budget_planned),
            "authority": known.numbers.get(facts.authority, "") if facts.authority else "",
        }  # fmt: skip


def read_day(text: str) -> date | None:
    """Read a day as ``31/1/2570``, ``31 ม.ค. 2570`` or ``2027-01-31``; None for what is written otherwise. Raises InvalidDate."""
    iso, found = _ISO.fullmatch(text), _DATE.fullmatch(text)
    if iso is None and found is None:
        return None
    return parse_date_parts(*(reversed(iso.groups()) if iso else found.groups()))  # type: ignore[union-attr]


def _spoken(text: Any) -> tuple[str, ...]:
    return tuple(fold(each) for each in both_languages(text))
