"""Names rules and reminders on timelines."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from collab.kernel import targets
from collab.kernel.access import Actor, Permission, Role, could
from collab.kernel.i18n import _, lazy
from collab.kernel.targets import Ref, TargetInfo, TargetKind, register
from collab.members import queries as members
from collab.reminders import queries
from collab.reminders.models import ReminderRule
from collab.reminders.presenters import audience_text, rule_text


def _load_rules(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
    return [
        TargetInfo("reminder_rule", row.id, rule_title(row), "/reminders/rules", committee_id=row.committee_id)
        for row in queries.rules_by_ids(session, keys)
    ]


def rule_title(rule: ReminderRule) -> str:
    """Return a rule in one line."""
    return f"{audience_text(rule.audience)}: {rule_text(rule.offset_days, rule.repeat_days)}"


def _see_rules(session: Session, actor: Actor, keys: Sequence[UUID]) -> set[UUID]:
    return set(keys) if could(actor, Permission.OPERATIONS_VIEW) or actor.has(Role.AUDITOR) else set()


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


def install() -> None:
    """Register the kinds."""
    register("reminder_rule", TargetKind(lazy("Reminder rule"), _load_rules, _see_rules))
    register("reminder", TargetKind(lazy("Reminder"), _load_reminders, _see_reminders))
