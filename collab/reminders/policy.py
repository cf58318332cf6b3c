"""Who may set reminder rules and look at operations."""

from typing import Any

from collab.kernel.access import Actor, Permission, Role, allow, always, seated_in_committee, within


def was_reminded(actor: Actor, target: Any) -> bool:
    """Hold for those who were reminded of the object (`service.Reminded`), also in another's place."""
    return actor.user_id in getattr(target, "user_ids", ())


def install() -> None:
    """Add this area's rows to the table of permissions."""
    allow(Permission.OPERATIONS_VIEW, Role.ADMINISTRATOR, always)
    allow(Permission.OPERATIONS_VIEW, Role.COORDINATOR, always)
    allow(Permission.OPERATIONS_MANAGE, Role.ADMINISTRATOR, always)
    allow(Permission.REMINDER_RULE_MANAGE, Role.ADMINISTRATOR, always)
    allow(Permission.REMINDER_RULE_MANAGE, Role.COORDINATOR, within(Role.COORDINATOR))
    for role in (Role.ADMINISTRATOR, Role.AUDITOR, Role.COORDINATOR):
        allow(Permission.REMINDER_RULE_VIEW, role, always)
    # Whoever works in a committee may know who will be told when something is late there.
    for role in (Role.CHAIR, Role.CLERK, Role.EXECUTIVE):
        allow(Permission.REMINDER_RULE_VIEW, role, seated_in_committee)
    allow(Permission.REMINDER_ACKNOWLEDGE, None, was_reminded)
