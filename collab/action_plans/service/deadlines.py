"""Changes of deadline: asked with a reason, decided by somebody else, both dates kept."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from collab import history
from collab.action_plans import emails, queries
from collab.action_plans.models import ActionItem, ActionPlan, DeadlineChange
from collab.action_plans.policy import Asked
from collab.action_plans.states import ITEM_MACHINE, ChangeState, ItemVerb, PlanState
from collab.kernel.access import Actor, Permission, authorize, can
from collab.kernel.errors import InvalidInput, NotAllowed, StateConflict
from collab.kernel.i18n import _
from collab.kernel.ids import new_id
from collab.kernel.text import normalise


def ask_deadline(
    session: Session, *, actor: Actor, now: datetime, item_id: UUID, new_due_on: date, reason: str
) -> DeadlineChange:
    """Ask that an open item of an active plan be due on another day. Owner, clerk of the leading organisation, or coordinator.

    Raises NotFound, NotAllowed, StateConflict (also while an earlier request waits), InvalidInput.
    """
    plan, item = queries.lock_item(session, actor, item_id)
    if not can(actor, Permission.ACTION_ITEM_REPORT, item):
        authorize(actor, Permission.ACTION_ITEM_MANAGE, plan)
    if actor.user_id is None:
        raise NotAllowed(Permission.ACTION_ITEM_REPORT.value)
    _check_open(plan, item)
    if queries.asked_change(session, item.id) is not None:
        raise StateConflict(_("A change of this deadline already waits for a decision."))
    words = normalise(reason)
    _check(item, new_due_on, words)
    change = DeadlineChange(
        id=new_id(), plan_id=plan.id, item_id=item.id, committee_id=item.committee_id, state=ChangeState.ASKED,
        old_due_on=item.due_on, new_due_on=new_due_on, reason=words, asked_by=actor.user_id,
        organisation_id=actor.organisation_id, asked_at=now, decision="",
    )  # fmt: skip
    with history.act(session, verb="deadline.asked", actor=actor, now=now, subject=change, reason=words):
        session.add(change)
    return change


def decide_deadline(
    session: Session, *, actor: Actor, now: datetime, item_id: UUID, approved: bool, words: str
) -> DeadlineChange:
    """Approve the change that waits, which moves the item's due date, or refuse it with a reason. Never by the one who asked.

    Raises NotFound, NotAllowed, StateConflict when none waits any more, InvalidInput when it is refused without a reason.
    """
    plan, item = queries.lock_item(session, actor, item_id)
    change = queries.asked_change(session, item.id)
    if change is None:
        raise StateConflict(_("No change of this deadline waits for a decision."))
    authorize(actor, Permission.DEADLINE_DECIDE, Asked(change.committee_id, change.asked_by))
    _check_open(plan, item)
    decision = normalise(words)
    if not approved and not decision:
        raise InvalidInput({"words": _("Say why.")})
    verb = "deadline.approved" if approved else "deadline.refused"
    with history.act(session, verb=verb, actor=actor, now=now, subject=change, reason=decision):
        change.state = ChangeState.APPROVED if approved else ChangeState.REFUSED
        change.decided_by, change.decided_at, change.decision = actor.user_id, now, decision
        if approved:
            item.due_on = change.new_due_on
    emails.tell_decided(session, actor, now, item, change)
    return change


def _check_open(plan: ActionPlan, item: ActionItem) -> None:
    if plan.state is not PlanState.ACTIVE or item.removed_at is not None:
        raise StateConflict(_("Deadlines change while the plan is active."))
    ITEM_MACHINE.advance(item.state, ItemVerb.RESCHEDULE)


def _check(item: ActionItem, new_due_on: date, words: str) -> None:
    faults = {}
    if new_due_on == item.due_on:
        faults["new_due_on"] = _("This is the present due date.")
    elif new_due_on < item.starts_on:
        faults["new_due_on"] = _("The due date is before the start.")
    if not words:
        faults["reason"] = _("Say why.")
    if faults:
        raise InvalidInput(faults)
