"""Setting rules: who may, what is refused, and that each change is recorded."""

from datetime import datetime

import pytest
from sqlalchemy.orm import Session

from collab.history import queries as events
from collab.kernel.access import job_actor
from collab.kernel.errors import InvalidInput, NotAllowed, NotFound, StateConflict, VersionConflict
from collab.kernel.ids import new_id
from collab.reminders import queries, service
from collab.reminders.models import Audience, Reminder, ReminderState
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
        (Audience.OWNER, -7, 0), (Audience.OWNER, 0, 0), (Audience.OWNER, 3, 7), (Audience.CLERK, 3, 7),
        (Audience.EXECUTIVE, 7, 0), (Audience.CHAIR, 14, 0), (Audience.COORDINATOR, 14, 0),
    }  # fmt: skip
    assert all(rule.enabled_on is not None for rule in queries.list_rules(session))


def test_a_job_cannot_set_rules(session: Session, world: World, now: datetime) -> None:
    with pytest.raises(NotAllowed):
        service.install_default_rules(session, actor=job_actor("test"), now=now)


def test_only_what_failed_is_sent_again(session: Session, world: World, now: datetime) -> None:
    rule = add_rule(session, world, now, Audience.OWNER, 0)
    row = Reminder(
        due_kind=KIND, target_kind=KIND, target_id=new_id(), rule_id=rule.id, due_on=now.date(), fire_on=now.date(),
        recipient_id=world.users["clerk_banphru"].id, state=ReminderState.QUEUED, created_at=now,
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
