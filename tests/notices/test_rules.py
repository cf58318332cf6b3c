"""When mail leaves: the digest of working days, bundles in office hours, and what a person may choose."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collab.calendar.rules import is_working_day
from collab.kernel.clock import BANGKOK, at_bangkok
from collab.notices import rules
from collab.notices.kinds import Mode
from collab.notices.rules import Haste

MONDAY = date(2026, 11, 23)
instants = st.integers(0, 60 * 24 * 60).map(lambda minutes: datetime(2026, 11, 1, tzinfo=UTC) + timedelta(minutes=minutes))
closed_days = st.frozensets(st.integers(-20, 40).map(lambda number: MONDAY + timedelta(days=number)), max_size=12)


@settings(max_examples=50, deadline=None)
@given(instants, closed_days)
def test_a_digest_leaves_at_eight_on_the_next_working_day(now: datetime, closed: frozenset[date]) -> None:
    local = rules.next_digest(now, closed).astimezone(BANGKOK)
    assert local.astimezone(UTC) > now
    assert (local.hour, local.minute) == (8, 0)
    assert is_working_day(local.date(), closed)
    between = (now.astimezone(BANGKOK).date() + timedelta(days=number) for number in range(60))
    first = next(day for day in between if at_bangkok(day, 8) > now and is_working_day(day, closed))
    assert local.date() == first


@settings(max_examples=50, deadline=None)
@given(instants, closed_days)
def test_a_bundle_leaves_soon_while_offices_are_open(now: datetime, closed: frozenset[date]) -> None:
    bundle = rules.next_bundle(now, closed)
    assert bundle > now
    assert rules.in_office_hours(bundle, closed)
    if rules.in_office_hours(now, closed) and rules.in_office_hours(now + rules.GATHERING, closed):
        assert bundle - now <= rules.GATHERING


@pytest.mark.parametrize(
    ("hour", "minute", "day", "at"),
    [
        (10, 3, 23, (23, 10, 10)), (10, 10, 23, (23, 10, 20)), (0, 1, 23, (23, 8, 30)), (8, 25, 23, (23, 8, 30)),
        (16, 29, 23, (24, 8, 30)), (23, 55, 23, (24, 8, 30)), (10, 0, 21, (23, 8, 30)), (23, 55, 20, (23, 8, 30)),
    ],
)  # fmt: skip
def test_bundles_by_example(hour: int, minute: int, day: int, at: tuple[int, int, int]) -> None:
    found = rules.next_bundle(at_bangkok(date(2026, 11, day), hour, minute), ()).astimezone(BANGKOK)
    assert (found.day, found.hour, found.minute) == at


@pytest.mark.parametrize(
    ("kind", "chosen", "haste", "muted", "mode"),
    [
        ("meeting", None, Haste.GATHERED, False, Mode.DIGEST), ("meeting", Mode.OFF, Haste.AT_ONCE, False, Mode.OFF),
        ("meeting", None, Haste.AT_ONCE, True, Mode.OFF), ("meeting", Mode.AT_ONCE, Haste.GATHERED, False, Mode.AT_ONCE),
        ("reminder", Mode.OFF, Haste.BUNDLED, True, Mode.DIGEST), ("reminder", Mode.AT_ONCE, Haste.BUNDLED, False, Mode.AT_ONCE),
        ("account", None, Haste.AT_ONCE, False, Mode.AT_ONCE), ("agreement", Mode.DIGEST, Haste.AT_ONCE, False, Mode.AT_ONCE),
    ],
)  # fmt: skip
def test_what_is_chosen_holds_where_it_may_be_chosen(
    kind: str, chosen: Mode | None, haste: Haste, muted: bool, mode: Mode
) -> None:
    assert rules.mode_for(kind, chosen, haste, is_target_muted=muted) is mode


@pytest.mark.parametrize(("due", "hour", "pressing"), [(0, 7, False), (0, 8, True), (-3, 7, False), (-3, 9, True), (1, 9, False)])
def test_what_is_due_waits_for_the_digest_only_before_it_left(due: int, hour: int, pressing: bool) -> None:
    assert rules.is_pressing(MONDAY + timedelta(days=due), at_bangkok(MONDAY, hour)) == pressing
