"""Quorum and majority on plain values: worked examples, and what must hold whatever the numbers."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.meetings.rules import HEADINGS, Tally, quorum, tally
from collab.meetings.states import Choice

F, A, N = Choice.FOR, Choice.AGAINST, Choice.ABSTAIN
MAJORITIES = ("simple_of_votes_cast", "simple_of_present", "two_thirds_of_present", "unanimous")
BALLOTS = st.dictionaries(
    st.text("abcdefgh", min_size=1, max_size=3),
    st.tuples(st.sampled_from(list(Choice)), st.decimals("0.01", 50, places=2)),
    min_size=1, max_size=12,
)  # fmt: skip


def reckon(rule: str, *choices: Choice, chair: str | None = None, casting_vote: bool = False, recused: int = 0) -> Tally:
    ballots = {f"s{number}": (choice, Decimal(1)) for number, choice in enumerate(choices)}
    present = Decimal(len(choices) + recused)
    return tally(rule, ballots, present=present, recused=Decimal(recused), chair=chair, casting_vote=casting_vote)


@pytest.mark.parametrize(
    ("rule", "seats", "needed"),
    [
        ("half", 3, 2), ("half", 4, 2), ("half", 15, 8), ("more_than_half", 4, 3), ("more_than_half", 15, 8),
        ("two_thirds", 3, 2), ("two_thirds", 4, 3), ("two_thirds", 15, 10), ("half", 0, 1),
    ],
)  # fmt: skip
def test_quorum_is_met_from_the_number_needed_on(rule: str, seats: int, needed: int) -> None:
    assert quorum(rule, seats, 0).needed == needed
    assert quorum(rule, seats, needed).is_met
    assert not quorum(rule, seats, needed - 1).is_met


@given(st.sampled_from(["half", "more_than_half", "two_thirds"]), st.integers(1, 500))
def test_a_full_house_is_always_a_quorum_and_an_empty_one_never(rule: str, seats: int) -> None:
    assert quorum(rule, seats, seats).is_met
    assert not quorum(rule, seats, 0).is_met
    assert quorum(rule, seats, 0).needed * 2 >= seats


@pytest.mark.parametrize(
    ("rule", "choices", "carried"),
    [
        ("simple_of_votes_cast", (F, A, N), False),
        ("simple_of_votes_cast", (F, N, N), True),
        ("simple_of_present", (F, N, N), False),
        ("simple_of_present", (F, F, N), True),
        ("simple_of_present", (F, F, N, N), False),
        ("two_thirds_of_present", (F, F, A), True),
        ("two_thirds_of_present", (F, F, A, N), False),
        ("unanimous", (F, F, N), True),
        ("unanimous", (F, F, A), False),
        ("unanimous", (N, N), False),
        ("simple_of_votes_cast", (N, N), False),
    ],
)
def test_majorities_by_hand(rule: str, choices: tuple[Choice, ...], carried: bool) -> None:
    assert reckon(rule, *choices).is_carried is carried


@pytest.mark.parametrize(("chairs", "carried"), [(F, True), (A, False)])
def test_the_chair_decides_a_tie_with_their_own_choice(chairs: Choice, carried: bool) -> None:
    found = reckon("simple_of_votes_cast", chairs, A if chairs is F else F, chair="s0", casting_vote=True)
    assert found.casting_vote
    assert found.is_carried is carried


def test_no_casting_vote_without_the_rule_without_a_tie_or_from_an_abstaining_chair() -> None:
    assert not reckon("simple_of_votes_cast", F, A, chair="s0").is_carried
    assert not reckon("simple_of_votes_cast", F, A, A, chair="s0", casting_vote=True).casting_vote
    assert not reckon("simple_of_votes_cast", N, F, A, chair="s0", casting_vote=True).is_carried
    assert not reckon("two_thirds_of_present", F, A, chair="s0", casting_vote=True).casting_vote


def test_a_recused_seat_lowers_the_denominator_and_is_no_vote_against() -> None:
    assert not reckon("simple_of_present", F, N).is_carried
    with_recusal = reckon("simple_of_present", F, recused=1)
    assert with_recusal.denominator == 1
    assert with_recusal.is_carried


def test_weights_count_instead_of_heads() -> None:
    ballots = {"big": (F, Decimal("2.50")), "a": (A, Decimal(1)), "b": (A, Decimal(1))}
    assert tally("simple_of_votes_cast", ballots, present=Decimal("4.50")).is_carried


@given(st.sampled_from(MAJORITIES), BALLOTS)
def test_sums_hold_and_one_more_supporter_never_sinks_a_motion(rule: str, ballots: dict[str, tuple[Choice, Decimal]]) -> None:
    present = sum((weight for _choice, weight in ballots.values()), Decimal(0))
    found = tally(rule, ballots, present=present)
    assert found.votes_for + found.votes_against + found.abstained == present
    assert 0 <= found.denominator <= present
    better = {**ballots, "newcomer": (F, Decimal(1))}
    if found.is_carried:
        assert tally(rule, better, present=present + 1).is_carried


@given(st.sampled_from(MAJORITIES), BALLOTS)
def test_nothing_carries_against_all_and_the_order_of_ballots_is_nothing(
    rule: str, ballots: dict[str, tuple[Choice, Decimal]]
) -> None:
    present = sum((weight for _choice, weight in ballots.values()), Decimal(0))
    opposed = {seat: (A, weight) for seat, (_choice, weight) in ballots.items()}
    assert not tally(rule, opposed, present=present).is_carried
    backwards = dict(reversed(ballots.items()))
    assert tally(rule, backwards, present=present) == tally(rule, ballots, present=present)


def test_the_record_of_the_arithmetic_is_plain_json() -> None:
    record = reckon("two_thirds_of_present", F, F, A).as_json()
    assert record["votes_for"] == "2"
    assert record["rule"] == "two_thirds_of_present"
    assert record["is_carried"] is True


def test_an_agenda_has_six_headings() -> None:
    assert list(HEADINGS) == [1, 2, 3, 4, 5, 6]
