"""Keeping the calendar."""

from datetime import date, datetime

import pytest
from sqlalchemy.orm import Session

from collab.calendar import queries, service
from collab.history import queries as history
from collab.kernel.access import job_actor
from collab.kernel.errors import InvalidInput, NotAllowed, NotFound, VersionConflict
from collab.kernel.ids import new_id
from tests.factories.world import World

ENTRY = service.Entry(date(2026, 12, 14), "วันปิดทำการพิเศษ", "Special closure", True, "มติคณะรัฐมนตรี")


def test_the_list_of_facts_is_loaded_once(session: Session, now: datetime) -> None:
    assert service.load_holidays(session, actor=job_actor("test"), now=now) == 76
    session.commit()
    assert service.load_holidays(session, actor=job_actor("test"), now=now) == 0


def test_which_holidays_close_offices(session: Session, now: datetime) -> None:
    service.load_holidays(session, actor=job_actor("test"), now=now)
    session.commit()
    closed = queries.closed_days(session, date(2026, 1, 1), date(2027, 12, 31))
    assert date(2026, 5, 13) in closed, "the Ploughing Ceremony closes government offices"
    assert date(2026, 1, 10) not in closed, "Children's Day does not"
    assert date(2026, 5, 1) not in closed, "Labour Day does not"
    assert date(2027, 5, 3) not in closed, "nor the day in lieu of it"
    assert date(2025, 1, 1) not in closed, "outside the days asked for"


def test_what_was_removed_is_not_loaded_again(session: Session, world: World, now: datetime) -> None:
    service.load_holidays(session, actor=job_actor("test"), now=now)
    row = queries.list_holidays(session, 2026)[0]
    service.remove_holiday(session, actor=world.actors["administrator"], now=now, holiday_id=row.id, expected_version=1)
    session.commit()
    assert service.load_holidays(session, actor=job_actor("test"), now=now) == 0
    assert row.day not in queries.closed_days(session, row.day, row.day)


@pytest.mark.parametrize("role", ["coordinator", "clerk_banphru", "auditor", "chair", "executive_banphru"])
def test_only_administrators_keep_the_calendar(session: Session, world: World, now: datetime, role: str) -> None:
    made = service.add_holiday(session, actor=world.actors["administrator"], now=now, entry=ENTRY)
    with pytest.raises(NotAllowed):
        service.add_holiday(session, actor=world.actors[role], now=now, entry=ENTRY)
    with pytest.raises(NotAllowed):
        service.change_holiday(session, actor=world.actors[role], now=now, holiday_id=made.id, entry=ENTRY, expected_version=1)
    with pytest.raises(NotAllowed):
        service.remove_holiday(session, actor=world.actors[role], now=now, holiday_id=made.id, expected_version=1)


def test_a_day_has_a_name_once(session: Session, world: World, now: datetime) -> None:
    actor = world.actors["administrator"]
    service.add_holiday(session, actor=actor, now=now, entry=ENTRY)
    with pytest.raises(InvalidInput) as fault:
        service.add_holiday(session, actor=actor, now=now, entry=ENTRY)
    assert set(fault.value.errors) == {"name_th"}


def test_a_change_is_recorded_and_guarded(session: Session, world: World, now: datetime) -> None:
    actor = world.actors["administrator"]
    made = service.add_holiday(session, actor=actor, now=now, entry=ENTRY)
    open_day = service.Entry(ENTRY.day, ENTRY.name_th, ENTRY.name_en, False, ENTRY.source)
    service.change_holiday(session, actor=actor, now=now, holiday_id=made.id, entry=open_day, expected_version=1)
    session.commit()
    assert queries.closed_days(session, ENTRY.day, ENTRY.day) == frozenset()
    assert [row.verb for row in history.list_subject(session, made.id).rows] == ["holiday.changed", "holiday.added"]
    with pytest.raises(VersionConflict):
        service.change_holiday(session, actor=actor, now=now, holiday_id=made.id, entry=ENTRY, expected_version=1)
    with pytest.raises(NotFound):
        service.remove_holiday(session, actor=actor, now=now, holiday_id=new_id(), expected_version=None)
