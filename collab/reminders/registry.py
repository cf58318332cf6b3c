"""What can be due: each area above registers its kinds here, and the sweep needs to know nothing else of them."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from collab.kernel.access import Actor
from collab.kernel.i18n import LazyText
from collab.kernel.paging import AnySelect

#: Columns of every select, by name: what is due, on which day, who is responsible (``owner_id`` may be NULL), and where.
#: A kind whose rules may be set for a single plan has a ``plan_id`` too, and says in ``plan_kind`` of which kind that is.
COLUMNS = ("target_id", "due_on", "organisation_id", "owner_id", "committee_id")


@dataclass(frozen=True)
class DueKind:
    """One kind of due date. ``select`` returns the columns `COLUMNS` of everything that is still open.

    ``may_count`` says who may know how many there are in a committee: whoever may see them all there.
    """

    kind: str
    target_kind: str
    label: LazyText
    select: Callable[[], AnySelect]
    plan_kind: str = ""
    may_count: Callable[[Actor, UUID], bool] = lambda _actor, _committee_id: True


_kinds: dict[str, DueKind] = {}


def register_due(kind: DueKind) -> None:
    """Register a kind of due date; one of the same name is replaced."""
    _kinds[kind.kind] = kind


def due_kinds() -> dict[str, DueKind]:
    """Return every registered kind by its name."""
    return dict(_kinds)
