"""The forward pass on working days: what moves, by how little, and which circles are seen."""

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collab.action_plans import schedule
from collab.action_plans.schedule import Dates, Link, Span, WorkingDays
from collab.calendar import rules as calendar

FIRST = date(2026, 9, 1)
#: A Monday that is a holiday, and the three days of Songkran.
CLOSED = frozenset({date(2026, 12, 7), date(2027, 4, 13), date(2027, 4, 14), date(2027, 4, 15)})
DAYS = WorkingDays(CLOSED, FIRST)


def key(number: int) -> UUID:
    return UUID(int=number)


def span(number: int, start: date, length: int = 1, **facts: bool) -> Span:
    """An item of ``length`` calendar days."""
    return Span(key(number), start, start + timedelta(days=length - 1), **facts)


def network(*spans: Span) -> dict[UUID, Span]:
    return {one.id: one for one in spans}


@given(st.integers(0, 900), st.integers(0, 300))
def test_looking_up_working_days_agrees_with_counting_them(offset: int, count: int) -> None:
    day = FIRST + timedelta(days=offset)
    assert DAYS.from_day(day) == calendar.next_working_day(day, CLOSED)
    if count:
        assert DAYS.after(day, count) == calendar.add_days(day, count, "working", CLOSED)
    last = day + timedelta(days=count)
    assert DAYS.count(day, last) == calendar.working_days_between(day, last, CLOSED) + calendar.is_working_day(day, CLOSED)


def test_a_day_before_the_first_is_refused() -> None:
    with pytest.raises(ValueError, match="before"):
        DAYS.from_day(FIRST - timedelta(days=1))


def test_a_successor_begins_after_the_end_the_lag_the_weekend_and_the_holiday() -> None:
    friday = date(2026, 12, 4)
    spans = network(span(1, date(2026, 11, 30), 5), span(2, date(2026, 12, 1), 3))
    found = schedule.consequences(spans, [Link(key(1), key(2), 1)], {key(1): (date(2026, 11, 30), friday)}, DAYS)
    # Saturday, Sunday and Monday the 7th are closed; Tuesday passes as the lag; three working days from Wednesday.
    assert [move.new for move in found] == [(date(2026, 12, 9), date(2026, 12, 11))]


def test_a_milestone_may_stand_on_the_day_on_which_what_leads_to_it_ends() -> None:
    spans = network(span(1, date(2026, 11, 2), 5), span(2, date(2026, 11, 3), 1, is_milestone=True))
    found = schedule.consequences(spans, [Link(key(1), key(2))], {key(1): (date(2026, 11, 2), date(2026, 11, 11))}, DAYS)
    assert [move.new for move in found] == [(date(2026, 11, 11), date(2026, 11, 11))]


@pytest.mark.parametrize(("fixed", "ended", "moves"), [(True, False, []), (True, True, []), (False, False, [2, 3])])
def test_what_has_begun_or_ended_does_not_move(fixed: bool, ended: bool, moves: list[int]) -> None:
    chain = [span(number, date(2026, 11, 2 + 7 * number), 3) for number in (1, 2, 3)]
    chain[1] = replace(chain[1], is_fixed=fixed, is_ended=ended)
    links = [Link(key(1), key(2)), Link(key(2), key(3))]
    changed = {key(1): (chain[0].starts_on, date(2026, 12, 18))}
    assert [move.id.int for move in schedule.consequences(network(*chain), links, changed, DAYS)] == moves


def test_what_is_done_holds_nobody_up() -> None:
    spans = network(span(1, date(2026, 11, 2), 5, is_fixed=True, is_ended=True), span(2, date(2026, 11, 2), 2))
    assert schedule.consequences(spans, [Link(key(1), key(2))], {}, DAYS, also=[key(2)]) == []
    assert schedule.earliest_allowed(spans, [Link(key(1), key(2))], key(2), DAYS) is None


def test_a_circle_is_named_in_order() -> None:
    links = [Link(key(1), key(2)), Link(key(2), key(3)), Link(key(2), key(4))]
    assert schedule.find_cycle(links, Link(key(3), key(1))) == [key(3), key(1), key(2), key(3)]
    assert schedule.find_cycle(links, Link(key(1), key(1))) == [key(1), key(1)]
    assert schedule.find_cycle(links, Link(key(1), key(4))) == []


def test_the_digest_names_exactly_the_moves() -> None:
    move = schedule.Move(key(1), (FIRST, FIRST), (FIRST, FIRST + timedelta(days=1)))
    other = replace(move, id=key(2))
    assert schedule.digest([move, other]) == schedule.digest([other, move])
    assert schedule.digest([move]) != schedule.digest([replace(move, new=(FIRST, FIRST))])


@st.composite
def plans(draw: st.DrawFn) -> tuple[dict[UUID, Span], list[Link], dict[UUID, Dates]]:
    """A plan without circles (links lead from lower to higher numbers, listed in any order), and new dates for one of its items."""
    count = draw(st.integers(2, 12))
    spans = []
    for number in range(count):
        start = FIRST + timedelta(days=draw(st.integers(0, 200)))
        milestone = draw(st.booleans()) and draw(st.booleans())
        spans.append(span(number, start, 1 if milestone else draw(st.integers(1, 20)), is_milestone=milestone))
    pairs = [(a, b) for b in range(count) for a in range(b)]
    chosen = draw(st.lists(st.sampled_from(pairs), max_size=20, unique=True))
    links = [Link(key(a), key(b), draw(st.integers(0, 5))) for a, b in chosen]
    moved = draw(st.integers(0, count - 1))
    start = FIRST + timedelta(days=draw(st.integers(0, 250)))
    return network(*spans), links, {key(moved): (start, start + timedelta(days=draw(st.integers(0, 30))))}


