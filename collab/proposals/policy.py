"""Who may propose, see, screen and give opinions."""

from typing import Any

from collab.kernel.access import Actor, Permission, Role, allow, seated_in_committee, within
from collab.proposals.states import BEING_WRITTEN


def _submitted(target: Any) -> bool:
    # A draft that was taken back before it was ever submitted stays its municipality's alone.
    return getattr(target, "submitted_at", None) is not None


def _own_organisation(actor: Actor, target: Any) -> bool:
    return getattr(target, "organisation_id", None) in actor.organisation_ids


def _submitted_in_committee(actor: Actor, target: Any) -> bool:
    return _submitted(target) and target.state not in BEING_WRITTEN and seated_in_committee(actor, target)


def _submitted_and_audited(actor: Actor, target: Any) -> bool:
    return _submitted(target) and within(Role.AUDITOR)(actor, target)


def _submitted_and_coordinated(actor: Actor, target: Any) -> bool:
    return _submitted(target) and within(Role.COORDINATOR)(actor, target)


def _submitted_and_administered(actor: Actor, target: Any) -> bool:
    return _submitted(target) and within(Role.ADMINISTRATOR)(actor, target)


def install() -> None:
    """Add this area's rows to the table of permissions."""
    view = Permission.PROPOSAL_VIEW
    allow(view, Role.CLERK, _own_organisation)
    allow(view, Role.EXECUTIVE, _own_organisation)
    for role in (Role.CLERK, Role.EXECUTIVE, Role.CHAIR):
        allow(view, role, _submitted_in_committee)
    allow(view, Role.COORDINATOR, _submitted_and_coordinated)
    allow(view, Role.AUDITOR, _submitted_and_audited)
    allow(view, Role.ADMINISTRATOR, _submitted_and_administered)
    for permission in (Permission.PROPOSAL_DRAFT, Permission.PROPOSAL_SUBMIT):
        allow(permission, Role.CLERK, within(Role.CLERK))
    allow(Permission.PROPOSAL_SCREEN, Role.COORDINATOR, within(Role.COORDINATOR))
    allow(Permission.OPINION_REQUEST, Role.COORDINATOR, within(Role.COORDINATOR))
    allow(Permission.OPINION_GIVE, Role.CLERK, within(Role.CLERK))
    allow(Permission.OPINION_GIVE, Role.EXECUTIVE, within(Role.EXECUTIVE))
