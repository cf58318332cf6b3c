"""The pure rules of reminding: the cascade of places, and on which working day a due day is told of."""

import itertools
from datetime import date, timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from collab.calendar.rules import add_days, is_working_day, next_working_day
from collab.reminders import rules
from collab.reminders.rules import Effective, Firing, Layer, Place, Setting, Variant, WorkingDays

DAY = timedelta(days=1)
TODAY = date(2026, 11, 23)
FIRST, LAST = TODAY - 700 * DAY, TODAY + 700 * DAY
COMMITTEES = [UUID(int=number) for number in (1, 2)]
#: Plans by their committee.
PLANS = {UUID(int=10 + number): COMMITTEES[number % 2] for number in range(4)}

closed_days = st.frozensets(st.integers(-60, 60).map(lambda number: TODAY + number * DAY), max_size=30)
days = st.integers(-40, 40).map(lambda number: TODAY + number * DAY)


@st.composite
def effectives(draw: st.DrawFn) -> Effective:
    offset = draw(st.integers(-15, 15))
    repeat = 0 if offset < 0 else draw(st.integers(0, 7))
    layer = Layer.INSTALLATION
    return Effective(offset, repeat, draw(st.one_of(st.none(), days)), layer, layer, layer)


def swept(effective: Effective, closed: frozenset[date], first: date, count: int = 60) -> list[tuple[date, Firing]]:
    """Return what a sweep on every day of a span would record: what fired and was not recorded before."""
    counted = WorkingDays(FIRST, LAST, closed)
    seen: set[tuple[date, int]] = set()
    found = []
    for day in (first + number * DAY for number in range(count)):
        for fire in rules.firings(counted, day, effective):
            if (fire.due_on, fire.occurrence) not in seen:
                seen.add((fire.due_on, fire.occurrence))
                found.append((day, fire))
    return found


@settings(max_examples=30, deadline=None)
@given(effectives(), closed_days)
def test_nothing_is_told_before_the_rule_is_in_effect_nor_on_a_closed_day(effective: Effective, closed: frozenset[date]) -> None:
    for day, fire in swept(effective, closed, TODAY - 30 * DAY):
        assert effective.effective_from is not None
        assert day >= effective.effective_from
        assert is_working_day(day, closed)
        assert effective.effective_from <= fire.fire_on <= day
        assert is_working_day(fire.fire_on, closed)


@settings(max_examples=30, deadline=None)
@given(effectives(), closed_days)
def test_each_due_day_is_told_once_where_nothing_repeats(effective: Effective, closed: frozenset[date]) -> None:
    told = [fire.due_on for _day, fire in swept(effective, closed, TODAY - 30 * DAY)]
    if not effective.repeat_days:
        assert len(told) == len(set(told))


@settings(max_examples=30, deadline=None)
@given(st.integers(-15, 15), closed_days, days)
def test_a_due_day_is_told_on_the_day_that_counting_by_hand_gives(offset: int, closed: frozenset[date], due_on: date) -> None:
    effective = Effective(offset, 0, TODAY - 200 * DAY, Layer.PLAN, Layer.PLAN, Layer.PLAN)
    by_hand = add_days(next_working_day(due_on, closed), offset, "working", closed)
    told = [(day, fire) for day, fire in swept(effective, closed, due_on - 150 * DAY, 300) if fire.due_on == due_on]
    assert told == [(by_hand, Firing(due_on, 0, by_hand))]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10), st.integers(1, 7), closed_days, days)
def test_what_stays_open_is_told_again_at_the_same_distance(
    offset: int, repeat: int, closed: frozenset[date], due_on: date
) -> None:
    effective = Effective(offset, repeat, due_on, Layer.PLAN, Layer.PLAN, Layer.PLAN)
    told = [(day, fire) for day, fire in swept(effective, closed, due_on, 90) if fire.due_on == due_on]
    assert [fire.occurrence for _day, fire in told] == list(range(len(told)))
    for (earlier, _fire), (later, _again) in itertools.pairwise(told):
        assert add_days(earlier, repeat, "working", closed) == later


@given(effectives(), closed_days, st.integers(1, 20))
def test_after_a_standstill_one_is_told_and_not_many(effective: Effective, closed: frozenset[date], pause: int) -> None:
    counted = WorkingDays(FIRST, LAST, closed)
    fired = list(rules.firings(counted, TODAY + pause * DAY, effective))
    assert len({fire.due_on for fire in fired}) == len(fired)


def test_a_holiday_declared_later_doubles_nothing() -> None:
    """The day of an occurrence may move; its number, which is what is recorded, does not grow."""
    effective = Effective(1, 5, TODAY, Layer.PLAN, Layer.PLAN, Layer.PLAN)
    later = TODAY + 14 * DAY
    before = {fire.due_on: fire.occurrence for fire in rules.firings(WorkingDays(FIRST, LAST, ()), later, effective)}
    after = {fire.due_on: fire.occurrence for fire in rules.firings(WorkingDays(FIRST, LAST, {TODAY + DAY}), later, effective)}
    assert all(after[due_on] <= before[due_on] for due_on in after)


settings_of_committees = st.dictionaries(
    st.sampled_from([Place(), *(Place(key) for key in COMMITTEES), *(Place(place, plan) for plan, place in PLANS.items())]),
    st.tuples(
        st.one_of(st.none(), st.integers(-5, 5)), st.one_of(st.none(), st.integers(0, 5)), st.one_of(st.none(), st.booleans()),
        st.one_of(st.none(), days),
    ),
)  # fmt: skip
owners = st.sampled_from([(None, None), *((key, None) for key in COMMITTEES), *((place, plan) for plan, place in PLANS.items())])


@given(settings_of_committees, owners)
def test_every_object_is_under_one_variant_and_the_nearest_place_decides(said: dict[Place, tuple], owner: tuple) -> None:  # type: ignore[type-arg]
    defined = Setting(Place(), 3, 0, True, TODAY)
    overrides = [Setting(place, *values) for place, values in said.items() if place != Place()]
    holding: list[Variant] = [variant for variant in rules.variants(defined, overrides) if variant.holds(*owner)]
    assert len(holding) == 1
    effective, chain = holding[0].effective, Place(*owner).chain()
    named = [
        override for place in chain for override in overrides if override.place == place and override.offset_days is not None
    ]
    assert effective.offset_days == (named[-1].offset_days if named else 3)
    assert effective.offset_layer == (named[-1].place.layer if named else Layer.INSTALLATION)
    switched = [override.is_enabled for place in chain for override in overrides if override.place == place]
    explicit = [value for value in switched if value is not None]
    if explicit and not explicit[-1]:
        assert not effective.is_enabled
    elif not explicit:
        assert effective.is_enabled


def test_an_off_that_is_taken_back_keeps_its_later_beginning() -> None:
    """Else the months in which the rule was off in the committee would be mailed at once."""
    base = Setting(Place(), 3, 0, True, TODAY - 300 * DAY)
    again = Setting(Place(COMMITTEES[0]), effective_from=TODAY)
    assert rules.resolve([base, again]).effective_from == TODAY
    assert rules.resolve([base]).effective_from == TODAY - 300 * DAY


def test_what_is_set_outside_of_a_rules_place_has_no_effect() -> None:
    defined = Setting(Place(COMMITTEES[0]), 3, 0, True, TODAY)
    stray = Setting(Place(COMMITTEES[1]), offset_days=9)
    assert [variant.place for variant in rules.variants(defined, [stray])] == [Place(COMMITTEES[0])]
