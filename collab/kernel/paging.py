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
#: What turns the columns of a page into a wider SELECT of the same rows.
Widen = Callable[[Any], AnySelect]
#: What makes the SELECT of a page by itself: (backwards, is it behind a cursor, most rows), ordered and limited.
Find = Callable[[bool, bool, int], AnySelect]
PAGE_SIZE = 50
#: The longest order has a handful of columns; a title among them is the longest value.
LONGEST_CURSOR = 2000


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
    backwards, values = _decode(cursor, keys)
    result = session.execute(_at(statement, keys, backwards, values is not None, size), _parameters(values))
    return _page(list(result.scalars() if scalars else result), keys, size, backwards, values is not None)


class Listing:
    """A list that many requests ask for: its statement, of columns and bound parameters, is put together once for each direction.

    To build a statement costs SQLAlchemy more time than PostgreSQL needs to answer it.
    """

    def __init__(
        self, statement: AnySelect | Find, keys: Sequence[Key], size: int = PAGE_SIZE, *, widen: Widen | None = None
    ) -> None:
        """Take what `keyset` takes; what changes from request to request stands in the statement as `sa.bindparam`.

        A function in place of a statement places the values of the cursor by itself: `at_cursor` names them.

        ``widen`` makes the rows of the page wider, by names for instance, when the page is found: it takes the page as a
        subquery and returns a SELECT of the same rows.
        """
        self._keys, self._size = keys, size
        self._statements: dict[tuple[bool, bool], AnySelect] = {}
        for backwards, is_after in ((False, False), (False, True), (True, True)):
            if isinstance(statement, sa.Select):
                found = _at(statement, keys, backwards, is_after, size)
            else:
                found = statement(backwards, is_after, size + 1)
            if widen is not None:
                page = found.subquery("page")
                columns = [page.c[key.expression.key] for key in keys]
                order = _order(
                    [Key(column, key.value, key.descending) for column, key in zip(columns, keys, strict=True)], backwards
                )
                found = widen(page.c).order_by(*order)
            self._statements[backwards, is_after] = found

    def page(self, session: Session, parameters: dict[str, Any], cursor: str | None) -> Page[Any]:
        """Return the page of plain rows at ``cursor``."""
        backwards, values = _decode(cursor, self._keys)
        statement = self._statements[backwards, values is not None]
        rows = session.connection().execute(statement, parameters | _parameters(values)).all()
        return _page(list(rows), self._keys, self._size, backwards, values is not None)


def _at(statement: AnySelect, keys: Sequence[Key], backwards: bool, is_after: bool, size: int) -> AnySelect:
    """Order and limit ``statement``; ``is_after``: to what lies beyond the bound values of a cursor."""
    if is_after:
        values = at_cursor(keys)
        statement = statement.where(_after(keys, values, backwards))
    return statement.order_by(*_order(keys, backwards)).limit(size + 1)


def at_cursor(keys: Sequence[Key]) -> list[sa.BindParameter[Any]]:
    """Return the bound values of a cursor, one for each key."""
    return [sa.bindparam(f"cursor_{number}", type_=key.expression.type) for number, key in enumerate(keys)]


def _order(keys: Sequence[Key], backwards: bool) -> list[sa.ColumnElement[Any]]:
    return [key.expression.desc() if key.descending != backwards else key.expression.asc() for key in keys]


def _parameters(values: Sequence[Any] | None) -> dict[str, Any]:
    return {f"cursor_{number}": value for number, value in enumerate(values or ())}


def _page(rows: list[Any], keys: Sequence[Key], size: int, backwards: bool, is_after: bool) -> Page[Any]:
    """Return the page of ``rows``, which are one more than ``size`` when there are more beyond them."""
    more = len(rows) > size
    rows = rows[:size]
    if backwards:
        rows.reverse()
    has_next = more if not backwards else is_after
    has_previous = is_after if not backwards else more
    return Page(
        rows=rows,
        next_cursor=_encode("n", keys, rows[-1]) if rows and has_next else None,
        previous_cursor=_encode("p", keys, rows[0]) if rows and has_previous else None,
    )


def _after(keys: Sequence[Key], values: Sequence[Any], backwards: bool) -> sa.ColumnElement[bool]:
    """Build ``a > x OR (a = x AND b > y) …``; a row comparison when all keys go the same way, which an index serves."""
    if len({key.descending for key in keys}) == 1:
        left = sa.tuple_(*(key.expression for key in keys))
        right = sa.tuple_(*values)
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


def _decode(cursor: str | None, keys: Sequence[Key]) -> tuple[bool, list[Any] | None]:
    """Return direction and values of a cursor; no values when it cannot be read, or is of another list: anybody can write one."""
    if not cursor or len(cursor) > LONGEST_CURSOR:
        return False, None
    try:
        payload = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        direction, *values = payload
        read = [_READERS[next(iter(v))](next(iter(v.values()))) if isinstance(v, dict) else v for v in values]
    except (ValueError, TypeError, KeyError, StopIteration, AttributeError, RecursionError):
        return False, None
    if len(read) != len(keys) or direction not in ("n", "p"):
        return False, None
    return direction == "p", read if all(map(_fits, keys, read)) else None


def _fits(key: Key, value: Any) -> bool:
    """Say whether PostgreSQL can compare ``value`` with the key; an expression without a type of its own is compared with any."""
    try:
        if type(value) is not key.expression.type.python_type:
            return False
    except NotImplementedError:
        pass
    if isinstance(value, datetime):
        # Near the ends of the calendar a time zone leads out of it.
        return value.tzinfo is not None and 1 < value.year < 9999
    if isinstance(value, str):
        return "\x00" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)
    bits = 63 if isinstance(key.expression.type, sa.BigInteger) else 31
    return not isinstance(value, int) or -(2**bits) <= value < 2**bits


def paged(rows: Sequence[T], key: Callable[[T], UUID], cursor: str | None, size: int = PAGE_SIZE) -> Page[T]:
    """Return the page of ``rows``, which are all at hand, that begins with the row whose key is the cursor; the first for any other."""
    start = next((place for place, row in enumerate(rows) if str(key(row)) == cursor), 0)
    after, before = start + size, max(start - size, 0)
    return Page(
        list(rows[start:after]), str(key(rows[after])) if after < len(rows) else None, str(key(rows[before])) if start else None
    )
