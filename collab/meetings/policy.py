"""Who convenes, presides, and sees."""

from typing import Any

from collab.kernel.access import Actor, Permission, Role, allow, seated_in_committee, within
from collab.meetings.states import MeetingState


def _announced(actor: Actor, target: Any) -> bool:
    return getattr(target, "state", None) is not MeetingState.DRAFT and seated_in_committee(actor, target)


def _announced_to_auditor(actor: Actor, target: Any) -> bool:
    return getattr(target, "state", None) is not MeetingState.DRAFT and within(Role.AUDITOR)(actor, target)


def _announced_to_administrator(actor: Actor, target: Any) -> bool:
    return getattr(target, "state", None) is not MeetingState.DRAFT and within(Role.ADMINISTRATOR)(actor, target)


def install() -> None:
    """Add this area's rows to the table of permissions."""
    allow(Permission.MEETING_MANAGE, Role.COORDINATOR, within(Role.COORDINATOR))
    allow(Permission.MEETING_PRESIDE, Role.CHAIR, within(Role.CHAIR))
    view = Permission.MEETING_VIEW
    allow(view, Role.COORDINATOR, within(Role.COORDINATOR))
    allow(view, Role.CHAIR, within(Role.CHAIR))
    allow(view, Role.CLERK, _announced)
    allow(view, Role.EXECUTIVE, _announced)
    allow(view, Role.AUDITOR, _announced_to_auditor)
    allow(view, Role.ADMINISTRATOR, _announced_to_administrator)
