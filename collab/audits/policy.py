"""Who may audit, who may read history, who may answer a finding."""

from collab.kernel.access import Permission, Role, allow, always, within


def install() -> None:
    """Add this area's rows to the table of permissions."""
    # Which object's history a person reads is decided by whether they may see the object (`routes.timeline`).
    allow(Permission.HISTORY_VIEW, None, always)
    allow(Permission.AUDIT_VIEW, Role.AUDITOR, always)
    allow(Permission.AUDIT_VIEW, Role.ADMINISTRATOR, always)
    allow(Permission.AUDIT_MANAGE, Role.AUDITOR, within(Role.AUDITOR))
    allow(Permission.FINDING_REPLY, Role.CLERK, within(Role.CLERK))
    allow(Permission.FINDING_REPLY, Role.EXECUTIVE, within(Role.EXECUTIVE))
    allow(Permission.FINDING_REPLY, Role.COORDINATOR, within(Role.COORDINATOR))
