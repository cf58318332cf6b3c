"""Setting rules: who may, what is refused, and that each change is recorded."""

from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy.orm import Session

from collab.history import queries as events
from collab.kernel.access import Permission, can, job_actor
from collab.kernel.errors import InvalidInput, NotAllowed, NotFound, StateConflict, VersionConflict
from collab.kernel.ids import new_id
from collab.kernel.jobs import Job
from collab.reminders import queries, service
from collab.reminders.models import Audience, Reminder, ReminderOverride, ReminderRule, ReminderState
from collab.reminders.rules import Place
from collab.reminders.service import RuleFacts
from tests.factories.reminders import KIND, Errands, add_rule
from tests.factories.world import World

OTHERS = ("coordinator", "chair", "auditor", "clerk_banphru", "executive_khohong", "clerk_outside")


def test_a_rule_is_off_until_it_is_switched_on_and_each_step_is_recorded(session: Session, world: World, now: datetime) -> None:
    admin = world.actors["administrator"]
    rule = add_rule(session, world, now, Audience.OWNER, -7, enable=False)
    assert rule.enabled_on is None
    service.switch_rule(session, actor=admin, now=now, rule_id=rule.id, enable=True, expected_version=rule.version)
    assert rule.enabled_on is not None
    service.switch_rule(session, actor=admin, now=now, rule_id=rule.id, enable=False, expected_version=rule.version)
    session.commit()
    verbs = [event.verb for event in events.list_stream(session, f"reminder_rule/{rule.id}").rows]
    assert verbs == ["reminder_rule.disabled", "reminder_rule.enabled", "reminder_rule.added"]


@pytest.mark.parametrize("role", OTHERS)
def test_only_an_administrator_sets_rules(session: Session, world: World, now: datetime, role: str) -> None:
    rule, actor = add_rule(session, world, now, Audience.OWNER, 0), world.actors[role]
    with pytest.raises(NotAllowed):
        service.add_rule(session, actor=actor, now=now, audience=Audience.OWNER, offset_days=0, repeat_days=0)
    with pytest.raises(NotAllowed):
        service.switch_rule(session, actor=actor, now=now, rule_id=rule.id, enable=False, expected_version=None)
    with pytest.raises(NotAllowed):
        service.send_again(session, actor=actor, now=now, reminder_id=new_id())
    assert rule.enabled_on is not None


def test_an_unknown_kind_and_an_unknown_rule_are_refused(session: Session, world: World, errands: Errands, now: datetime) -> None:
    add_rule(session, world, now, Audience.OWNER, 0, due_kind=KIND)
    with pytest.raises(InvalidInput) as refused:
        add_rule(session, world, now, Audience.OWNER, 0, due_kind="nothing")
    assert "due_kind" in refused.value.errors
    with pytest.raises(NotFound):
        service.switch_rule(
            session, actor=world.actors["administrator"], now=now, rule_id=new_id(), enable=True, expected_version=1
        )


def test_two_who_switch_at_once_do_not_undo_each_other(session: Session, world: World, now: datetime) -> None:
    admin, rule = world.actors["administrator"], add_rule(session, world, now, Audience.OWNER, 0)
    seen = rule.version
    service.switch_rule(session, actor=admin, now=now, rule_id=rule.id, enable=False, expected_version=seen)
    with pytest.raises(VersionConflict):
        service.switch_rule(session, actor=admin, now=now, rule_id=rule.id, enable=True, expected_version=seen)


def test_the_default_rules_are_installed_once(session: Session, world: World, now: datetime) -> None:
    installer = world.actors["administrator"]
    assert service.install_default_rules(session, actor=installer, now=now) == len(service.DEFAULT_RULES)
    assert service.install_default_rules(session, actor=installer, now=now) == 0
    ladder = {(rule.audience, rule.offset_days, rule.repeat_days) for rule in queries.list_rules(session)}
    assert ladder == {
        (Audience.OWNER, -5, 0), (Audience.OWNER, 0, 0), (Audience.OWNER, 2, 5), (Audience.CLERK, 3, 5),
        (Audience.EXECUTIVE, 5, 0), (Audience.CHAIR, 10, 0), (Audience.COORDINATOR, 15, 0),
    }  # fmt: skip
    assert all(rule.enabled_on is not None for rule in queries.list_rules(session))


def test_a_job_cannot_set_rules(session: Session, world: World, now: datetime) -> None:
    with pytest.raises(NotAllowed):
        service.install_default_rules(session, actor=job_actor("test"), now=now)


def test_only_what_failed_is_sent_again(session: Session, world: World, now: datetime) -> None:
    rule = add_rule(session, world, now, Audience.OWNER, 0)
    row = Reminder(
        due_kind=KIND, target_kind=KIND, target_id=new_id(), rule_id=rule.id, due_on=now.date(), fire_on=now.date(), occurrence=0, audience=Audience.OWNER,
        recipient_id=world.users["clerk_banphru"].id, state=ReminderState.QUEUED, created_at=now, next_attempt_at=now,
    )  # fmt: skip
    session.add(row)
    session.flush()
    admin = world.actors["administrator"]
    with pytest.raises(StateConflict):
        service.send_again(session, actor=admin, now=now, reminder_id=row.id)
    row.state, row.attempts, row.reason = ReminderState.FAILED, 5, "x"
    service.send_again(session, actor=admin, now=now, reminder_id=row.id)
    assert (row.state, row.attempts, row.reason) == (ReminderState.DUE, 0, "")
    with pytest.raises(NotFound):
        service.send_again(session, actor=admin, now=now, reminder_id=new_id())


