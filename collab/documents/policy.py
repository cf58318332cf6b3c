"""Who may take a file out of sight. Who may read one follows from the object that it is attached to."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from collab.kernel.access import Actor, Permission, Role, allow, within


@dataclass(frozen=True)
class Holding:
    """Whose file it is: of which organisation, in which committee, from which person."""

    organisation_id: UUID | None
    committee_id: UUID | None
    uploaded_by: UUID | None


def _own(actor: Actor, target: Any) -> bool:
    return (
        target is not None and actor.user_id is not None and target.uploaded_by == actor.user_id and not actor.has(Role.AUDITOR)
    )


def install() -> None:
    """Add this area's rows to the table of permissions."""
    allow(Permission.DOCUMENT_REMOVE, None, _own)
    allow(Permission.DOCUMENT_REMOVE, Role.CLERK, within(Role.CLERK))
    allow(Permission.DOCUMENT_REMOVE, Role.COORDINATOR, within(Role.COORDINATOR))
