"""How the story reminds: a rule set otherwise in the committee, late items that climbed the ladder, and somebody who answered."""

import sqlalchemy as sa

from collab.factory.demo.stage import SYSTEM, Stage
from collab.kernel.targets import Ref
from collab.reminders import delivery, evidence, rules, service, sweep
from collab.reminders.models import Audience, Reminder, ReminderRule, ReminderState
from collab.reminders.service import RuleFacts

#: Days before today on which the story looks at what is due, in the order of time, in which histories are told; those on which offices
#: are closed tell nothing.
LOOKED = (13, 12, 6, 5, 4, 3)
CLAIM = 2000


def remind(stage: Stage) -> None:
    """Let the committee tell the clerks sooner, look at what is due on some days, and let an owner answer."""
    session = stage.session
    session.flush()
    clerks = session.scalars(
        sa.select(ReminderRule).where(ReminderRule.audience == Audience.CLERK, ReminderRule.committee_id.is_(None))
    ).first()
    if clerks is None:
        raise RuntimeError("the story begins with the rules of a fresh installation")
    service.set_override(
        session, actor=stage.actors["coordinator"], now=stage.at(90), rule_id=clerks.id, place=rules.Place(stage.committee.id),
        facts=RuleFacts(2, None), is_enabled=None, expected_version=0,
    )  # fmt: skip
    for days_ago in LOOKED:
        now = stage.at(days_ago)
        sweep.sweep(session, now=now)
        delivery.deliver(session, delivery.claim(session, now, CLAIM, worker="demo"), now)


def settle(stage: Stage) -> None:
    """Record what became of the story's mails, and let an owner whose matter reached the executive say how it stands."""
    session = stage.session
    while evidence.follow(session, actor=SYSTEM, now=stage.at(2)) == evidence.BATCH:
        pass
    told = sa.select(Reminder).where(Reminder.state == ReminderState.QUEUED).order_by(Reminder.created_at.desc(), Reminder.id)
    climbed = set(session.scalars(sa.select(Reminder.target_id).where(Reminder.audience == Audience.EXECUTIVE)))
    actors = {actor.user_id: actor for key, actor in stage.actors.items() if key.startswith("clerk.")}
    for row in session.scalars(told):
        if row.target_id in climbed and row.recipient_id in actors:
            service.acknowledge(
                session, actor=actors[row.recipient_id], now=stage.at(1), target=Ref(row.target_kind, row.target_id),
                until_on=stage.day(-7), note="ผู้รับจ้างส่งมอบงานล่าช้า นัดตรวจรับสัปดาห์หน้า (สมมติ)",
            )  # fmt: skip
            return