@pytest.mark.parametrize("role", OTHERS)
@pytest.mark.parametrize("layer", ["installation", "committee", "other_committee", "plan"])
def test_who_may_set_rules_where(session: Session, world: World, errands: Errands, now: datetime, role: str, layer: str) -> None:
    place = {
        "installation": Place(), "committee": Place(world.committee.id), "other_committee": Place(new_id()),
        "plan": Place(world.committee.id, new_id()),
    }[layer]  # fmt: skip
    assert can(world.actors["administrator"], Permission.REMINDER_RULE_MANAGE, place)
    may = role == "coordinator" and layer in ("committee", "plan")
    assert can(world.actors[role], Permission.REMINDER_RULE_MANAGE, place) == may
    base = add_rule(session, world, now, Audience.OWNER, 3)
    if layer != "installation" and not may:
        with pytest.raises(NotAllowed):
            override(session, world, now, base, place, role, facts=RuleFacts(5, None))


def override(
    session: Session, world: World, now: datetime, rule: ReminderRule, place: Place, who: str = "coordinator",
    facts: RuleFacts = RuleFacts(None, None), is_enabled: bool | None = None, version: int | None = None,  # noqa: B008
) -> ReminderOverride:  # fmt: skip
    return service.set_override(
        session, actor=world.actors[who], now=now, rule_id=rule.id, place=place, facts=facts, is_enabled=is_enabled,
        expected_version=version,
    )  # fmt: skip


def test_a_committee_sets_one_value_otherwise_and_it_is_recorded(session: Session, world: World, now: datetime) -> None:
    base, place = add_rule(session, world, now, Audience.OWNER, 3), Place(world.committee.id)
    made = override(session, world, now, base, place, facts=RuleFacts(5, None))
    session.commit()
    assert (made.offset_days, made.repeat_days, made.is_enabled, made.effective_from) == (5, None, None, base.enabled_on)
    verbs = [event.verb for event in events.list_stream(session, f"reminder_rule/{base.id}").rows]
    assert verbs == ["reminder_rule.overridden", "reminder_rule.added"]
    with pytest.raises(VersionConflict):
        override(session, world, now, base, place, version=0)
    with pytest.raises(InvalidInput):
        override(session, world, now, base, place, facts=RuleFacts(-2, 3))
    with pytest.raises(InvalidInput):
        override(session, world, now, base, place, facts=RuleFacts(251, None))
    with pytest.raises(StateConflict):
        override(session, world, now, base, Place(), who="administrator")


def test_switching_on_again_in_a_committee_begins_that_day(session: Session, world: World, now: datetime) -> None:
    base, place = add_rule(session, world, now - timedelta(days=90), Audience.OWNER, 3), Place(world.committee.id)
    override(session, world, now - timedelta(days=60), base, place, is_enabled=False)
    made = override(session, world, now, base, place, is_enabled=None)
    assert made.effective_from == now.date(), "what fell due in the two months is not mailed"


def test_a_rule_of_a_committee_does_not_hold_elsewhere(session: Session, world: World, now: datetime) -> None:
    place = Place(world.committee.id)
    own = service.add_rule(
        session, actor=world.actors["coordinator"], now=now, audience=Audience.CHAIR, offset_days=10, repeat_days=0,
        committee_id=place.committee_id,
    )  # fmt: skip
    assert own in queries.list_rules(session, place)
    assert own not in queries.list_rules(session, Place())
    with pytest.raises(StateConflict):
        override(session, world, now, own, place)


def test_changed_values_hold_at_once(session: Session, world: World, now: datetime) -> None:
    admin, rule = world.actors["administrator"], add_rule(session, world, now, Audience.OWNER, 3)
    service.change_rule(session, actor=admin, now=now, rule_id=rule.id, facts=RuleFacts(-4, None), expected_version=rule.version)
    assert (rule.offset_days, rule.repeat_days) == (-4, 0)
    with pytest.raises(InvalidInput):
        service.change_rule(session, actor=admin, now=now, rule_id=rule.id, facts=RuleFacts(None, 2), expected_version=None)
    with pytest.raises(NotAllowed):
        service.change_rule(
            session, actor=world.actors["coordinator"], now=now, rule_id=rule.id, facts=RuleFacts(1, 0), expected_version=None
        )


def test_pausing_a_job_is_recorded_and_stops_it(session: Session, world: World, now: datetime) -> None:
    admin = world.actors["administrator"]
    switch = partial(service.switch_job, session, actor=admin, now=now, job="reminders.sweep")
    row = switch(pause=True, reason="ย้ายเครื่อง")
    assert switch(pause=True, reason="อีกครั้ง") is row
    assert queries.is_paused(session, Job.REMINDERS_SWEEP)
    assert not queries.is_paused(session, Job.REMINDERS_DELIVER)
    switch(pause=False, reason="")
    assert not queries.is_paused(session, Job.REMINDERS_SWEEP)
    session.commit()
    assert [event.verb for event in events.list_stream(session, f"job_pause/{row.id}").rows][::-1] in (
        ["job.paused", "job.resumed"], ["job.resumed", "job.paused"],
    )  # fmt: skip


def test_pausing_needs_a_reason_a_job_and_the_right(session: Session, world: World, now: datetime) -> None:
    switch = partial(service.switch_job, session, now=now, pause=True)
    with pytest.raises(InvalidInput):
        switch(actor=world.actors["administrator"], job="reminders.sweep", reason="")
    with pytest.raises(NotFound):
        switch(actor=world.actors["administrator"], job="rm -rf", reason="x")
    with pytest.raises(NotAllowed):
        switch(actor=world.actors["coordinator"], job="reminders.sweep", reason="x")
