"""Names rules and reminders on timelines."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from collab.kernel import targets
from collab.kernel.access import Actor, Permission, Role, can, could
from collab.kernel.i18n import _, lazy
from collab.kernel.jobs import Job
from collab.kernel.targets import Ref, TargetInfo, TargetKind, register
from collab.members import queries as members
from collab.reminders import queries
from collab.reminders.models import ReminderRule
from collab.reminders.presenters import audience_text, job_text, rule_text


def _load_rules(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
    return [
        TargetInfo("reminder_rule", row.id, rule_title(row), rule_url(row), committee_id=row.committee_id)
        for row in queries.rules_by_ids(session, keys)
    ]


def rule_url(rule: ReminderRule) -> str:
    """Return the address of the rule's page where it is defined."""
    if rule.plan_id is not None:
        return f"/reminders/plans/{rule.plan_id}/rules/{rule.id}"
    return f"/reminders/committees/{rule.committee_id}/rules/{rule.id}" if rule.committee_id else f"/reminders/rules/{rule.id}"


def rule_title(rule: ReminderRule) -> str:
    """Return a rule in one line."""
    return f"{audience_text(rule.audience)}: {rule_text(rule.offset_days, rule.repeat_days)}"


def _see_rules(session: Session, actor: Actor, keys: Sequence[UUID]) -> set[UUID]:
    return {row.id for row in queries.rules_by_ids(session, keys) if can(actor, Permission.REMINDER_RULE_VIEW, row)}


def _load_overrides(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
    rows = queries.overrides_by_ids(session, keys)
    found = {rule.id: rule for rule in queries.rules_by_ids(session, [row.rule_id for row in rows])}
    infos = []
    for row in rows:
        place = f"plans/{row.plan_id}" if row.plan_id else f"committees/{row.committee_id}"
        url = f"/reminders/{place}/rules/{row.rule_id}"
        infos.append(TargetInfo("reminder_override", row.id, rule_title(found[row.rule_id]), url, committee_id=row.committee_id))
    return infos


def _see_overrides(session: Session, actor: Actor, keys: Sequence[UUID]) -> set[UUID]:
    return {row.id for row in queries.overrides_by_ids(session, keys) if can(actor, Permission.REMINDER_RULE_VIEW, row)}


def _load_reminders(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
    rows = queries.evidence_by_ids(session, keys)
    infos = targets.load(session, [Ref(row.target_kind, row.target_id) for row in rows])
    names = members.user_names(session, {row.recipient_id for row in rows})
    found = []
    for row in rows:
        about = infos.get(Ref(row.target_kind, row.target_id))
        title = _("Reminder to %(name)s", name=names.get(row.recipient_id, ""))
        found.append(
            TargetInfo(
                "reminder", row.id, f"{title}: {about.title}" if about else title, about.url if about else "", day=row.due_on
            )
        )
    return found


def _see_reminders(session: Session, actor: Actor, keys: Sequence[UUID]) -> set[UUID]:
    rows = queries.evidence_by_ids(session, keys)
    visible = targets.visible(session, actor, [Ref(row.target_kind, row.target_id) for row in rows])
    return {row.id for row in rows if Ref(row.target_kind, row.target_id) in visible}


def _load_standstills(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
    rows = queries.standstills_by_ids(session, keys)
    infos = targets.load(session, [Ref(row.target_kind, row.target_id) for row in rows])
    found = []
    for row in rows:
        about = infos.get(Ref(row.target_kind, row.target_id))
        url = f"/reminders/about/{row.target_kind}/{row.target_id}"
        found.append(TargetInfo("reminder_pause", row.id, about.title if about else "", url, day=row.until_on))
    return found


def _see_standstills(session: Session, actor: Actor, keys: Sequence[UUID]) -> set[UUID]:
    rows = queries.standstills_by_ids(session, keys)
    visible = targets.visible(session, actor, [Ref(row.target_kind, row.target_id) for row in rows])
    return {row.id for row in rows if Ref(row.target_kind, row.target_id) in visible}


def _load_pauses(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
    return [
        TargetInfo("job_pause", row.id, job_text(Job(row.job)) if row.job in set(Job) else row.job, "/operations")
        for row in queries.pauses_by_ids(session, keys)
    ]


def _see_pauses(session: Session, actor: Actor, keys: Sequence[UUID]) -> set[UUID]:
    return set(keys) if could(actor, Permission.OPERATIONS_VIEW) or actor.has(Role.AUDITOR) else set()


def install() -> None:
    """Register the kinds."""
    register("reminder_rule", TargetKind(lazy("Reminder rule"), _load_rules, _see_rules))
    register("reminder_override", TargetKind(lazy("Reminder rule set otherwise"), _load_overrides, _see_overrides))
    register("reminder_pause", TargetKind(lazy("Acknowledgement of a reminder"), _load_standstills, _see_standstills))
    register("job_pause", TargetKind(lazy("Background job"), _load_pauses, _see_pauses))
    register("reminder", TargetKind(lazy("Reminder"), _load_reminders, _see_reminders))
