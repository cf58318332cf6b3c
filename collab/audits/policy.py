"""Who may audit, who may read history, who may answer a finding."""

from typing import Any

from collab.kernel.access import Actor, Permission, Role, allow, always, within


def _samples(actor: Actor, target: Any) -> bool:
    """Hold anywhere for what one may see: the population of a sample over all committees is cut to those of the mandate."""
    return getattr(target, "committee_id", None) is None or within(Role.AUDITOR)(actor, target)


def install() -> None:
    """Add this area's rows to the table of permissions."""
    # Which object's history a person reads is decided by whether they may see the object (`routes.timeline`).
    allow(Permission.HISTORY_VIEW, None, always)
    allow(Permission.AUDIT_VIEW, Role.AUDITOR, always)
    allow(Permission.AUDIT_VIEW, Role.ADMINISTRATOR, always)
    allow(Permission.AUDIT_MANAGE, Role.AUDITOR, within(Role.AUDITOR))
    allow(Permission.AUDIT_GRANT, Role.ADMINISTRATOR, always)
    allow(Permission.AUDIT_GRANT, Role.COORDINATOR, within(Role.COORDINATOR))
    allow(Permission.AUDIT_SAMPLE, Role.AUDITOR, _samples)
    allow(Permission.PRIVACY_ERASE, Role.ADMINISTRATOR, always)
    allow(Permission.FINDING_REPLY, Role.CLERK, within(Role.CLERK))
    allow(Permission.FINDING_REPLY, Role.EXECUTIVE, within(Role.EXECUTIVE))
    allow(Permission.FINDING_REPLY, Role.COORDINATOR, within(Role.COORDINATOR))
