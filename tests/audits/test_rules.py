"""How a long history is told in few rows."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from collab.audits import rules, wording
from collab.audits.rules import Act, Run, Told
from collab.kernel.word_diff import is_long

START = datetime(2026, 11, 1, 3, tzinfo=UTC)
ANNA, BEN = UUID(int=1), UUID(int=2)


def told(
    number: int, verb: str = "action_item.edited", who: UUID = ANNA, minutes: int | None = None, stream: str = "s/1"
) -> Told:
    at = START - timedelta(minutes=number if minutes is None else minutes)
    return Told(UUID(int=number + 10), stream, 1000 - number, "action_item", UUID(int=7), verb, who, at)


def test_every_decision_is_a_verb_that_exists() -> None:
    assert rules.DECISIONS - set(wording.VERBS) == set()


def test_a_run_of_small_changes_is_one_row_and_decisions_stand_alone() -> None:
    events = [told(1), told(2), told(3), told(4, "deadline.approved"), told(5), told(6)]
    rows = rules.roll_up(rules.fold_acts(events))
    assert [type(row) for row in rows] == [Run, Act, Act, Act]
    assert isinstance(rows[0], Run)
    assert (rows[0].acts, rows[0].first_at, rows[0].last_at) == (3, events[2].recorded_at, events[0].recorded_at)
    assert rows[0].head == events[2]


def test_another_person_ends_a_run() -> None:
    rows = rules.roll_up(rules.fold_acts([told(1), told(2), told(3, who=BEN), told(4)]))
    assert [type(row) for row in rows] == [Act] * 4


def test_what_one_act_wrote_is_one_row_headed_by_its_subject() -> None:
    parts = [told(number, "service_plan.approved", minutes=5) for number in (1, 2, 3)]
    assert rules.fold_acts(parts) == [Act(parts[2], 3)]
    assert len(rules.fold_acts([parts[0], told(2, "service_plan.approved", minutes=5, stream="s/2")])) == 2


EVENTS = st.lists(
    st.tuples(st.sampled_from(["action_item.edited", "progress.reported", "deadline.approved"]), st.sampled_from([ANNA, BEN])),
    max_size=40,
)


@settings(max_examples=80)
@given(EVENTS)
def test_rolling_up_loses_and_reorders_nothing(kinds: list[tuple[str, UUID]]) -> None:
    events = [told(number, verb, who) for number, (verb, who) in enumerate(kinds)]
    acts = rules.fold_acts(events)
    rows = rules.roll_up(acts)
    assert sum(act.events for act in acts) == len(events)
    assert sum(row.acts if isinstance(row, Run) else 1 for row in rows) == len(acts)
    assert [row.head.seq for row in rows] == sorted((row.head.seq for row in rows), reverse=True)
    decisions = [event for event in events if event.verb in rules.DECISIONS]
    assert [row.head for row in rows if isinstance(row, Act) and row.is_decision] == decisions


def test_long_texts() -> None:
    assert is_long("ก" * 41, "ข")
    assert not is_long(None, "ก" * 90)
    assert not is_long("ก", "ข")
