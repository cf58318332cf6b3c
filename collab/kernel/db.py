"""The database: base class, column kinds, and the unit of work. One commit, at the edge."""

import logging
import select
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedColumn, Session, declared_attr, mapped_column, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from collab.kernel.connection import Connection
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


#: A pooled connection that was idle for longer is asked whether it still lives.
ASK_AFTER_SECONDS = 30.0
_USED_AT = "collab.used_at"
#: To compile a statement takes PostgreSQL a third of a second; none of ours runs long enough to win that back.
_NO_JIT = "-c jit=off"
_READ_ONLY = sa.text("SET LOCAL transaction_read_only = on")
_SNAPSHOT = sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
SendJob = Callable[[Job, dict[str, Any]], None]


class Database:
    """Opens units of work on one engine and sends their jobs after the commit; reads over another that cannot write."""

    def __init__(self, engine: sa.Engine, send_job: SendJob, *, reader: sa.Engine | None = None, **session_options: Any) -> None:
        """Take the engine, what sends a job to the broker, and extra options for each Session (tests bind a connection).

        ``reader`` (`create_reader`) serves the reads; without one they are read-only transactions on ``engine``.
        """
        self.engine = engine
        self.reader = reader
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
    def reading(self, connection: sa.Connection | None = None) -> Iterator[Session]:
        """Yield a session for reads only: PostgreSQL refuses a change. Rows stay readable after the block.

        Each statement sees what is committed when it starts; see `snapshot` for many that have to agree. ``connection`` is one of
        `open_reader`, for several blocks in turn.
        """
        if self.reader is not None:
            with self._sessions(bind=connection or self.reader) as session:
                yield session
            return
        with self._sessions() as session:
            session.execute(_READ_ONLY)
            yield session

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """Yield a session for reads only that all see one moment, however long they take; cursors of the server work there too."""
        with self._sessions() as session:
            # Within the transaction of a test it is too late to choose.
            session.execute(_READ_ONLY if session.connection().in_nested_transaction() else _SNAPSHOT)
            yield session

    def open_reader(self) -> sa.Connection | None:
        """Return a connection for `reading`, to be closed by the caller; None when reads have no engine of their own."""
        return self.reader.connect() if self.reader is not None else None

    def _send(self, job: Job, arguments: dict[str, Any]) -> None:
        try:
            self.send_job(job, arguments)
        except Exception:
            # The broker is only a wake-up: the work is in tables and the sweep finds it. The user's commit stands.
            logger.exception("job not handed to the broker", extra={"job": job.value})


def create_engine(url: str, **options: Any) -> sa.Engine:
    """Return an engine on PostgreSQL; UTC sessions, checked connections, no values in the texts of errors (they are logged)."""
    arguments = {"options": f"-c timezone=UTC {_NO_JIT}"}
    return _checked(sa.create_engine(url, connect_args=arguments, hide_parameters=True, **options))


def create_reader(url: str, **options: Any) -> sa.Engine:
    """Return an engine for reads: a statement is its own transaction, so that none is begun or rolled back, and none may write."""
    arguments = {"options": f"-c timezone=UTC {_NO_JIT} -c default_transaction_read_only=on"}
    return _checked(sa.create_engine(url, connect_args=arguments, isolation_level="AUTOCOMMIT", hide_parameters=True, **options))


def _connects(_dialect: Any, _record: Any, arguments: Any, options: Any) -> Connection:
    return Connection.connect(*arguments, **options)


def _forgets(connection: sa.Connection, _name: str, _context: Any) -> None:
    ours = Connection.of(connection.connection.driver_connection)
    if ours:
        ours.forget()


def _checked(engine: sa.Engine) -> sa.Engine:
    """Have connections of our kind, each checked when it leaves the pool, so that a restart of the server is no error on a page.

    A server that has ended has said so on the socket: looking there costs no round trip. A connection that was idle for long is
    asked, because a firewall may have dropped it in silence.
    """

    def leaves(connection: Any, record: ConnectionPoolEntry, _proxy: Any) -> None:
        idle = time.monotonic() - record.info.get(_USED_AT, time.monotonic())
        if idle < ASK_AFTER_SECONDS and not _has_news(connection):
            return
        try:
            engine.dialect.do_ping(connection)
        except psycopg.Error as error:
            raise InvalidatePoolError from error

    def returns(connection: Any, record: ConnectionPoolEntry) -> None:
        record.info[_USED_AT] = time.monotonic()

    sa.event.listen(engine, "do_connect", _connects)
    sa.event.listen(engine, "rollback_savepoint", _forgets)
    sa.event.listen(engine, "checkout", leaves)
    sa.event.listen(engine, "checkin", returns)
    return engine


def _has_news(connection: Any) -> bool:
    """Say whether the server sent something unasked on an idle connection: its farewell, most likely."""
    try:
        poll = select.poll()
        poll.register(connection.fileno(), select.POLLIN)
        return bool(poll.poll(0))
    except (psycopg.Error, OSError):
        return True
