"""Pure decisions on proposals."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.proposals.rules import REQUIRED, missing_fields, opinions_can_close, readiness_mean, register_number
from collab.proposals.states import MACHINE, OpinionState, ProposalState, ProposalVerb

DAY = date(2026, 11, 21)
O = OpinionState  # noqa: E741


@pytest.mark.parametrize(("states", "due_on", "expected"), [
    ([O.ANSWERED, O.ANSWERED], DAY + timedelta(9), True),
    ([O.ANSWERED, O.ASKED], DAY + timedelta(9), False),
    ([O.ANSWERED, O.ASKED], DAY, False),
    ([O.ANSWERED, O.ASKED], DAY - timedelta(1), True),
    ([O.STALE], DAY + timedelta(9), False),
    ([], DAY + timedelta(9), True),
])  # fmt: skip
def test_opinions_close_when_all_are_in_or_the_day_is_past(states: list[OpinionState], due_on: date, expected: bool) -> None:
    assert opinions_can_close(states, due_on, DAY) is expected


@given(st.lists(st.sampled_from(list(O))), st.integers(-400, 400), st.integers(1, 400))
def test_what_can_close_today_can_close_later(states: list[OpinionState], due: int, later: int) -> None:
    due_on = DAY + timedelta(due)
    if opinions_can_close(states, due_on, DAY):
        assert opinions_can_close(states, due_on, DAY + timedelta(later))


@given(st.dictionaries(st.sampled_from(["law", "staff", "people"]), st.integers(1, 5)))
def test_the_mean_of_readiness_lies_between_its_scores(scores: dict[str, int]) -> None:
    mean = readiness_mean(scores)
    assert mean is None if not scores else min(scores.values()) - 0.05 <= (mean or 0) <= max(scores.values()) + 0.05


@given(st.dictionaries(st.sampled_from(REQUIRED), st.sampled_from(["", "x"])))
def test_missing_fields_are_the_empty_ones_in_the_order_of_the_form(values: dict[str, str]) -> None:
    assert missing_fields(values) == [name for name in REQUIRED if values.get(name, "") == ""]


def test_a_number_of_the_register() -> None:
    assert register_number("หญ", 3, 2570) == "หญ 3/2570"


def test_every_state_can_be_reached_and_left_or_is_an_end() -> None:
    ends = {ProposalState.ADOPTED, ProposalState.REJECTED, ProposalState.WITHDRAWN}
    assert set(MACHINE.transitions.values()) == set(ProposalState)
    assert {state for state, _verb in MACHINE.transitions} == set(ProposalState) - ends
    assert {verb for _state, verb in MACHINE.transitions} == set(ProposalVerb)
