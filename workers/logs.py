"""Log lines of workers: one line each, as text or as JSON, with the job and its id wherever a job is running."""

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from config import LogFormat

current_job: ContextVar[dict[str, str]] = ContextVar("current_job", default={})  # noqa: B039 - never changed in place

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "data"}


def configure(log_format: LogFormat) -> None:
    """Send all log records to standard output in `log_format`; Celery's own chatter about each message is left out."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter() if log_format is LogFormat.JSON else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in ("celery.app.trace", "celery.worker.strategy", "celery.beat"):
        logging.getLogger(name).setLevel(logging.WARNING)


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return the job, its id, and whatever was passed to the logger as ``extra``."""
    extra = {name: value for name, value in vars(record).items() if name not in _STANDARD and not name.startswith("_")}
    return {**current_job.get(), **extra}


class JsonFormatter(logging.Formatter):
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


class TextFormatter(logging.Formatter):
    """Writes a record for people: level, message, then fields as ``name=value``."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line for `record`, followed by the traceback if there is one."""
        fields = " ".join(f"{name}={value}" for name, value in fields_of(record).items())
        line = f"{record.levelname.lower()}: {record.getMessage()}" + (f" [{fields}]" if fields else "")
        return line + ("\n" + self.formatException(record.exc_info) if record.exc_info else "")
