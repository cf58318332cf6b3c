"""Who reckons shares: clerks of the committee's organisations, and the coordinator; who sees the object sees them."""

from collab.kernel.access import Permission, Role, allow, always, seated_in_committee, within


def install() -> None:
    """Add this area's rows to the table of permissions."""
    allow(Permission.COST_SHARING_VIEW, None, always)
    allow(Permission.COST_SHARING_MANAGE, Role.COORDINATOR, within(Role.COORDINATOR))
    allow(Permission.COST_SHARING_MANAGE, Role.CLERK, seated_in_committee)
