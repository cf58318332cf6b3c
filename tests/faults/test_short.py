"""The short form of `make faults`: the embedded broker, 200 reminders, the faults that differ most."""

from collections.abc import Iterator

import pytest

from tests.faults.brokers import Embedded
from tests.faults.faults import FAULTS
from tests.faults.play import Outcome, count, play
from tests.faults.stage import Stage, stage

ITEMS = 200
CHOSEN = ("worker_killed", "smtp_dropping")
#: What is done to the rows of an errand, and how many more the books then call lost and doubled.
HARMS = (
    ("UPDATE message SET state = 'dead' WHERE target_id = :errand", (1, 0)),
    ("UPDATE reminder SET state = 'failed' WHERE target_id = :errand", (1, 0)),
    (
        """INSERT INTO reminder SELECT (jsonb_populate_record(r, jsonb_build_object('id', gen_random_uuid(), 'occurrence', 7))).*
        FROM reminder r WHERE target_id = :errand""",
        (0, 1),
    ),
    (
        """INSERT INTO message SELECT (jsonb_populate_record(m, jsonb_build_object('id', gen_random_uuid()))).*
        FROM message m WHERE target_id = :errand""",
        (0, 1),
    ),
)


@pytest.fixture(scope="module")
def running() -> Iterator[Stage]:
    """One stage for all faults; its processes go on from one to the next."""
    with stage() as made:
        made.broker = Embedded(made.folder)
        yield made


@pytest.fixture(scope="module")
def outcomes(running: Stage) -> dict[str, Outcome]:
    """What became of the chosen faults; the rows and mails of the last one are still there."""
    return {fault.name: play(running, fault, ITEMS) for fault in FAULTS if fault.name in CHOSEN}


@pytest.mark.parametrize("name", CHOSEN)
def test_nothing_is_lost_and_nothing_doubled(outcomes: dict[str, Outcome], name: str) -> None:
    outcome = outcomes[name]
    assert (outcome.lost, outcome.doubled) == (0, 0), str(outcome)
    assert outcome.is_kept, f"{outcome}, in flight {outcome.in_flight}"


@pytest.mark.usefixtures("outcomes")
def test_the_books_tell_what_is_wrong_with_rows_and_mails(running: Stage) -> None:
    arrived = running.sink.arrived
    lost, doubled, resent = count(running)
    errands = running.execute("SELECT id FROM errand LIMIT :count", count=len(HARMS))
    for (statement, (more_lost, more_doubled)), (errand,) in zip(HARMS, errands, strict=True):
        running.execute(statement, errand=errand)
        lost, doubled = lost + more_lost, doubled + more_doubled
        assert count(running) == (lost, doubled, resent), statement
    told = running.execute(
        "SELECT u.email, m.mail_id FROM message m JOIN user_account u ON u.id = m.recipient_id JOIN errand e ON e.id = m.target_id "
        "WHERE e.id <> ALL(:harmed) LIMIT 2",
        harmed=[errand for (errand,) in errands],
    )
    repeated, gone = (tuple(row) for row in told)
    arrived[repeated] += 1
    assert count(running) == (lost, doubled, resent + 1)
    arrived[repeated[0], "<another@collab>"] = 1
    assert count(running) == (lost, doubled + 1, resent + 1)
    resent -= arrived.pop(gone) - 1
    assert count(running) == (lost + 1, doubled + 1, resent + 1)


def test_the_books_tell_a_promise_that_was_broken() -> None:
    kept = {"fault": "x", "broker": "y", "lost": 0, "doubled": 0, "resent": 2, "in_flight": 2, "seconds": 1.0, "standstill": 0.0}
    assert Outcome(**kept).is_kept  # type: ignore[arg-type]
    for broken in ({"lost": 1}, {"doubled": 1}, {"resent": 3}, {"is_given_up": True}):
        assert not Outcome(**{**kept, **broken}).is_kept  # type: ignore[arg-type]
    assert str(Outcome(**kept)) == "FAULT x y: lost 0 doubled 0 resent 2"  # type: ignore[arg-type]
