"""What waits for what: added, changed, removed. A circle is refused and named."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from collab import history
from collab.action_plans import queries
from collab.action_plans.models import ActionItem, ActionPlan, Dependency
from collab.action_plans.schedule import Link
from collab.action_plans.service import moving
from collab.action_plans.states import PlanState
from collab.kernel.access import Actor, Permission, authorize
from collab.kernel.errors import InvalidInput, NotFound, StateConflict
from collab.kernel.i18n import _
from collab.kernel.text import normalise

MOST_LAG = 250


def link_items(session: Session, *, actor: Actor, now: datetime, successor_id: UUID, predecessor_id: UUID, lag_days: int = 0,
               accepted: str | None = None) -> Dependency:  # fmt: skip
    """Let an item wait until another of its plan has ended and ``lag_days`` working days have passed; again: change the lag.

    While the plan is a draft, items that would begin too early move (see `moving`), which ``accepted`` confirms. In an active plan
    a link that the present dates contradict is refused: dates move there by a change of deadline only.
    Raises NotFound, NotAllowed, StateConflict (a circle; closed; dates), UnseenConsequences, InvalidInput.
    """
    plan, successor = queries.lock_item(session, actor, successor_id, whole_plan=True)
    authorize(actor, Permission.ACTION_ITEM_MANAGE, plan)
    predecessor = _check_ends(session, plan, successor, predecessor_id)
    if not 0 <= lag_days <= MOST_LAG:
        raise InvalidInput({"lag_days": _("Write a number from %(least)s to %(most)s.", least=0, most=MOST_LAG)})
    link = Link(predecessor.id, successor.id, lag_days)
    network = moving.network_of(session, plan)
    moving.refuse_cycle(session, network, link)
    others = [row for row in network.links if (row.predecessor, row.successor) != (link.predecessor, link.successor)]
    impact = moving.Network(network.spans, [*others, link], network.days).impact({}, [successor.id])
    if impact.moves and plan.state is PlanState.ACTIVE:
        raise StateConflict(_("The dates of these items contradict this. Change the deadline first, then link the items."))
    moving.confirm(impact, accepted)
    row = queries.find_dependency(session, predecessor.id, successor.id)
    fresh = row is None
    row = row or Dependency(plan_id=plan.id, predecessor_id=predecessor.id, successor_id=successor.id)
    verb = "action_dependency.added" if fresh else "action_dependency.changed"
    with history.act(session, verb=verb, actor=actor, now=now, subject=row):
        row.lag_days = lag_days
        session.add(row)
        moving.apply(session, impact)
    return row


def unlink_items(session: Session, *, actor: Actor, now: datetime, dependency_id: UUID, reason: str) -> Dependency:
    """End a dependency, with the reason; no date moves by it, and it stays visible as of earlier days.

    Raises NotFound (also when it was removed already), NotAllowed, StateConflict (closed), InvalidInput.
    """
    found = session.get(Dependency, dependency_id)
    if found is None:
        raise NotFound("action_dependency", dependency_id)
    plan = queries.lock_plan(session, actor, found.plan_id)
    authorize(actor, Permission.ACTION_ITEM_MANAGE, plan)
    session.refresh(found)
    if found.removed_at is not None:
        raise NotFound("action_dependency", dependency_id)
    _check_open(plan)
    words = normalise(reason)
    if not words:
        raise InvalidInput({"reason": _("Say why.")})
    with history.act(session, verb="action_dependency.removed", actor=actor, now=now, subject=found, reason=words):
        found.removed_at = now
    return found


def _check_ends(session: Session, plan: ActionPlan, successor: ActionItem, predecessor_id: UUID) -> ActionItem:
    _check_open(plan)
    predecessor = session.get(ActionItem, predecessor_id)
    if predecessor is None or predecessor.plan_id != plan.id or predecessor.removed_at is not None:
        raise InvalidInput({"predecessor_id": _("Choose an item of this plan.")})
    if predecessor.id == successor.id:
        raise InvalidInput({"predecessor_id": _("An item does not wait for itself.")})
    if successor.removed_at is not None:
        raise StateConflict(_("This can no longer be done: the state has changed meanwhile."))
    return predecessor


def _check_open(plan: ActionPlan) -> None:
    if plan.state is PlanState.CLOSED:
        raise StateConflict(_("This can no longer be done: the state has changed meanwhile."))
