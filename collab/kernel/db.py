"""The database: base class, column kinds, and the unit of work. One commit, at the edge."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedColumn, Session, declared_attr, mapped_column, sessionmaker

from collab.kernel.errors import VersionConflict
from collab.kernel.ids import new_id
from collab.kernel.jobs import Job, take_pending

logger = logging.getLogger(__name__)

Money = sa.Numeric(16, 2)
UtcDateTime = sa.DateTime(timezone=True)
Json = postgresql.JSONB


class Base(DeclarativeBase):
    """Base of all tables; the naming convention lets a constraint's name be turned into a field's message."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {str: sa.Text(), datetime: UtcDateTime, UUID: sa.Uuid()}


class Keyed:
    """Gives a table its UUIDv7 key."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)


class Versioned:
    """Gives a table the counter by which a lost update is noticed."""

    version: Mapped[int] = mapped_column(default=1, server_default="1")

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805 - SQLAlchemy calls it with the class
        return {"version_id_col": cls.version}


def code_column(enum: type[StrEnum], **options: Any) -> MappedColumn[Any]:
    """Return a column for an enum: text with a CHECK, so that a new value needs no type migration. Stored clear in history."""
    kind = sa.Enum(
        enum, native_enum=False, length=40, values_callable=lambda members: [member.value for member in members],
        name=f"{enum.__name__.lower()}",
    )  # fmt: skip
    return mapped_column(kind, info={"clear": True}, **options)


def clear_text(**options: Any) -> MappedColumn[Any]:
    """Return a text column that holds no personal data and no free text (numbers, codes, titles of law), clear in history."""
    return mapped_column(sa.Text, info={"clear": True}, **options)


def check_version(row: Versioned, expected_version: int | None) -> None:
    """Raise VersionConflict when the row is not the version that the form showed (None: the caller shows no form)."""
    if expected_version is not None and row.version != expected_version:
        raise VersionConflict(row.version)


SendJob = Callable[[Job, dict[str, Any]], None]


class Database:
    """Opens units of work on one engine and sends their jobs after the commit."""

    def __init__(self, engine: sa.Engine, send_job: SendJob, **session_options: Any) -> None:
        """Take the engine, what sends a job to the broker, and extra options for each Session (tests bind a connection)."""
        self.engine = engine
        self.send_job = send_job
        self._sessions = sessionmaker(engine, expire_on_commit=False, **session_options)

    @contextmanager
    def unit_of_work(self) -> Iterator[Session]:
        """Yield a session; commit when the block ends well, roll back when it raises, then send the jobs."""
        with self._sessions() as session:
            yield session
            session.commit()
            pending = take_pending(session)
        for job, arguments in pending:
            self._send(job, arguments)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Yield a session for reads only: closing it undoes whatever it changed. Rows stay readable after the block."""
        with self._sessions() as session:
            yield session

    def _send(self, job: Job, arguments: dict[str, Any]) -> None:
        try:
            self.send_job(job, arguments)
        except Exception:
            # The broker is only a wake-up: the work is in tables and the sweep finds it. The user's commit stands.
            logger.exception("job not handed to the broker", extra={"job": job.value})


def create_engine(url: str, **options: Any) -> sa.Engine:
    """Return an engine on PostgreSQL; UTC sessions, checked connections."""
    return sa.create_engine(
        url,
        pool_pre_ping=True,
        connect_args={"options": "-c timezone=UTC"},
        **options,
    )
