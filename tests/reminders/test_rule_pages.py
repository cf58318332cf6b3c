"""The pages of rules in committees and plans: where values come from, who may, bad input, two people at once, the rehearsal."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from collab.kernel.ids import new_id
from collab.reminders import queries, rehearsal, sweep
from collab.reminders.models import Audience, Reminder
from tests.factories.reminders import Errands, add_rule
from tests.factories.world import World

Browse = Callable[[str], FlaskClient]
TODAY = date(2026, 11, 23)
OTHERWISE = {"direction": "after", "days": "4", "repeat_days": "", "state": "", "version": "0"}


def place(world: World, rule: Any = None) -> str:
    return f"/reminders/committees/{world.committee.id}/rules" + (f"/{rule.id}" if rule else "")


def test_who_may_see_and_set_the_rules_of_a_committee(session: Session, world: World, now: datetime, browse: Browse) -> None:
    rule = add_rule(session, world, now, Audience.OWNER, 3)
    session.commit()
    for role in ("administrator", "coordinator", "auditor", "chair", "clerk_banphru", "executive_khohong"):
        page = browse(role).get(place(world, rule))
        assert page.status_code == browse(role).get(place(world)).status_code == 200, role
        may = role in ("administrator", "coordinator")
        assert ('name="repeat_days"' in page.get_data(as_text=True)) == may
        wanted = {"administrator": 303, "coordinator": 409}.get(role, 403)
        assert browse(role).post(place(world, rule), data=OTHERWISE).status_code == wanted, "the second one comes too late"
    assert browse("clerk_outside").get(place(world)).status_code == 403


def test_each_value_says_where_it_comes_from(session: Session, world: World, now: datetime, browse: Browse) -> None:
    rule, person = add_rule(session, world, now, Audience.OWNER, 3, 5), browse("coordinator")
    session.commit()
    assert "กำหนดที่นี่" not in person.get(place(world)).get_data(as_text=True)
    assert person.post(place(world, rule), data=OTHERWISE).status_code == 303
    text = person.get(place(world)).get_data(as_text=True)
    assert text.count("กำหนดที่นี่") == 1
    assert text.count("จากค่าของทั้งระบบ") == 2
    assert "4 วันทำการหลังวันครบกำหนด" in text
    assert "3 วันทำการหลังวันครบกำหนด" in browse("administrator").get("/reminders/rules").get_data(as_text=True)


@pytest.mark.parametrize(
    "bad", [{"days": "251"}, {"days": ""}, {"days": "x"}, {"direction": "up"}, {"state": "perhaps"}, {"repeat_days": "-1"},
            {"direction": "before", "repeat_days": "2"}],
)  # fmt: skip
def test_a_bad_value_comes_back_with_what_was_typed(
    session: Session, world: World, now: datetime, browse: Browse, bad: dict[str, str]
) -> None:
    rule = add_rule(session, world, now, Audience.OWNER, 3)
    session.commit()
    answer = browse("coordinator").post(place(world, rule), data={**OTHERWISE, **bad})
    assert answer.status_code == 422
    assert "govuk-error-summary" in answer.get_data(as_text=True)
    assert queries.overrides_of(session, [rule.id]) == []


def test_of_two_who_save_at_once_the_second_sees_both(session: Session, world: World, now: datetime, browse: Browse) -> None:
    rule, person = add_rule(session, world, now, Audience.OWNER, 3), browse("coordinator")
    session.commit()
    assert person.post(place(world, rule), data=OTHERWISE).status_code == 303
    late = person.post(place(world, rule), data={**OTHERWISE, "days": "9"})
    text = late.get_data(as_text=True)
    assert late.status_code == 409
    assert "4 วันทำการหลังวันครบกำหนด" in text
    assert 'value="9"' in text
    assert person.post(place(world, rule), data={**OTHERWISE, "days": "9", "version": "1"}).status_code == 303


def test_a_rule_of_another_committee_is_not_there(session: Session, world: World, now: datetime, browse: Browse) -> None:
    rule = add_rule(session, world, now, Audience.OWNER, 3, committee_id=world.committee.id)
    session.commit()
    person = browse("administrator")
    assert person.get(place(world, rule)).status_code == 200
    assert person.get(f"/reminders/rules/{rule.id}").status_code == 404
    assert person.get(f"/reminders/committees/{new_id()}/rules").status_code == 404
    assert person.get(f"/reminders/plans/{new_id()}/rules").status_code == 404


def test_a_plan_has_rules_of_its_own(session: Session, world: World, errands: Errands, now: datetime, browse: Browse) -> None:
    item = errands.add(
        TODAY, owner=world.users["clerk_banphru"].id, organisation=world.org_id("banphru"), committee=world.committee.id
    )
    plan = errands.plans[item] = new_id()
    person = browse("coordinator")
    assert person.get(f"/reminders/plans/{plan}/rules").status_code == 200
    data = {"audience": "owner", "direction": "on", "days": "", "repeat_days": "0", "due_kind": ""}
    answer = person.post(f"/reminders/plans/{plan}/rules/new", data=data)
    assert answer.status_code == 303
    (rule,) = queries.list_rules(session)
    assert (rule.committee_id, rule.plan_id, rule.offset_days) == (world.committee.id, plan, 0)
    assert "ธุระ" in person.get(answer.headers["Location"]).get_data(as_text=True), "the rehearsal of a rule that is off"
    assert sweep.sweep(session, now=now) == 0


def test_the_rehearsal_says_what_the_sweep_then_records(session: Session, world: World, errands: Errands, now: datetime) -> None:
    rule = add_rule(session, world, now, Audience.OWNER, 1, 2)
    keys = [
        errands.add(date(2026, 11, day), owner=world.users["clerk_banphru"].id, organisation=world.org_id("banphru"))
        for day in (19, 20, 22, 23, 24, 25, 30)
    ]  # fmt: skip
    variants = rehearsal.variants_within(rule, [], rehearsal.Place(), TODAY)
    foretold = {(row.day, row.target.id, row.occurrence) for row in rehearsal.rehearse(session, rule, variants, TODAY)}
    assert queries.count_by_state(session) == {}
    happened = set()
    for number in range(rehearsal.DAYS):
        sweep.sweep(session, now=now + timedelta(days=number))
    for row in session.scalars(sa.select(Reminder)):
        happened.add((row.fire_on, row.target_id, row.occurrence))
    assert foretold == happened
    assert {key for _day, key, _number in happened} == set(keys[1:6]), "Thursday's fell due to be told before the rule was on"
