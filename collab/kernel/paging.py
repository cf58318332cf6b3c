"""Lists are paged by key, never by OFFSET: page 10,000 costs what page 1 costs."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

T = TypeVar("T")
#: A SELECT of whatever columns.
AnySelect = sa.Select[*tuple[Any, ...]]
PAGE_SIZE = 50


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of rows and the cursors of its neighbours (None: there is no such page)."""

    rows: list[T]
    next_cursor: str | None = None
    previous_cursor: str | None = None


@dataclass(frozen=True)
class Key:
    """One column of the order: the expression, how to read its value from a row, and the direction."""

    expression: Any
    value: Callable[[Any], Any]
    descending: bool = False


def keyset(session: Session, statement: AnySelect, keys: Sequence[Key], cursor: str | None, *,
           size: int = PAGE_SIZE, scalars: bool = False) -> Page[Any]:  # fmt: skip
    """Return the page of ``statement`` at ``cursor``, in the order of ``keys`` (the last must be unique and none may be NULL).

    ``scalars`` returns entities instead of rows. A cursor that cannot be read means the first page.
    """
    backwards, values = _decode(cursor, len(keys))
    if values is not None:
        statement = statement.where(_after(keys, values, backwards))
    order = [key.expression.desc() if key.descending != backwards else key.expression.asc() for key in keys]
    result = session.execute(statement.order_by(*order).limit(size + 1))
    rows = list(result.scalars() if scalars else result)
    more = len(rows) > size
    rows = rows[:size]
    if backwards:
        rows.reverse()
    has_next = more if not backwards else values is not None
    has_previous = (values is not None) if not backwards else more
    return Page(
        rows=rows,
        next_cursor=_encode("n", keys, rows[-1]) if rows and has_next else None,
        previous_cursor=_encode("p", keys, rows[0]) if rows and has_previous else None,
    )


def _after(keys: Sequence[Key], values: Sequence[Any], backwards: bool) -> sa.ColumnElement[bool]:
    """Build ``a > x OR (a = x AND b > y) …``; a row comparison when all keys go the same way, which an index serves."""
    if len({key.descending for key in keys}) == 1:
        left = sa.tuple_(*(key.expression for key in keys))
        right = sa.tuple_(*(sa.literal(value, key.expression.type) for key, value in zip(keys, values, strict=True)))
        return left < right if keys[0].descending != backwards else left > right
    clauses = []
    for index, key in enumerate(keys):
        same = [k.expression == v for k, v in zip(keys[:index], values[:index], strict=True)]
        down = key.descending != backwards
        clauses.append(sa.and_(*same, key.expression < values[index] if down else key.expression > values[index]))
    return sa.or_(*clauses)


def _encode(direction: str, keys: Sequence[Key], row: Any) -> str:
    payload = json.dumps([direction, *(_plain(key.value(row)) for key in keys)], separators=(",", ":"))
    return base64.urlsafe_b64encode(payload.encode()).decode().rstrip("=")


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"b": value.hex()}
    if isinstance(value, datetime):
        return {"t": value.isoformat()}
    if isinstance(value, date):
        return {"d": value.isoformat()}
    if isinstance(value, UUID):
        return {"u": value.hex}
    return value


_READERS: dict[str, Callable[[str], Any]] = {
    "b": bytes.fromhex,
    "t": datetime.fromisoformat,
    "d": date.fromisoformat,
    "u": UUID,
}


def _decode(cursor: str | None, count: int) -> tuple[bool, list[Any] | None]:
    if not cursor:
        return False, None
    try:
        payload = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        direction, *values = payload
        read = [_READERS[next(iter(v))](next(iter(v.values()))) if isinstance(v, dict) else v for v in values]
    except (ValueError, TypeError, KeyError, StopIteration, AttributeError):
        return False, None
    if len(read) != count or direction not in ("n", "p"):
        return False, None
    return direction == "p", read
