"""Who may set reminder rules and look at operations."""

from collab.kernel.access import Permission, Role, allow, always


def install() -> None:
    """Add this area's rows to the table of permissions."""
    allow(Permission.OPERATIONS_VIEW, Role.ADMINISTRATOR, always)
    allow(Permission.OPERATIONS_VIEW, Role.COORDINATOR, always)
    allow(Permission.OPERATIONS_MANAGE, Role.ADMINISTRATOR, always)
