"""Reads have a connection that cannot write, and a pooled connection that has died is no error for whoever gets it."""

import os
from collections.abc import Iterator

import psycopg
import pytest
import sqlalchemy as sa

from collab.kernel import bootstrap
from collab.kernel.db import Database, create_engine, create_reader
from tests.services import app_url, superuser_url


@pytest.fixture
def real(database_name: str) -> Iterator[Database]:
    """A database over pools of its own, as an installation has it."""
    url = app_url(superuser_url(), bootstrap.APP_ROLE, database_name)
    made = Database(create_engine(url, pool_size=1), lambda _job, _arguments: None, reader=create_reader(url, pool_size=1))
    yield made
    made.engine.dispose()
    assert made.reader is not None
    made.reader.dispose()


@pytest.mark.parametrize("kind", ["reader", "one connection"])
def test_a_reading_session_cannot_write(kind: str, real: Database, database: Database) -> None:
    chosen = real if kind == "reader" else database
    with pytest.raises(sa.exc.InternalError, match="read-only transaction"), chosen.reading() as session:
        session.execute(sa.text("UPDATE user_session SET seen_at = now()"))
    with chosen.unit_of_work() as session:  # what was refused leaves nothing behind
        session.execute(sa.text("UPDATE user_session SET seen_at = now()"))


def test_each_read_sees_what_is_committed_by_then(real: Database) -> None:
    name = f"reading-{os.getpid()}"
    connection = real.open_reader()
    assert connection is not None
    count = sa.text("SELECT count(*) FROM sign_in_attempt WHERE bucket = :bucket")
    with real.reading(connection) as session:
        assert session.scalar(count, {"bucket": name.encode()}) == 0
        with real.unit_of_work() as writing:
            insert = sa.text("INSERT INTO sign_in_attempt (id, bucket, tried_at) VALUES (gen_random_uuid(), :bucket, now())")
            writing.execute(insert, {"bucket": name.encode()})
        assert session.scalar(count, {"bucket": name.encode()}) == 1
    with real.unit_of_work() as writing:
        writing.execute(sa.text("DELETE FROM sign_in_attempt WHERE bucket = :bucket"), {"bucket": name.encode()})
    connection.close()


def test_a_snapshot_sees_one_moment_and_walks_long(real: Database) -> None:
    count = sa.text("SELECT count(*) FROM sign_in_attempt WHERE bucket = 'snapshot'")
    with real.snapshot() as session:
        assert session.scalar(count) == 0
        with real.unit_of_work() as writing:
            insert = "INSERT INTO sign_in_attempt (id, bucket, tried_at) VALUES (gen_random_uuid(), 'snapshot', now())"
            writing.execute(sa.text(insert))
        assert session.scalar(count) == 0
        rows = session.execute(sa.text("SELECT * FROM generate_series(1, 1000)").execution_options(yield_per=100))
        assert sum(len(part) for part in rows.partitions(100)) == 1000
        with pytest.raises(sa.exc.InternalError, match="read-only transaction"):
            session.execute(sa.text("DELETE FROM sign_in_attempt"))
    with real.unit_of_work() as writing:
        assert writing.execute(sa.text("DELETE FROM sign_in_attempt WHERE bucket = 'snapshot'")).rowcount == 1


def test_a_connection_that_the_server_ended_is_replaced(real: Database) -> None:
    with real.reading() as session:
        before = session.scalar(sa.text("SELECT pg_backend_pid()"))
    with real.unit_of_work() as session:
        writer = session.scalar(sa.text("SELECT pg_backend_pid()"))
    with psycopg.connect(superuser_url(), autocommit=True) as server:
        for process in (before, writer):
            server.execute("SELECT pg_terminate_backend(%s, 5000)", (process,))
    with real.reading() as session:
        assert session.scalar(sa.text("SELECT pg_backend_pid()")) != before
    with real.unit_of_work() as session:
        assert session.scalar(sa.text("SELECT pg_backend_pid()")) != writer
