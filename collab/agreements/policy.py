"""Who may read, manage, ratify and sign agreements; drafts are for the committee's coordinators alone."""

from typing import Any

from collab.kernel.access import Actor, Permission, Role, Scope, allow, always, within


def _clerk(actor: Actor, target: Any) -> bool:
    return target.organisation_id in actor.scopes(Role.CLERK, Scope.ORGANISATION)


def _executive(actor: Actor, target: Any) -> bool:
    return target.organisation_id in actor.scopes(Role.EXECUTIVE, Scope.ORGANISATION)


def install() -> None:
    """Add this area's rows to the table of permissions.

    A council's decision is recorded and an agreement is signed by the party itself, by nobody else: neither the coordinator nor
    an administrator can do it for them.
    """
    # Which agreements a person sees is decided by `queries.visible_agreements`, so that lists and pages cannot differ.
    allow(Permission.AGREEMENT_VIEW, None, always)
    allow(Permission.AGREEMENT_MANAGE, Role.COORDINATOR, within(Role.COORDINATOR))
    for role, predicate in ((Role.CLERK, _clerk), (Role.EXECUTIVE, _executive)):
        allow(Permission.AGREEMENT_RATIFY, role, predicate)
        allow(Permission.OBLIGATION_FULFIL, role, predicate)
    allow(Permission.OBLIGATION_FULFIL, Role.COORDINATOR, within(Role.COORDINATOR))
    allow(Permission.AGREEMENT_SIGN, Role.EXECUTIVE, _executive)
