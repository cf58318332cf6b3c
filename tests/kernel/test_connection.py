"""What a transaction does last goes with its COMMIT: done together, or another way, or not at all."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from collab.kernel import bootstrap, connection
from collab.kernel.connection import Connection, Last
from collab.kernel.db import create_engine
from tests.services import app_url, superuser_url
from tests.threads import wait_for

#: Notes a number; raises as a last statement does when it cannot be done as it stands (a number below zero).
NOTE = "SELECT collab_insist($1::int >= 0), pg_temp.note($1::int, $2)"


def url(database_name: str) -> str:
    return app_url(superuser_url(), bootstrap.APP_ROLE, database_name)


@pytest.fixture
def ours(database_name: str) -> Iterator[Connection]:
    """A connection with a table of its own, whose numbers have to be different by the COMMIT."""
    with Connection.connect(url(database_name).replace("+psycopg", "", 1)) as opened:
        prepare(opened)
        yield opened


@pytest.fixture
def engine(database_name: str) -> Iterator[sa.Engine]:
    """An engine with one connection, as an installation has them."""
    made = create_engine(url(database_name), pool_size=1)
    yield made
    made.dispose()


def ours_in(opened: sa.Connection) -> Connection:
    """Return the connection beneath SQLAlchemy's."""
    found = Connection.of(opened.connection.driver_connection)
    assert found is not None
    return found


def prepare(opened: psycopg.Connection[Any]) -> None:
    opened.execute("CREATE TEMP TABLE noted (number int UNIQUE DEFERRABLE INITIALLY DEFERRED, word text)")
    opened.execute("""CREATE FUNCTION pg_temp.note(number int, word text) RETURNS void LANGUAGE sql
                      AS 'INSERT INTO noted VALUES (number, word)'""")
    opened.commit()


def otherwise(opened: Connection, taken: list[str]) -> Callable[[], None]:
    """Return the other way: it notes 99."""

    def noting() -> None:
        taken.append("otherwise")
        opened.execute("INSERT INTO noted VALUES (99, 'otherwise')")

    return noting


def say(opened: Connection, number: int, word: str = "last", query: str = NOTE) -> list[str]:
    """Write 1, and leave ``number`` to be noted with the COMMIT; return a list that tells when the other way was taken."""
    taken: list[str] = []
    opened.execute("INSERT INTO noted VALUES (1, 'before')")
    opened.say_last(Last(query, [str(number), word], otherwise(opened, taken)))
    return taken


def noted(opened: psycopg.Connection[Any]) -> list[int]:
    """Return what is there after the end of a transaction, which has to have ended."""
    assert opened.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    found = [number for (number,) in opened.execute("SELECT number FROM noted ORDER BY number")]
    opened.commit()
    return found


def test_what_is_said_last_is_committed_with_the_rest(ours: Connection) -> None:
    taken = say(ours, 7)
    ours.commit()
    assert (noted(ours), taken) == ([1, 7], [])


def test_it_is_said_once(ours: Connection) -> None:
    say(ours, 7)
    ours.commit()
    ours.execute("INSERT INTO noted VALUES (2, 'later')")
    ours.commit()
    assert noted(ours) == [1, 2, 7]


