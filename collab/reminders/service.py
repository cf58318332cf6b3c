"""Setting rules, and giving failed reminders another chance."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab import history
from collab.kernel.access import Actor, Permission, authorize
from collab.kernel.clock import today
from collab.kernel.db import check_version
from collab.kernel.errors import InvalidInput, NotFound, StateConflict
from collab.kernel.i18n import _
from collab.kernel.jobs import Job, enqueue_after_commit
from collab.reminders.models import Audience, Reminder, ReminderRule, ReminderState
from collab.reminders.registry import due_kinds

#: What a fresh installation starts with: (audience, days from the due day, repeated every so many days).
DEFAULT_RULES = (
    (Audience.OWNER, -7, 0),
    (Audience.OWNER, 0, 0),
    (Audience.OWNER, 3, 7),
    (Audience.CLERK, 3, 7),
    (Audience.EXECUTIVE, 7, 0),
    (Audience.CHAIR, 14, 0),
    (Audience.COORDINATOR, 14, 0),
)


def add_rule(session: Session, *, actor: Actor, now: datetime, audience: Audience, offset_days: int, repeat_days: int,
             due_kind: str | None = None, committee_id: UUID | None = None, enable: bool = False) -> ReminderRule:  # fmt: skip
    """Add a rule, switched off unless ``enable``. Raises NotAllowed, InvalidInput for an unknown kind."""
    authorize(actor, Permission.OPERATIONS_MANAGE)
    if due_kind is not None and due_kind not in due_kinds():
        raise InvalidInput({"due_kind": _("Choose one of the kinds in the list.")})
    rule = ReminderRule(
        committee_id=committee_id, due_kind=due_kind, audience=audience, offset_days=offset_days, repeat_days=repeat_days,
        enabled_on=today(now) if enable else None,
    )  # fmt: skip
    with history.act(session, verb="reminder_rule.added", actor=actor, now=now, subject=rule):
        session.add(rule)
    return rule


def switch_rule(
    session: Session, *, actor: Actor, now: datetime, rule_id: UUID, enable: bool, expected_version: int | None
) -> ReminderRule:
    """Switch a rule on from today, or off. Raises NotAllowed, NotFound, VersionConflict."""
    authorize(actor, Permission.OPERATIONS_MANAGE)
    rule = session.get(ReminderRule, rule_id, with_for_update=True)
    if rule is None:
        raise NotFound("reminder_rule", rule_id)
    check_version(rule, expected_version)
    verb = "reminder_rule.enabled" if enable else "reminder_rule.disabled"
    with history.act(session, verb=verb, actor=actor, now=now, subject=rule):
        rule.enabled_on = today(now) if enable else None
    return rule


def install_default_rules(session: Session, *, actor: Actor, now: datetime) -> int:
    """Add and switch on `DEFAULT_RULES` when the installation has no rule yet; return how many were added."""
    if session.scalar(sa.select(ReminderRule.id).limit(1)) is not None:
        return 0
    for audience, offset, repeat in DEFAULT_RULES:
        add_rule(session, actor=actor, now=now, audience=audience, offset_days=offset, repeat_days=repeat, enable=True)
    return len(DEFAULT_RULES)


def send_again(session: Session, *, actor: Actor, now: datetime, reminder_id: UUID) -> None:
    """Put a failed reminder back into the queue. Raises NotAllowed, NotFound, StateConflict when it did not fail."""
    authorize(actor, Permission.OPERATIONS_MANAGE)
    row = session.get(Reminder, reminder_id, with_for_update=True)
    if row is None:
        raise NotFound("reminder", reminder_id)
    if row.state is not ReminderState.FAILED:
        raise StateConflict(_("Only a reminder that failed can be sent again."))
    # The evidence of the failure stays; a later outcome is another reminder's evidence.
    row.state, row.attempts, row.reason = ReminderState.DUE, 0, ""
    enqueue_after_commit(session, Job.REMINDERS_DELIVER)
