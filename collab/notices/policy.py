"""Who sets up the channels of an organisation: its clerks, and the administrator."""

from collab.kernel.access import Permission, Role, allow, within


def install() -> None:
    """Add this area's rows to the table of permissions."""
    for role in (Role.CLERK, Role.ADMINISTRATOR):
        allow(Permission.CHANNEL_MANAGE, role, within(role))
