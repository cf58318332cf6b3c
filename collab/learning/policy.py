"""Everybody reads what was learned; clerks and coordinators write it down."""

from collab.kernel.access import Permission, Role, allow, always, within


def install() -> None:
    """Add this area's rows to the table of permissions."""
    allow(Permission.LEARNING_VIEW, None, always)
    allow(Permission.LEARNING_MANAGE, Role.CLERK, within(Role.CLERK))
    allow(Permission.LEARNING_MANAGE, Role.EXECUTIVE, within(Role.EXECUTIVE))
    allow(Permission.LEARNING_MANAGE, Role.COORDINATOR, within(Role.COORDINATOR))
    allow(Permission.LEARNING_MANAGE, Role.CHAIR, within(Role.CHAIR))
