"""Sums and decisions without a database."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from collab.action_plans import rules
from collab.action_plans.states import ITEM_MACHINE, PLAN_MACHINE, ItemState, ItemVerb, PlanState, PlanVerb
from collab.kernel.errors import StateConflict

S = ItemState


def test_the_roll_up_is_weighted_and_can_be_reckoned_again() -> None:
    sums = rules.roll_up([(2, 50, S.IN_PROGRESS), (1, 100, S.DONE), (5, 80, S.CANCELLED)])
    assert (sums.items, sums.weights, sums.points, sums.verified_weights) == (2, 3, 200, 1)
    assert sums.reported == Decimal("66.7")
    assert sums.verified == Decimal("33.3")


def test_a_report_of_100_is_not_yet_verified() -> None:
    sums = rules.roll_up([(1, 100, S.AWAITING_VERIFICATION)])
    assert (sums.reported, sums.verified) == (Decimal("100.0"), Decimal("0.0"))


@pytest.mark.parametrize("items", [[], [(3, 90, S.CANCELLED)]])
def test_nothing_to_do_is_no_progress(items: list[tuple[int, int, ItemState]]) -> None:
    assert rules.roll_up(items).reported == Decimal("0.0")


@pytest.mark.parametrize(
    ("state", "late"), [(S.PLANNED, 3), (S.IN_PROGRESS, 3), (S.AWAITING_VERIFICATION, 3), (S.DONE, 0), (S.CANCELLED, 0)]
)
def test_only_what_is_open_is_late(state: ItemState, late: int) -> None:
    due = date(2027, 1, 31)
    assert rules.days_late(due, state, due + timedelta(days=3)) == late
    assert rules.days_late(due, state, due) == 0


def test_slips() -> None:
    assert rules.slip_days(date(2027, 1, 31), date(2027, 2, 10)) == 10
    assert rules.slip_days(date(2027, 1, 31), date(2027, 1, 21)) == -10
    assert rules.slip_days(None, date(2027, 1, 21)) == 0


def test_nobody_judges_their_own_work() -> None:
    lead, helper, agency = uuid4(), uuid4(), uuid4()
    assert rules.may_judge(judge_organisations={helper}, reporter_organisation=lead, lead_organisation=lead)
    assert not rules.may_judge(judge_organisations={lead, agency}, reporter_organisation=lead, lead_organisation=lead)
    assert not rules.may_judge(judge_organisations={helper}, reporter_organisation=helper, lead_organisation=lead)
    assert rules.has_verifier(lead_organisation=lead, agency=agency, supporters=[])
    assert not rules.has_verifier(lead_organisation=agency, agency=agency, supporters=[])
    assert rules.has_verifier(lead_organisation=agency, agency=agency, supporters=[helper])


ALLOWED = {
    S.PLANNED: {ItemVerb.REPORT, ItemVerb.SUBMIT, ItemVerb.RESCHEDULE, ItemVerb.EDIT, ItemVerb.CANCEL, ItemVerb.REMOVE},
    S.IN_PROGRESS: {ItemVerb.REPORT, ItemVerb.SUBMIT, ItemVerb.RESCHEDULE, ItemVerb.EDIT, ItemVerb.CANCEL, ItemVerb.REMOVE},
    S.AWAITING_VERIFICATION: {ItemVerb.VERIFY, ItemVerb.RETURN, ItemVerb.RESCHEDULE},
    S.DONE: {ItemVerb.REOPEN},
    S.CANCELLED: set(),
}


@pytest.mark.parametrize("state", list(ItemState))
@pytest.mark.parametrize("verb", list(ItemVerb))
def test_item_states(state: ItemState, verb: ItemVerb) -> None:
    assert ITEM_MACHINE.allows(state, verb) is (verb in ALLOWED[state])
    if verb not in ALLOWED[state]:
        with pytest.raises(StateConflict):
            ITEM_MACHINE.advance(state, verb)


def test_every_state_says_whose_turn_it_is() -> None:
    assert set(ITEM_MACHINE.turn) == set(ItemState)
    assert set(PLAN_MACHINE.turn) == set(PlanState)
    assert not any(PLAN_MACHINE.allows(PlanState.CLOSED, verb) for verb in PlanVerb)
