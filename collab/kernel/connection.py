"""A connection to which the last statement of a transaction can be given beforehand, to travel with the COMMIT.

Between client and server a statement costs its round trip more than its work. What a transaction does last need not be waited for
before the COMMIT is sent, when the server commits only if it was done: both go out at once, after a savepoint, and when the statement
says that it cannot be done as it stands, the transaction is back at the savepoint and another way is taken.
"""

import select
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Self

import psycopg
from psycopg import errors
from psycopg.pq import ExecStatus, Format, TransactionStatus
from psycopg.pq.abc import PGresult

#: By which a last statement says that it did nothing, because what it builds on is no longer so (`collab_insist`, migration 0092).
REFUSED = "CH001"
#: The server does not know a prepared statement.
UNKNOWN = "26000"
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
        self._numbers = count(1)

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
        if last is None:
            super().commit()
            return
        try:
            if not (self._is_in_transaction() and self._commit_with(last)):
                last.otherwise()
                super().commit()
        except BaseException:
            # A COMMIT that fails ends its transaction; nobody rolls back after it.
            if not self.closed:
                super().rollback()
            raise

    def rollback(self) -> None:
        """Roll back, which drops what was to be said last."""
        self._last = None
        if self._is_in_transaction():
            self.forget()
        super().rollback()

    def forget(self) -> None:
        """Take it that the server knows no prepared statement any more: psycopg tells it so after every rollback, of a savepoint too."""
        self._names.clear()

    def _is_in_transaction(self) -> bool:
        # psycopg begins one with the first statement.
        return self.pgconn.transaction_status != TransactionStatus.IDLE

    def _commit_with(self, last: Last) -> bool:
        """Send ``last`` and COMMIT together; False when it was refused and the transaction goes on without it."""
        with self.lock:
            try:
                results = self._sent_together(last)
            except BaseException:
                # Cut off half-way, by the network or by a signal: nobody knows what the server did, and its answers may still come.
                self.pgconn.finish()
                raise
        failed = next((result for result in results if result.status == ExecStatus.FATAL_ERROR), None)
        if failed is None:
            return True
        if _state(failed) not in (REFUSED, UNKNOWN):
            raise errors.error_from_result(failed, encoding=self.info.encoding)
        self.execute(_BACK)
        self.forget()
        return False

    def _sent_together(self, last: Last) -> list[PGresult]:
        """Return the results of a savepoint, of ``last``, prepared first if need be, and of COMMIT, sent in one go."""
        server = self.pgconn
        server.enter_pipeline_mode()
        server.send_query_params(_SAVEPOINT, None)
        name = self._names.get(last.query)
        if name is None:
            # A new name each time, whatever the server may still know of the old ones.
            name = self._names[last.query] = f"collab_{next(self._numbers)}".encode()
            server.send_prepare(name, last.query.encode())
        octets = [value.encode() if isinstance(value, str) else value for value in last.values]
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


def _state(result: PGresult) -> str:
    return (result.error_field(psycopg.pq.DiagnosticField.SQLSTATE) or b"").decode()
