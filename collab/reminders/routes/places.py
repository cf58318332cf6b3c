"""The places for which rules are set, as pages know them: the installation, a committee, a plan."""

from dataclasses import dataclass
from uuid import UUID

from flask import url_for
from sqlalchemy.orm import Session

from collab.kernel import targets
from collab.kernel.access import Permission, authorize, can
from collab.kernel.errors import NotFound
from collab.kernel.i18n import _
from collab.kernel.targets import Ref
from collab.members import queries as members
from collab.members.rules import name_of
from collab.reminders.registry import due_kinds
from collab.reminders.rules import Layer, Place
from collab.web.context import current_actor


@dataclass(frozen=True)
class Spot:
    """A place with its name, the address of its own page ('' for the installation), and whether the person may set rules there."""

    place: Place
    title: str
    home: str
    may_manage: bool

    def url(self, endpoint: str, **more: object) -> str:
        """Return the address of a page of rules in this place; ``endpoint`` is "rules", "new_rule" or "rule"."""
        return place_url(self.place, endpoint, **more)


def place_url(place: Place, endpoint: str, **more: object) -> str:
    """Return the address of a page of rules in ``place``."""
    values: dict[str, object] = dict(more)
    if place.layer is Layer.PLAN:
        values["plan_id"] = place.plan_id
    elif place.layer is Layer.COMMITTEE:
        values["committee_id"] = place.committee_id
    return url_for(f"reminders.{endpoint}", **values)  # type: ignore[arg-type]


def find_spot(session: Session, committee_id: UUID | None, plan_id: UUID | None) -> Spot:
    """Return the place of the address. Raises NotFound when there is none (that the person may see), NotAllowed."""
    place, title, home = Place(), _("The whole installation"), ""
    if plan_id is not None:
        place, title, home = _plan(session, plan_id)
    elif committee_id is not None:
        committee = members.get_committee(session, committee_id)
        place, title, home = Place(committee_id), name_of(committee), f"/members/committees/{committee_id}"
    authorize(current_actor(), Permission.REMINDER_RULE_VIEW, place)
    return Spot(place, title, home, can(current_actor(), Permission.REMINDER_RULE_MANAGE, place))


def _plan(session: Session, plan_id: UUID) -> tuple[Place, str, str]:
    kinds = {kind.plan_kind for kind in due_kinds().values() if kind.plan_kind}
    for info in targets.resolve(session, current_actor(), [Ref(kind, plan_id) for kind in sorted(kinds)]).values():
        return Place(info.committee_id, plan_id), info.title, info.url
    raise NotFound("action_plan", plan_id)
