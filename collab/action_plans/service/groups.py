"""Groups of work in a plan: their names, order and weights."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from collab import history
from collab.action_plans import queries, rules
from collab.action_plans.models import ActionPlan, ItemGroup
from collab.action_plans.states import PlanState
from collab.kernel.access import Actor, Permission, authorize
from collab.kernel.errors import InvalidInput, NotFound, StateConflict
from collab.kernel.i18n import _
from collab.kernel.text import normalise

MOST_POSITION = 999


def save_group(session: Session, *, actor: Actor, now: datetime, plan_id: UUID, name: str, new_name: str, weight: int | None,
               position: int) -> ItemGroup:  # fmt: skip
    """Give the group ``name`` of a plan ('' for a new one) a name, a weight (None: the sum of its items' weights) and a place.

    Another name is given to all its items in the same act. Raises NotFound, NotAllowed, StateConflict (closed), InvalidInput.
    """
    plan = _open(session, actor, plan_id)
    groups = {group.name: group for group in queries.groups_of(session, [plan.id])}
    words = _check(new_name, weight, position)
    members = [item for item in queries.items_of(session, plan.id) if name and item.group_name == name]
    if words != name and (words in groups or any(item.group_name == words for item in queries.items_of(session, plan.id))):
        raise InvalidInput({"name": _("The plan has a group of this name already.")})
    if name and name not in groups and not members:
        raise NotFound("action_group", plan_id)
    row = groups.get(name) or ItemGroup(plan_id=plan.id, name=words)
    with history.act(session, verb="action_group.saved", actor=actor, now=now, subject=row):
        row.name, row.weight, row.position = words, weight, position
        session.add(row)
        for item in members:
            item.group_name = words
    return row


def remove_group(session: Session, *, actor: Actor, now: datetime, plan_id: UUID, name: str, reason: str) -> ItemGroup:
    """Take out a group that has no items, with the reason. Raises NotFound, NotAllowed, StateConflict, InvalidInput."""
    plan = _open(session, actor, plan_id)
    row = next((group for group in queries.groups_of(session, [plan.id]) if group.name == name), None)
    if row is None:
        raise NotFound("action_group", plan_id)
    if any(item.group_name == name for item in queries.items_of(session, plan.id)):
        raise StateConflict(_("The group still has items. Put them into another group first."))
    words = normalise(reason)
    if not words:
        raise InvalidInput({"reason": _("Say why.")})
    with history.act(session, verb="action_group.removed", actor=actor, now=now, subject=row, reason=words):
        row.removed_at = now
    return row


def _open(session: Session, actor: Actor, plan_id: UUID) -> ActionPlan:
    plan = queries.lock_plan(session, actor, plan_id)
    authorize(actor, Permission.ACTION_ITEM_MANAGE, plan)
    if plan.state is PlanState.CLOSED:
        raise StateConflict(_("This can no longer be done: the state has changed meanwhile."))
    return plan


def _check(name: str, weight: int | None, position: int) -> str:
    faults = {}
    words = normalise(name)
    if not words:
        faults["name"] = _("Fill this in.")
    if weight is not None and not 1 <= weight <= rules.MOST_WEIGHT:
        faults["weight"] = _("Write a number from %(least)s to %(most)s.", least=1, most=rules.MOST_WEIGHT)
    if not 0 <= position <= MOST_POSITION:
        faults["position"] = _("Write a number from %(least)s to %(most)s.", least=0, most=MOST_POSITION)
    if faults:
        raise InvalidInput(faults)
    return words