def test_both_go_out_in_one_round_trip(ours: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    say(ours, 7)
    ours.commit()
    ours.execute("DELETE FROM noted")
    say(ours, 8)
    monkeypatch.setattr(psycopg.Connection, "wait", lambda *_given, **_options: pytest.fail("a round trip of psycopg's own"))
    ours.commit()
    monkeypatch.undo()
    assert noted(ours) == [1, 8]


def test_refused_it_is_done_otherwise_and_what_came_before_stands(ours: Connection) -> None:
    taken = say(ours, -1)
    ours.commit()
    assert (noted(ours), taken) == ([1, 99], ["otherwise"])
    taken = say(ours, 7, query=f"{NOTE} ")
    ours.execute("DELETE FROM noted WHERE word = 'before'")
    ours.commit()
    assert (noted(ours), taken) == ([7, 99], [])


def test_a_server_that_forgot_the_statement_is_asked_otherwise_and_the_next_time_anew(ours: Connection) -> None:
    for number, forget, expected in ((7, False, []), (8, True, ["otherwise"]), (9, False, [])):
        ours.execute("DELETE FROM noted")
        ours.commit()
        if forget:
            ours.execute("DEALLOCATE ALL")
        taken = say(ours, number)
        ours.commit()
        assert taken == expected
        assert noted(ours) == [1, 99 if forget else number]


def test_after_a_rollback_nothing_is_taken_for_prepared(ours: Connection) -> None:
    """psycopg has the server forget its prepared statements then."""
    say(ours, 7)
    ours.commit()
    ours.execute("SELECT 1", prepare=True)
    ours.rollback()
    ours.execute("DELETE FROM noted")
    taken = say(ours, 8)
    ours.commit()
    assert (noted(ours), taken) == ([1, 8], [])


def test_another_error_ends_the_transaction_and_is_told(ours: Connection) -> None:
    taken = say(ours, 7, query="SELECT 1 / ($1::int - 7), $2")
    with pytest.raises(psycopg.errors.DivisionByZero):
        ours.commit()
    assert (noted(ours), taken) == ([], [])


def test_an_error_of_the_commit_is_told(ours: Connection) -> None:
    taken = say(ours, 1)
    with pytest.raises(psycopg.errors.UniqueViolation) as told:
        ours.commit()
    assert told.value.diag.constraint_name == "noted_number_key"
    assert (noted(ours), taken) == ([], [])


def test_an_error_of_the_other_way_ends_the_transaction(ours: Connection) -> None:
    ours.execute("INSERT INTO noted VALUES (1, 'before')")
    ours.say_last(Last(NOTE, ["-1", "last"], lambda: pytest.fail("no way")))
    with pytest.raises(pytest.fail.Exception):
        ours.commit()
    assert noted(ours) == []


def test_a_transaction_that_failed_before_is_not_committed(ours: Connection) -> None:
    say(ours, 7)
    with pytest.raises(psycopg.errors.DivisionByZero):
        ours.execute("SELECT 1 / 0")
    with pytest.raises(psycopg.errors.InFailedSqlTransaction):
        ours.commit()
    assert noted(ours) == []


def test_a_rollback_drops_it(ours: Connection) -> None:
    taken = say(ours, 7)
    ours.rollback()
    ours.commit()
    assert (noted(ours), taken) == ([], [])


def test_one_statement_can_be_the_last(ours: Connection) -> None:
    say(ours, 7)
    with pytest.raises(ValueError, match="one last statement"):
        ours.say_last(Last(NOTE, ["8", "last"], lambda: None))


def test_without_a_transaction_the_other_way_begins_one(ours: Connection) -> None:
    taken: list[str] = []
    ours.say_last(Last(NOTE, ["7", "last"], otherwise(ours, taken)))
    ours.commit()
    assert (noted(ours), taken) == ([99], ["otherwise"])


def test_what_is_larger_than_a_socket_takes_at_once_is_sent(ours: Connection) -> None:
    say(ours, 7, "ก" * 5_000_000)
    ours.commit()
    assert ours.execute("SELECT length(word) FROM noted WHERE number = 7").fetchone() == (5_000_000,)


def test_bytes_arrive_as_they_are(ours: Connection) -> None:
    octets = bytes(range(256))
    ours.execute("INSERT INTO noted VALUES (1, 'before')")
    ours.say_last(Last("SELECT pg_temp.note($1::int, encode($2, 'hex'))", ["7", octets], lambda: None))
    ours.commit()
    assert ours.execute("SELECT word FROM noted WHERE number = 7").fetchone() == (octets.hex(),)


def end_process(process: int) -> None:
    with psycopg.connect(superuser_url(), autocommit=True) as server:
        server.execute("SELECT pg_terminate_backend(%s, 5000)", (process,))


def test_a_server_that_is_gone_is_told_as_such(ours: Connection) -> None:
    taken = say(ours, 7)
    end_process(ours.info.backend_pid)
    with pytest.raises(psycopg.OperationalError):
        ours.commit()
    assert ours.closed
    assert taken == []


def test_a_server_that_goes_while_it_is_waited_for_is_told_as_such(ours: Connection) -> None:
    taken = say(ours, 7, query="SELECT $1::int, $2, pg_sleep(30)")
    ending = threading.Timer(0.3, end_process, (ours.info.backend_pid,))
    ending.start()
    with pytest.raises(psycopg.OperationalError):
        ours.commit()
    ending.join()
    assert ours.closed
    assert taken == []


class TimeIsUp(Exception):
    """A time limit of a job, for example, which comes as a signal."""


def test_cut_off_half_way_the_connection_is_of_no_more_use(ours: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    def poll() -> Any:
        raise TimeIsUp

    say(ours, 7, query="SELECT $1::int, $2, pg_sleep(1)")
    monkeypatch.setattr(connection.select, "poll", poll)
    with pytest.raises(TimeIsUp):
        ours.commit()
    assert ours.closed


def test_cut_off_after_the_last_answer_the_connection_is_of_no_more_use(
    ours: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would go on in the mode in which everything is sent at once."""

    def results(opened: Connection, its: Callable[[Connection], Iterator[Any]] = Connection._results) -> Iterator[Any]:
        yield from its(opened)
        raise TimeIsUp

    say(ours, 7)
    monkeypatch.setattr(Connection, "_results", results)
    with pytest.raises(TimeIsUp):
        ours.commit()
    assert ours.closed


def is_gone(process: int) -> bool:
    with psycopg.connect(superuser_url()) as server:
        return server.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", (process,)).fetchone() is None


def test_what_was_cut_off_while_it_waited_is_not_committed_later(ours: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """The COMMIT is with the server already, behind the statement that waits for a lock."""

    def poll() -> Any:
        time.sleep(0.2)
        raise TimeIsUp

    kept = "SELECT count(*) FROM sign_in_attempt WHERE bucket = 'cut off'"
    process = ours.info.backend_pid
    with psycopg.connect(superuser_url().rpartition("/")[0] + f"/{ours.info.dbname}", autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(4711)")
        ours.execute("INSERT INTO sign_in_attempt (id, bucket, tried_at) VALUES (gen_random_uuid(), 'cut off', now())")
        ours.say_last(Last("SELECT pg_advisory_xact_lock($1::int)", ["4711"], lambda: None))
        monkeypatch.setattr(connection.select, "poll", poll)
        with pytest.raises(TimeIsUp):
            ours.commit()
        monkeypatch.undo()
        other.execute("SELECT pg_advisory_unlock(4711)")
        assert wait_for(lambda: is_gone(process))
        assert other.execute(kept).fetchone() == (0,)


def test_cut_off_in_the_other_way_the_connection_is_of_no_more_use(ours: Connection) -> None:
    def waiting() -> None:
        ours.pgconn.send_query(b"SELECT pg_sleep(30)")
        raise TimeIsUp

    process = ours.info.backend_pid
    ours.execute("INSERT INTO noted VALUES (1, 'before')")
    ours.say_last(Last(NOTE, ["-1", "last"], waiting))
    with pytest.raises(TimeIsUp):
        ours.commit()
    assert ours.closed
    assert wait_for(lambda: is_gone(process))


def test_a_statement_that_means_something_else_by_now_fails_once(ours: Connection) -> None:
    say(ours, 7)
    ours.commit()
    ours.execute("DROP FUNCTION pg_temp.note(int, text)")
    ours.execute("""CREATE FUNCTION pg_temp.note(number int, word jsonb) RETURNS void LANGUAGE sql
                    AS 'INSERT INTO noted VALUES (number, word::text)'""")
    ours.execute("DELETE FROM noted")
    ours.commit()
    say(ours, 8)
    with pytest.raises(psycopg.errors.UndefinedFunction):
        ours.commit()
    say(ours, 9, '"last"')
    ours.commit()
    assert noted(ours) == [1, 9]


def test_the_server_is_not_filled_with_statements_that_were_forgotten(ours: Connection) -> None:
    for number in range(5):
        taken = say(ours, -1 if number == 3 else 7)
        ours.execute("DELETE FROM noted")
        ours.commit()
        assert len(taken) == (number == 3)
        ours.execute("SELECT 1")
        ours.rollback()
    found = ours.execute("SELECT name FROM pg_prepared_statements WHERE name LIKE 'collab%'").fetchall()
    assert found == [("collab_0",)]


def test_a_refusal_by_the_commit_itself_is_told(ours: Connection) -> None:
    ours.execute("""CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql
                    AS $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = 'CH001'; END $$""")
    ours.execute("""CREATE CONSTRAINT TRIGGER refused AFTER INSERT ON noted INITIALLY DEFERRED
                    FOR EACH ROW EXECUTE FUNCTION pg_temp.refuse()""")
    ours.commit()
    taken = say(ours, 7)
    with pytest.raises(psycopg.Error) as told:
        ours.commit()
    assert (told.value.sqlstate, taken, noted(ours)) == ("CH001", [], [])


def test_a_text_that_would_arrive_cut_off_is_refused(ours: Connection) -> None:
    say(ours, 7, "a\0b")
    with pytest.raises(psycopg.DataError, match="NUL"):
        ours.commit()
    assert noted(ours) == []


def test_an_engine_has_such_connections_and_tells_errors_as_sqlalchemy_does(engine: sa.Engine) -> None:
    with engine.connect() as opened:
        ours = ours_in(opened)
        prepare(ours)
        say(ours, 1)
        with pytest.raises(sa.exc.IntegrityError):
            commit(opened)
        assert noted(ours) == []
    with engine.connect() as opened:
        process = opened.scalar(sa.text("SELECT pg_backend_pid()"))
        say(ours, 7)
        end_process(process)
        with pytest.raises(sa.exc.OperationalError) as told:
            commit(opened)
        assert told.value.connection_invalidated
    with engine.connect() as opened:
        assert opened.scalar(sa.text("SELECT pg_backend_pid()")) != process


def commit(opened: sa.Connection) -> None:
    """Commit as a session does, whatever has begun."""
    opened.execute(sa.text("SELECT 1"))
    opened.commit()


def test_a_savepoint_that_is_taken_back_lets_the_engine_forget_what_is_prepared(engine: sa.Engine) -> None:
    with engine.connect() as opened:
        ours = ours_in(opened)
        prepare(ours)
        for number in (7, 8):
            taken = say(ours, number)
            commit(opened)
            assert taken == []
            ours.execute("DELETE FROM noted")
            for _turn in range(6):  # until psycopg prepares it
                opened.execute(sa.text("SELECT 2"))
            savepoint = opened.begin_nested()
            savepoint.rollback()
            opened.commit()


def test_what_is_prepared_outlives_the_pool(engine: sa.Engine) -> None:
    """A connection that returns to the pool is rolled back, though nothing is left to be."""
    prepared = []
    for number in (7, 8):
        with engine.connect() as opened:
            ours = ours_in(opened)
            if number == 7:
                prepare(ours)
            say(ours, number)
            ours.execute("DELETE FROM noted")
            commit(opened)
            at = sa.text("SELECT prepare_time FROM pg_prepared_statements WHERE name LIKE 'collab%'")
            prepared.append(opened.scalars(at).all())
            opened.commit()
    assert prepared[0] == prepared[1] != []
