"""A connection to which the last statement of a transaction can be given beforehand, to travel with the COMMIT.

Between client and server a statement costs its round trip more than its work. What a transaction does last need not be waited for
before the COMMIT is sent, when the server commits only if it was done: both go out at once, after a savepoint, and when the statement
says that it cannot be done as it stands, the transaction is back at the savepoint and another way is taken.
"""

import select
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

import psycopg
from psycopg import errors
from psycopg.pq import ExecStatus, Format, TransactionStatus
from psycopg.pq.abc import PGresult

#: By which a last statement says that it did nothing, because what it builds on is no longer so (`collab_insist`, migration 0092).
REFUSED = "CH001"
#: The server does not know a prepared statement.
UNKNOWN = "26000"
#: How long a server is asked to leave off before it is left.
CANCEL_SECONDS = 5.0
_SAVEPOINT = b"SAVEPOINT collab_last"
_BACK = b"ROLLBACK TO SAVEPOINT collab_last"


@dataclass(frozen=True)
class Last:
    """What a transaction does last: a statement with the server's own placeholders that raises REFUSED rather than do only a part.

    ``values`` are text as the server reads it, or bytes as they are. ``otherwise`` does the same in another way, if need be.
    """

    query: str
    values: Sequence[str | bytes | None]
    otherwise: Callable[[], None]


class Connection(psycopg.Connection[tuple[Any, ...]]):
    """psycopg's connection, and what is to go with its next COMMIT."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self._last: Last | None = None
        self._names: dict[str, bytes] = {}
        self._known: set[str] = set()

    @classmethod
    def of(cls, driver_connection: Any) -> Self | None:
        """Return the connection when it is one of this kind."""
        return driver_connection if isinstance(driver_connection, cls) else None

    def say_last(self, last: Last) -> None:
        """Do ``last`` with the next COMMIT; a rollback drops it. Raise ValueError when something is to go with it already."""
        if self._last:
            raise ValueError("a transaction has one last statement")
        self._last = last

    def commit(self) -> None:
        """Commit, after what was to be said last; raise what psycopg raises of either, with the transaction ended."""
        last, self._last = self._last, None
        try:
            if last is not None:
                if self._is_in_transaction() and self._commit_with(last):
                    return
                last.otherwise()
            super().commit()
        except BaseException:
            self._end()
            raise

    def rollback(self) -> None:
        """Roll back, which drops what was to be said last."""
        self._last = None
        if self._is_in_transaction():
            self.forget()
        super().rollback()

    def forget(self) -> None:
        """Take it that the server knows no prepared statement any more, which psycopg may have told it after a rollback."""
        self._known.clear()

    def _end(self) -> None:
        """End a transaction that could not be committed: nobody rolls back after a COMMIT that failed."""
        self.forget()
        try:
            if not self.closed:
                super().rollback()
        except psycopg.Error:
            self._break_off()

    def _break_off(self) -> None:
        """Have the server leave what it is at, so that it does not come to a COMMIT already sent, and give the connection up.

        For who was interrupted, by a job's time limit for example: the answers to what was asked may still come.
        """
        with suppress(psycopg.Error):
            self.cancel_safe(timeout=CANCEL_SECONDS)
        self.pgconn.finish()

    def _is_in_transaction(self) -> bool:
        # psycopg begins one with the first statement.
        return self.pgconn.transaction_status != TransactionStatus.IDLE

    def _commit_with(self, last: Last) -> bool:
        """Send ``last`` and COMMIT together; False when it was refused and the transaction goes on without it."""
        octets = [_octets(value) for value in last.values]
        with self.lock:
            try:
                results = self._sent_together(last, octets)
            except BaseException:
                # It may stand between transactions by now, but in the middle of what was sent together.
                self._break_off()
                raise
        failed = next((result for result in results if result.status == ExecStatus.FATAL_ERROR), None)
        if failed is None:
            return True
        # Out of the transaction it was the COMMIT that failed.
        if _state(failed) not in (REFUSED, UNKNOWN) or not self._is_in_transaction():
            raise errors.error_from_result(failed, encoding=self.info.encoding)
        self.execute(_BACK)
        self.forget()
        return False

    def _sent_together(self, last: Last, octets: list[bytes | None]) -> list[PGresult]:
        """Return the results of a savepoint, of ``last``, prepared first if need be, and of COMMIT, sent in one go."""
        server = self.pgconn
        server.enter_pipeline_mode()
        server.send_query_params(_SAVEPOINT, None)
        name = self._names.setdefault(last.query, f"collab_{len(self._names)}".encode())
        if last.query not in self._known:
            # The server may know an older one by this name; to close one that it does not know is no error.
            server.send_close_prepared(name)
            server.send_prepare(name, last.query.encode())
            self._known.add(last.query)
        formats = [Format.BINARY if isinstance(value, bytes) else Format.TEXT for value in last.values]
        server.send_query_prepared(name, octets, formats)
        server.send_query_params(b"COMMIT", None)
        server.pipeline_sync()
        results = list(self._results())
        server.exit_pipeline_mode()
        return results

    def _results(self) -> Iterator[PGresult]:
        """Yield what the server answers up to the end of what was sent."""
        while True:
            self._await_result()
            result = self.pgconn.get_result()
            if result is None:
                continue
            if result.status == ExecStatus.PIPELINE_SYNC:
                return
            yield result

    def _await_result(self) -> None:
        server = self.pgconn
        unsent = server.flush()
        while server.is_busy():
            ready = select.poll()
            ready.register(server.socket, select.POLLIN | (select.POLLOUT if unsent else 0))
            ready.poll()
            server.consume_input()
            unsent = server.flush()


def _octets(value: str | bytes | None) -> bytes | None:
    """Return a value as it is sent; raise DataError for a text that libpq would cut off, as psycopg does."""
    if isinstance(value, str):
        if "\0" in value:
            raise psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
        return value.encode()
    return value


def _state(result: PGresult) -> str:
    return (result.error_field(psycopg.pq.DiagnosticField.SQLSTATE) or b"").decode()
