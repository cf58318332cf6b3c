"""Stored values as text for people: names instead of ids, days in พ.ศ., sums in baht, words instead of codes, records in words."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from collab.audits import wording, wording_nested
from collab.audits.wording_parts import caption_of
from collab.history import canon
from collab.kernel.dates import format_date, format_datetime, format_month
from collab.kernel.i18n import _, get_locale
from collab.kernel.money import format_baht
from collab.kernel.targets import Ref, TargetInfo

#: Fields that hold the id of a person.
PEOPLE_FIELDS = frozenset({"user_id", "owner_id", "author_id", "auditor_id", "deputy_id", "recorded_by_id", "reported_by_id", "recipient_id", "invited_by_id",
                     "decided_by_id", "requested_by_id", "verified_by_id", "uploaded_by_id", "signatory_id"})  # fmt: skip
#: Fields that hold the kind of an object.
KIND_FIELDS = frozenset({"target_kind", "authority_kind", "subject_kind"})
#: Fields that hold baht. A test holds them complete.
MONEY_FIELDS = frozenset({"amount", "budget_planned", "committed", "cost_amount", "cost_spent", "planned", "spent", "total"})
#: Fields that hold a month, as its first day.
MONTH_FIELDS = frozenset({"month"})
EMPTY = "–"
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_SUM = re.compile(r"-?\d+\.\d\d")
_FIGURE = re.compile(r"-?\d+\.\d+")


@dataclass(frozen=True)
class Names:
    """Names of the people, organisations and objects that a page mentions, each read with one query."""

    people: Mapping[UUID, str]
    organisations: Mapping[UUID, str]
    objects: Mapping[Ref, TargetInfo]
    #: Titles of the subjects that the page itself shows, so that a part names its whole instead of an id.
    titles: Mapping[UUID, str] = field(default_factory=dict)

    def of(self, key: UUID) -> str:
        """Return what is known by ``key``; the whole id when nothing is, so that it can be looked for in a bundle."""
        return self.people.get(key) or self.organisations.get(key) or self.titles.get(key) or str(key)


def value_text(name: str, value: Any, names: Names) -> str:
    """Return the stored ``value`` of the field ``name`` in words; a dash for none."""
    if value is None or value in ("", [], {}):
        return EMPTY
    if canon.is_erased(value):
        return _("Erased from the history")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return _list_text(name, value, names)
    record = record_in(value)
    if record is not None:
        return _record_text(name, record, names)
    key = uuid_in(value)
    return names.of(key) if key is not None else _plain_text(name, str(value))


def record_in(value: Any) -> dict[str, Any] | None:
    """Return the record that a value is, also one kept as the text that was hashed; None for any other value."""
    if isinstance(value, dict):
        return value
    if not isinstance(value, str) or not value.startswith('{"'):
        return None
    try:
        found = json.loads(value)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _list_text(name: str, values: list[Any], names: Names) -> str:
    if any(isinstance(item, dict) for item in values):
        return " ".join(f"({number}) {value_text(name, item, names)}" for number, item in enumerate(values, 1))
    return ", ".join(value_text(name, item, names) for item in values)


def _record_text(name: str, record: Mapping[str, Any], names: Names) -> str:
    """Return a record as "word: value; word: value", what says nothing left out; a name stands for the id beside it."""
    told = {key: value for key, value in record.items() if value not in (None, "", [], {}) and f"{key}_id" not in record}
    told = {key: value for key, value in told.items() if key not in wording_nested.INTERNAL}
    order = {key: place for place, key in enumerate(wording_nested.ORDER)}
    keys = sorted(told, key=lambda key: (order.get(key, len(order)), key))
    return "; ".join(
        f"{wording_nested.key_text(name, key) or wording.field_text(key)}: {value_text(key, told[key], names)}" for key in keys
    )


def _plain_text(name: str, text: str) -> str:
    if _DAY.fullmatch(text) and name in MONTH_FIELDS:
        return format_month(date.fromisoformat(text), get_locale())
    if _DAY.fullmatch(text):
        return format_date(date.fromisoformat(text), get_locale())
    if _INSTANT.fullmatch(text):
        return format_datetime(datetime.fromisoformat(text), get_locale())
    if _SUM.fullmatch(text) and name in MONEY_FIELDS:
        return _("%(sum)s baht", sum=format_baht(Decimal(text)))
    if name in KIND_FIELDS:
        return caption_of(text)
    if _FIGURE.fullmatch(text):
        return text.rstrip("0").rstrip(".")
    return wording_nested.code_text(name, text) or wording.value_text(text)


def uuid_in(value: Any) -> UUID | None:
    """Return the id that a stored value is, None for any other value."""
    if not isinstance(value, str) or len(value) != 36:
        return None
    try:
        return UUID(value)
    except ValueError:
        return None


def ids_in(value: Any) -> Iterator[UUID]:
    """Yield every id within a stored value, however deep."""
    record = record_in(value)
    parts = list(record.values()) if record is not None else value
    if isinstance(parts, list):
        for part in parts:
            yield from ids_in(part)
    elif (key := uuid_in(value)) is not None:
        yield key
