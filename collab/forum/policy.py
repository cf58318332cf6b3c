"""Who may write: everyone who may see the object (`service` asks the registry of targets); who may remove."""

from collab.kernel.access import Permission, Role, allow, always, within


def install() -> None:
    """Add this area's rows to the table of permissions."""
    allow(Permission.FORUM_POST, None, always)
    allow(Permission.FORUM_MODERATE, Role.COORDINATOR, within(Role.COORDINATOR))
