"""Waits that double and spread, and patience with a database that is being restarted."""

from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from collab.kernel import retry
from collab.kernel.retry import back_off, patiently

FIRST, LONGEST = timedelta(minutes=1), timedelta(hours=2)


@given(st.integers(min_value=1, max_value=10_000), st.uuids())
def test_a_wait_doubles_within_its_bounds(attempts: int, key: UUID) -> None:
    wait = back_off(attempts, key, first=FIRST, longest=LONGEST)
    assert min(FIRST * 2 ** min(attempts - 1, 20), LONGEST) <= wait <= LONGEST * (1 + retry.SPREAD)
    assert wait == back_off(attempts, key, first=FIRST, longest=LONGEST)


def test_what_failed_together_does_not_come_back_together() -> None:
    assert len({back_off(1, UUID(int=number), first=FIRST, longest=LONGEST) for number in range(50)}) == 50


def failing(error: Exception, times: int) -> tuple[list[int], object]:
    tries: list[int] = []

    def work() -> str:
        tries.append(1)
        if len(tries) <= times:
            raise error
        return "done"

    return tries, work


def test_a_connection_that_was_cut_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(retry.time, "sleep", slept.append)
    cut = sa.exc.OperationalError("SELECT 1", {}, Exception("cut"))
    tries, work = failing(cut, 2)
    assert patiently(work) == "done"  # type: ignore[arg-type]
    assert slept == list(retry.WAITS[:2])
    tries, work = failing(cut, 99)
    with pytest.raises(sa.exc.OperationalError):
        patiently(work)  # type: ignore[arg-type]
    assert len(tries) == len(retry.WAITS) + 1


def test_any_other_fault_is_told_at_once() -> None:
    tries, work = failing(ValueError("x"), 1)
    with pytest.raises(ValueError, match="x"):
        patiently(work)  # type: ignore[arg-type]
    assert len(tries) == 1