def settled(spans: Mapping[UUID, Span], links: list[Link]) -> dict[UUID, Span]:
    """The same plan with every item where its links let it be."""
    moves = schedule.consequences(spans, links, {}, DAYS, also=list(spans))
    return moved_by(spans, {move.id: move.new for move in moves})


def moved_by(spans: Mapping[UUID, Span], dates: Mapping[UUID, Dates]) -> dict[UUID, Span]:
    return {
        found.id: replace(found, starts_on=dates[found.id][0], due_on=dates[found.id][1]) if found.id in dates else found
        for found in spans.values()
    }


def too_early(spans: Mapping[UUID, Span], links: list[Link]) -> list[Link]:
    return [
        link
        for link in links
        if spans[link.successor].starts_on
        < schedule.earliest_start(link, spans[link.predecessor].due_on, spans[link.successor], DAYS)
    ]


@settings(max_examples=150, deadline=None)
@given(plans(), st.randoms(use_true_random=False))
def test_after_a_move_nothing_begins_too_early_and_nothing_moves_without_need(
    plan: tuple[dict[UUID, Span], list[Link], dict[UUID, Dates]], shuffler: random.Random
) -> None:
    raw, links, changed = plan
    spans = settled(raw, links)
    assert too_early(spans, links) == []
    moves = schedule.consequences(spans, links, changed, DAYS)
    after = moved_by(spans, {**changed, **{move.id: move.new for move in moves}})
    # Nothing begins too early, but for the item that a person has put there.
    assert [link for link in too_early(after, links) if link.successor not in changed] == []
    for move in moves:
        old, new = spans[move.id], after[move.id]
        assert new.starts_on > old.starts_on
        needed = [
            schedule.earliest_start(link, after[link.predecessor].due_on, old, DAYS)
            for link in links
            if link.successor == move.id
        ]
        assert new.starts_on == max(needed), "it moved further than it had to"
        assert old.is_milestone or DAYS.count(*move.new) == max(DAYS.count(*move.old), 1), "it changed its length"
    # Again: nothing is left to do. In another order of the links: the same.
    fresh = {moved: (after[moved].starts_on, after[moved].due_on) for moved in changed}
    assert schedule.consequences(after, links, fresh, DAYS) == []
    shuffled = list(links)
    shuffler.shuffle(shuffled)
    assert schedule.digest(schedule.consequences(spans, shuffled, changed, DAYS)) == schedule.digest(moves)


@settings(max_examples=150, deadline=None)
@given(plans(), st.data())
def test_dates_that_change_together_leave_nothing_too_early(
    plan: tuple[dict[UUID, Span], list[Link], dict[UUID, Dates]], data: st.DataObject
) -> None:
    raw, links, changed = plan
    spans = settled(raw, links)
    for chosen in data.draw(st.lists(st.sampled_from(sorted(spans)), max_size=4)):
        start = FIRST + timedelta(days=data.draw(st.integers(0, 250)))
        changed = {**changed, chosen: (start, start + timedelta(days=data.draw(st.integers(0, 30))))}
    moves, early = schedule.settle(spans, links, changed, DAYS)
    kept = {chosen: dates for chosen, dates in changed.items() if chosen not in early}
    after = moved_by(spans, {**kept, **{move.id: move.new for move in moves}})
    assert too_early(after, links) == []
    for chosen, (day, holder) in early.items():
        assert changed[chosen][0] < day, "it was refused without need"
        wished = moved_by(after, {chosen: changed[chosen]})
        assert (holder, chosen) in {(link.predecessor, link.successor) for link in too_early(wished, links)}
    for move in moves:
        assert after[move.id].starts_on > spans[move.id].starts_on
    # One at a time, and not too early, is what a single move does.
    if len(changed) == 1 and not early:
        assert schedule.digest(moves) == schedule.digest(schedule.consequences(spans, links, changed, DAYS))


@given(plans())
def test_a_link_backwards_along_a_path_is_always_a_circle(plan: tuple[dict[UUID, Span], list[Link], dict[UUID, Dates]]) -> None:
    _spans, links, _changed = plan
    for link in links:
        found = schedule.find_cycle(links, Link(link.successor, link.predecessor))
        assert found[0] == found[-1] == link.successor
        steps = {(one.predecessor, one.successor) for one in links} | {(link.successor, link.predecessor)}
        assert all(step in steps for step in pairwise(found))


def test_five_hundred_dependants_are_reckoned_at_once() -> None:
    spans = network(*(span(number, date(2026, 10, 1) + timedelta(days=2 * number), 2) for number in range(501)))
    links = [Link(key(number), key(number + 1)) for number in range(500)]
    moves = schedule.consequences(spans, links, {key(0): (date(2026, 10, 1), date(2026, 11, 30))}, DAYS)
    assert len(moves) == 500
