"""Who may read and manage service plans; drafts are for the committee's coordinators alone."""

from uuid import UUID

from collab.kernel.access import Actor, Permission, Role, Scope, allow, always, within
from collab.members.policy import sees_all_committees


def readable_committees(actor: Actor) -> frozenset[UUID] | None:
    """Return the committees whose business (but not drafts) the actor may read; None: all of them."""
    if sees_all_committees(actor):
        return None
    held = {grant.scope_id for grant in actor.grants if grant.scope is Scope.COMMITTEE and grant.scope_id}
    return actor.committee_ids | held


def drafting_committees(actor: Actor) -> frozenset[UUID] | None:
    """Return the committees whose drafts the actor may read; None: all of them."""
    if actor.everywhere(Role.COORDINATOR):
        return None
    return frozenset(actor.scopes(Role.COORDINATOR, Scope.COMMITTEE))


def install() -> None:
    """Add this area's rows to the table of permissions."""
    # Which plans a person sees is decided by `queries.visible_plans`, so that lists and pages cannot differ.
    allow(Permission.SERVICE_PLAN_VIEW, None, always)
    allow(Permission.SERVICE_PLAN_MANAGE, Role.COORDINATOR, within(Role.COORDINATOR))
