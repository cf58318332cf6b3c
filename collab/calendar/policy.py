"""Everybody reads the calendar; administrators keep it, because a closed day moves everybody's due dates."""

from typing import Any

from collab.kernel.access import Actor, Permission, Role, allow, always


def _administers(actor: Actor, target: Any) -> bool:
    return actor.everywhere(Role.ADMINISTRATOR)


def install() -> None:
    """Add this area's rows to the table of permissions."""
    allow(Permission.CALENDAR_VIEW, None, always)
    allow(Permission.CALENDAR_MANAGE, Role.ADMINISTRATOR, _administers)
