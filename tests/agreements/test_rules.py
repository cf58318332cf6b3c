"""The pure rules of agreements."""

from datetime import date
from types import SimpleNamespace

import pytest

from collab.agreements import legal, rules
from collab.agreements.clauses_th import STANDARD_CLAUSES, standard_clauses
from collab.agreements.rules import PartyFact, Step
from collab.agreements.states import MACHINE, AgreementState, EntryRule, Outcome, PartyRole, Recurrence
from collab.kernel.ids import new_id

YES, RESERVED, NO = Outcome.RATIFIED, Outcome.RATIFIED_WITH_RESERVATIONS, Outcome.REFUSED


def facts(*outcomes: Outcome | None) -> list[PartyFact]:
    return [PartyFact(new_id(), PartyRole.HOST if i == 0 else PartyRole.MEMBER, outcome) for i, outcome in enumerate(outcomes)]


@pytest.mark.parametrize(
    ("rule", "count", "outcomes", "met"),
    [
        (EntryRule.ALL, None, (YES, YES, YES), True),
        (EntryRule.ALL, None, (YES, RESERVED, YES), True),
        (EntryRule.ALL, None, (YES, NO, YES), False),
        (EntryRule.ALL, None, (YES, None, YES), False),
        (EntryRule.ALL, None, (), False),
        (EntryRule.K_OF_N, 2, (YES, None, YES), True),
        (EntryRule.K_OF_N, 2, (YES, NO, YES), True),
        (EntryRule.K_OF_N, 2, (YES, NO, None), False),
        (EntryRule.ON_DATE, None, (YES, YES), True),
        (EntryRule.ON_DATE, None, (YES, None), False),
    ],
)
def test_the_entry_rule(rule: EntryRule, count: int | None, outcomes: tuple[Outcome | None, ...], met: bool) -> None:
    assert rules.is_rule_met(rule, count, facts(*outcomes), [], []) is met


def test_the_law_asks_more_than_the_rule() -> None:
    two_of_three = facts(YES, YES, None)
    assert rules.is_rule_met(EntryRule.K_OF_N, 2, two_of_three, [], [])
    assert not rules.is_rule_met(EntryRule.K_OF_N, 2, two_of_three, ["grant"], ["governor_approval"])
    assert not rules.is_rule_met(EntryRule.ALL, None, facts(YES, YES), ["grant"], [])
    assert rules.is_rule_met(EntryRule.ALL, None, facts(YES, YES), ["grant"], ["governor_approval"])
    host_waits = facts(None, YES, YES)
    assert not rules.is_rule_met(EntryRule.K_OF_N, 2, host_waits, ["outside_area"], ["minister_approval"])
    assert rules.is_rule_met(EntryRule.K_OF_N, 2, two_of_three, ["outside_area"], ["minister_approval"])


def test_a_refusal_can_make_the_rule_impossible() -> None:
    assert not rules.can_still_be_met(EntryRule.ALL, None, facts(YES, NO, None), [])
    assert rules.can_still_be_met(EntryRule.K_OF_N, 2, facts(YES, NO, None), [])
    assert not rules.can_still_be_met(EntryRule.K_OF_N, 2, facts(YES, NO, None), ["grant"])


@pytest.mark.parametrize(
    ("acts", "demands"),
    [
        ([], {"council_consent": False}),
        (["grant"], {"council_consent": True, "governor_approval": True}),
        (["outside_area"], {"council_consent": False, "host_council_consent": True, "minister_approval": True}),
        (["service_fee"], {"council_consent": False, "budget_ordinance": False}),
        (["company"], {"council_consent": True, "minister_approval": True}),
        (["no such act"], {"council_consent": False}),
    ],
)
def test_the_approval_matrix(acts: list[str], demands: dict[str, bool]) -> None:
    assert {item.demand.value: item.is_blocking for item in legal.requirements_for(acts)} == demands


def test_a_further_legal_basis_is_told() -> None:
    assert legal.bases_left_out(["grant"], "decentralisation_21") == [legal.LEGAL_BASES["municipality_67_bis"]]
    assert legal.bases_left_out(["grant"], "municipality_67_bis") == []


def at(state: AgreementState, start: date | None, end: date | None) -> SimpleNamespace:
    return SimpleNamespace(state=state, in_force_from=start, valid_to=end)


