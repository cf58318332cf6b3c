"""Setting rules: where they are defined, and single values otherwise in a committee or a plan."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab import history
from collab.kernel.access import Actor, Permission, authorize
from collab.kernel.clock import today
from collab.kernel.db import check_version
from collab.kernel.errors import InvalidInput, NotFound, StateConflict
from collab.kernel.i18n import _
from collab.reminders import queries, rules
from collab.reminders.firing import override_of, setting_of
from collab.reminders.models import Audience, ReminderOverride, ReminderRule
from collab.reminders.registry import due_kinds
from collab.reminders.rules import Effective, Place, Setting

#: What a fresh installation starts with: (audience, working days from the due day, repeated every so many working days).
DEFAULT_RULES = (
    (Audience.OWNER, -5, 0),
    (Audience.OWNER, 0, 0),
    (Audience.OWNER, 2, 5),
    (Audience.CLERK, 3, 5),
    (Audience.EXECUTIVE, 5, 0),
    (Audience.CHAIR, 10, 0),
    (Audience.COORDINATOR, 15, 0),
)


@dataclass(frozen=True)
class RuleFacts:
    """When whom to remind: working days from the due day (negative: before), and every how many again (0: once).

    For a place that only sets single values otherwise, None inherits.
    """

    offset_days: int | None
    repeat_days: int | None

    def checked(self) -> "RuleFacts":
        """Return the facts, or raise InvalidInput when a value is out of range or a rule before the day repeats."""
        faults = {}
        if self.offset_days is not None and abs(self.offset_days) > rules.MOST_OFFSET:
            faults["days"] = _("Write a number from %(least)s to %(most)s.", least=0, most=rules.MOST_OFFSET)
        if self.repeat_days is not None and not 0 <= self.repeat_days <= rules.MOST_OFFSET:
            faults["repeat_days"] = _("Write a number from %(least)s to %(most)s.", least=0, most=rules.MOST_OFFSET)
        if faults:
            raise InvalidInput(faults)
        return self


def add_rule(session: Session, *, actor: Actor, now: datetime, audience: Audience, offset_days: int, repeat_days: int,
             due_kind: str | None = None, committee_id: UUID | None = None, plan_id: UUID | None = None,
             enable: bool = False) -> ReminderRule:  # fmt: skip
    """Add a rule of a place, switched off unless ``enable``. Raises NotAllowed, InvalidInput for an unknown kind or value."""
    authorize(actor, Permission.REMINDER_RULE_MANAGE, Place(committee_id, plan_id))
    facts = RuleFacts(offset_days, repeat_days).checked()
    _refuse_repeating_before(facts.offset_days, facts.repeat_days)
    if due_kind is not None and due_kind not in due_kinds():
        raise InvalidInput({"due_kind": _("Choose one of the kinds in the list.")})
    if plan_id is not None and due_kind is not None and not due_kinds()[due_kind].plan_kind:
        raise InvalidInput({"due_kind": _("There is nothing of this kind in a plan.")})
    rule = ReminderRule(
        committee_id=committee_id, plan_id=plan_id, due_kind=due_kind, audience=audience, offset_days=offset_days,
        repeat_days=repeat_days, enabled_on=today(now) if enable else None,
    )  # fmt: skip
    with history.act(session, verb="reminder_rule.added", actor=actor, now=now, subject=rule):
        session.add(rule)
    return rule


def _refuse_repeating_before(offset_days: int | None, repeat_days: int | None) -> None:
    if (offset_days or 0) < 0 and repeat_days:
        raise InvalidInput({"repeat_days": _("Only a reminder on or after the due day can be repeated.")})


def change_rule(
    session: Session, *, actor: Actor, now: datetime, rule_id: UUID, facts: RuleFacts, expected_version: int | None
) -> ReminderRule:
    """Change a rule where it is defined. What it told already is not told again. Raises NotAllowed, NotFound, VersionConflict."""
    rule = _lock(session, rule_id)
    authorize(actor, Permission.REMINDER_RULE_MANAGE, Place(rule.committee_id, rule.plan_id))
    check_version(rule, expected_version)
    checked = facts.checked()
    offset = rule.offset_days if checked.offset_days is None else checked.offset_days
    repeat = rule.repeat_days if checked.repeat_days is None else checked.repeat_days
    _refuse_repeating_before(offset, repeat)
    with history.act(session, verb="reminder_rule.changed", actor=actor, now=now, subject=rule):
        rule.offset_days, rule.repeat_days = offset, repeat
    return rule


def switch_rule(
    session: Session, *, actor: Actor, now: datetime, rule_id: UUID, enable: bool, expected_version: int | None
) -> ReminderRule:
    """Switch a rule on from today, or off, where it is defined. Raises NotAllowed, NotFound, VersionConflict."""
    rule = _lock(session, rule_id)
    authorize(actor, Permission.REMINDER_RULE_MANAGE, Place(rule.committee_id, rule.plan_id))
    check_version(rule, expected_version)
    if enable == (rule.enabled_on is not None):
        return rule
    verb = "reminder_rule.enabled" if enable else "reminder_rule.disabled"
    with history.act(session, verb=verb, actor=actor, now=now, subject=rule):
        rule.enabled_on = today(now) if enable else None
    return rule


def set_override(session: Session, *, actor: Actor, now: datetime, rule_id: UUID, place: Place, facts: RuleFacts,
                 is_enabled: bool | None, expected_version: int | None) -> ReminderOverride:  # fmt: skip
    """Set single values of a rule otherwise in a committee or plan; None inherits again.

    Where this switches the rule on, it begins today. Raises NotAllowed, NotFound, InvalidInput, VersionConflict, and StateConflict
    for a place that does not lie within the rule's own.
    """
    rule = _lock(session, rule_id)
    authorize(actor, Permission.REMINDER_RULE_MANAGE, place)
    own = Place(rule.committee_id, rule.plan_id)
    if place == own or own not in place.chain() or place.committee_id is None:
        raise StateConflict(_("This rule does not hold here."))
    checked = facts.checked()
    rows = {override_of(row).place: row for row in queries.overrides_of(session, [rule_id])}
    row = rows.get(place)
    if row is not None:
        check_version(row, expected_version)
    elif expected_version:
        raise NotFound("reminder_override", rule_id)
    before = {key: override_of(found) for key, found in rows.items()}
    setting = _setting(rule, before, place, checked, is_enabled, today(now))
    return _keep(session, actor, now, rule, row, setting)


def _setting(rule: ReminderRule, before: dict[Place, Setting], place: Place, facts: RuleFacts, is_enabled: bool | None,
             day: date) -> Setting:  # fmt: skip
    """Return what the place says from now on; its beginning moves to ``day`` only when the rule comes on here by it."""
    old = before.get(place, Setting(place))
    new = Setting(place, facts.offset_days, facts.repeat_days, is_enabled, old.effective_from or day)
    then, after = _resolved(rule, before, old), _resolved(rule, before, new)
    _refuse_repeating_before(after.offset_days, after.repeat_days)
    comes_on = after.is_enabled and not then.is_enabled
    begins = day if comes_on else then.effective_from or old.effective_from
    return Setting(place, facts.offset_days, facts.repeat_days, is_enabled, begins)


def _resolved(rule: ReminderRule, before: dict[Place, Setting], own: Setting) -> Effective:
    known = {**before, setting_of(rule).place: setting_of(rule), own.place: own}
    return rules.resolve([known[step] for step in own.place.chain() if step in known])


def _keep(
    session: Session, actor: Actor, now: datetime, rule: ReminderRule, row: ReminderOverride | None, setting: Setting
) -> ReminderOverride:
    place = setting.place
    kept = row or ReminderOverride(rule_id=rule.id, committee_id=place.committee_id, plan_id=place.plan_id)
    with history.act(session, verb="reminder_rule.overridden", actor=actor, now=now, subject=kept):
        kept.offset_days, kept.repeat_days, kept.is_enabled = setting.offset_days, setting.repeat_days, setting.is_enabled
        kept.effective_from = setting.effective_from
        session.add(kept)
    return kept


def _lock(session: Session, rule_id: UUID) -> ReminderRule:
    rule = session.get(ReminderRule, rule_id, with_for_update=True)
    if rule is None:
        raise NotFound("reminder_rule", rule_id)
    return rule


def install_default_rules(session: Session, *, actor: Actor, now: datetime) -> int:
    """Add and switch on `DEFAULT_RULES` when the installation has no rule yet; return how many were added."""
    if session.scalar(sa.select(ReminderRule.id).limit(1)) is not None:
        return 0
    for audience, offset, repeat in DEFAULT_RULES:
        add_rule(session, actor=actor, now=now, audience=audience, offset_days=offset, repeat_days=repeat, enable=True)
    return len(DEFAULT_RULES)
