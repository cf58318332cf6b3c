"""The short form of `make faults`: the embedded broker, 200 reminders, the faults that differ most."""

from collections.abc import Iterator

import pytest

from tests.faults.brokers import Embedded
from tests.faults.faults import FAULTS
from tests.faults.play import Outcome, play
from tests.faults.stage import Stage, stage

ITEMS = 200
CHOSEN = ("worker_killed", "smtp_dropping")


@pytest.fixture(scope="module")
def running() -> Iterator[Stage]:
    """One stage for all faults; its processes go on from one to the next."""
    with stage() as made:
        made.broker = Embedded(made.folder)
        yield made


@pytest.mark.parametrize("name", CHOSEN)
def test_nothing_is_lost_and_nothing_doubled(running: Stage, name: str) -> None:
    (fault,) = (fault for fault in FAULTS if fault.name == name)
    outcome = play(running, fault, ITEMS)
    assert (outcome.lost, outcome.doubled) == (0, 0), str(outcome)
    assert outcome.is_kept, f"{outcome}, in flight {outcome.in_flight}"


def test_the_books_tell_a_promise_that_was_broken() -> None:
    kept = {"fault": "x", "broker": "y", "lost": 0, "doubled": 0, "resent": 2, "in_flight": 2, "seconds": 1.0, "standstill": 0.0}
    assert Outcome(**kept).is_kept  # type: ignore[arg-type]
    for broken in ({"lost": 1}, {"doubled": 1}, {"resent": 3}, {"is_given_up": True}):
        assert not Outcome(**{**kept, **broken}).is_kept  # type: ignore[arg-type]
    assert str(Outcome(**kept)) == "FAULT x y: lost 0 doubled 0 resent 2"  # type: ignore[arg-type]