@pytest.mark.parametrize(
    ("day", "status"),
    [
        (date(2026, 9, 30), AgreementState.UPCOMING),
        (date(2026, 10, 1), AgreementState.IN_FORCE),
        (date(2027, 9, 30), AgreementState.IN_FORCE),
        (date(2027, 10, 1), AgreementState.EXPIRED),
    ],
)
def test_a_day_begins_and_ends_it_without_a_job(day: date, status: AgreementState) -> None:
    assert rules.status_on(at(AgreementState.IN_FORCE, date(2026, 10, 1), date(2027, 9, 30)), day) is status
    for state in (AgreementState.DRAFT, AgreementState.RATIFYING, AgreementState.TERMINATED, AgreementState.WITHDRAWN):
        assert rules.status_on(at(state, None, date(2027, 9, 30)), day) is state


def test_days_left_only_while_in_force() -> None:
    running = at(AgreementState.IN_FORCE, date(2026, 1, 1), date(2026, 12, 31))
    assert rules.days_left(running, date(2026, 12, 1)) == 30
    assert rules.days_left(running, date(2027, 1, 1)) is None
    assert rules.days_left(at(AgreementState.IN_FORCE, date(2026, 1, 1), None), date(2026, 12, 1)) is None


def test_the_first_day_is_never_too_early() -> None:
    assert rules.first_day(EntryRule.ALL, date(2026, 11, 1), date(2026, 10, 1), None) == date(2026, 11, 1)
    assert rules.first_day(EntryRule.ALL, date(2026, 9, 1), date(2026, 10, 1), None) == date(2026, 10, 1)
    assert rules.first_day(EntryRule.ON_DATE, date(2026, 9, 1), date(2026, 10, 1), date(2027, 1, 1)) == date(2027, 1, 1)


def test_the_renewal_timetable_is_reckoned_backwards() -> None:
    found = {
        item.step: (item.day, item.is_past) for item in rules.renewal_timetable(date(2027, 9, 30), 90, 60, 7, date(2027, 5, 3))
    }
    assert found == {
        Step.AGENDA: (date(2027, 4, 26), True),
        Step.COMMITTEE: (date(2027, 5, 3), False),
        Step.COUNCILS: (date(2027, 7, 2), False),
        Step.NOTICE: (date(2027, 7, 2), False),
        Step.EXPIRY: (date(2027, 9, 30), False),
    }
    later = rules.renewal_timetable(date(2030, 9, 30), 90, 60, 7, date(2027, 5, 3))
    assert later[3].day == date(2030, 7, 2), "a prolonged agreement is reckoned from its present end"


@pytest.mark.parametrize(
    ("recurrence", "done", "expected"),
    [
        (Recurrence.ONCE, 0, date(2027, 1, 31)),
        (Recurrence.ONCE, 1, None),
        (Recurrence.MONTHLY, 1, date(2027, 2, 28)),
        (Recurrence.MONTHLY, 2, date(2027, 3, 31)),
        (Recurrence.QUARTERLY, 4, date(2028, 1, 31)),
        (Recurrence.YEARLY, 1, date(2028, 1, 31)),
    ],
)
def test_recurring_days_keep_to_the_end_of_the_month(recurrence: Recurrence, done: int, expected: date | None) -> None:
    assert rules.next_due(date(2027, 1, 31), recurrence, done) == expected


def test_a_leap_day_comes_back() -> None:
    assert rules.next_due(date(2028, 2, 29), Recurrence.YEARLY, 1) == date(2029, 2, 28)
    assert rules.next_due(date(2028, 2, 29), Recurrence.YEARLY, 4) == date(2032, 2, 29)


def test_the_fingerprint_knows_one_changed_letter() -> None:
    first = rules.fixed_text({"a": "กำจัดขยะ", "b": 1})
    assert first == rules.fixed_text({"b": 1, "a": "กำจัดขยะ"})
    assert first[1] != rules.fixed_text({"a": "กำจัดขยะ ", "b": 1})[1]
    assert len(first[1]) == 64


def test_sixteen_standard_clauses_without_open_places() -> None:
    filled = standard_clauses({"parties": "ก และ ข", "plan": "ผ", "objective": "ว", "standard": "ม", "basis": "ฐ"})
    assert len(filled) == len(STANDARD_CLAUSES) == 16
    assert not any("{" in item.text or "[" in item.text for item in filled)
    assert "ก และ ข" in filled[0].text


def test_every_state_says_whose_turn_it_is() -> None:
    assert set(MACHINE.turn) == set(AgreementState)
