"""Log lines of every process: one line each, as text or as JSON, with the request and the job they belong to."""

import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TextIO

from config import LogFormat

_fields: ContextVar[dict[str, str]] = ContextVar("log_fields", default={})  # noqa: B039 - never changed in place

#: What PostgreSQL adds to an error: the key or the whole row at fault, up to what SQLAlchemy writes behind it.
_DETAIL = re.compile(r"\n(?:DETAIL|CONTEXT):.*?(?=\n\[SQL: |\n\n(?:The above|During handling)|\Z)", re.DOTALL)
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "data"}


@contextmanager
def speaking_of(**fields: str) -> Iterator[None]:
    """Give every line written within the block these fields besides those in force, for instance ``job`` and ``job_id``."""
    token = _fields.set({**_fields.get(), **fields})
    try:
        yield
    finally:
        _fields.reset(token)


def speak_of(**fields: str) -> None:
    """Let the lines of what begins now carry these fields and no others: for a request, which ends in no block of ours."""
    _fields.set(fields)


def spoken_of() -> dict[str, str]:
    """Return the fields in force."""
    return dict(_fields.get())


def configure(log_format: LogFormat, stream: TextIO) -> None:
    """Send all log records to ``stream`` in `log_format`; the chatter of libraries about each message is left out."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter() if log_format is LogFormat.JSON else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in ("celery.app.trace", "celery.worker.strategy", "celery.beat"):
        logging.getLogger(name).setLevel(logging.WARNING)


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return the fields in force, and whatever was passed to the logger as ``extra``."""
    extra = {name: value for name, value in vars(record).items() if name not in _STANDARD and not name.startswith("_")}
    return {**_fields.get(), **extra}


class _Discreet(logging.Formatter):
    """Leaves out of errors what rows hold: names, addresses, texts. Where it happened and what went wrong stay."""

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the library's name
        """Return the traceback without the rows that PostgreSQL names."""
        return _DETAIL.sub("", super().formatException(ei))


class JsonFormatter(_Discreet):
    """Writes a record as one JSON object; values that JSON has not are written as text."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line for `record`."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **fields_of(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class TextFormatter(_Discreet):
    """Writes a record for people: level, message, then fields as ``name=value``."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line for `record`, followed by the traceback if there is one."""
        fields = " ".join(f"{name}={value}" for name, value in fields_of(record).items())
        line = f"{record.levelname.lower()}: {record.getMessage()}" + (f" [{fields}]" if fields else "")
        return line + ("\n" + self.formatException(record.exc_info) if record.exc_info else "")
