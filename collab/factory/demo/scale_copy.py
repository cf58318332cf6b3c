"""Rows on their way into PostgreSQL by COPY, a table at a time, each table after those that it points to."""

import json
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Mapper

from collab.action_plans.models import ActionItem, ItemSupporter, ProgressReport
from collab.documents.models import Document
from collab.history import canon, store
from collab.kernel.db import Base

#: The order of the foreign keys among them.
ORDER: tuple[type[Base], ...] = (ActionItem, ItemSupporter, ProgressReport, Document)


@cache
def blank(model: type[Base]) -> dict[str, Any]:
    """Return a row of ``model`` by attribute with the defaults that the model declares, in plain values; None elsewhere."""
    return {name: canon.plain(_default(column)) for name, column in _columns(model)}


@cache
def _columns(model: type[Base]) -> tuple[tuple[str, sa.Column[Any]], ...]:
    mapper: Mapper[Any] = sa.inspect(model)
    return tuple((attribute.key, cast("sa.Column[Any]", attribute.columns[0])) for attribute in mapper.column_attrs)


def _default(column: sa.Column[Any]) -> Any:
    default: Any = column.default
    return default.arg if default is not None and default.is_scalar else None


class Batch:
    """Rows that wait to be written together, with their history."""

    def __init__(self) -> None:
        """Begin with none."""
        self._rows: dict[type[Base], list[dict[str, Any]]] = defaultdict(list)
        self.history = store.Rows()
        #: The ends of the streams that begin in this batch.
        self.streams: dict[str, store.Head] = {}

    def add(self, model: type[Base], row: dict[str, Any]) -> None:
        """Take a row by attribute. It may still change until `write`: rows are read then."""
        self._rows[model].append(row)

    def write(self, cursor: store.Cursor) -> None:
        """Send everything into the transaction of ``cursor`` and forget it. The caller has announced an act."""
        for model in ORDER:
            rows = self._rows.pop(model, [])
            if rows:
                _copy(cursor, model, rows)
        store.copy(cursor, self.history, self.streams)
        self.history, self.streams = store.Rows(), {}


def _copy(cursor: store.Cursor, model: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    columns = _columns(model)
    names = [name for name, _column in columns]
    documents = {name for name, column in columns if isinstance(column.type, sa.JSON)}
    listed = ", ".join(f'"{column.name}"' for _name, column in columns)
    with cursor.copy(f"COPY {model.__tablename__} ({listed}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([_json(row[name]) if name in documents else row[name] for name in names])


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
