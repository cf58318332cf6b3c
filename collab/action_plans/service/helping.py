"""Help: asked for by those who cannot go on, answered by the coordinator or a supporting organisation."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from collab import history
from collab.action_plans import emails, queries
from collab.action_plans.models import ActionItem, ActionPlan, HelpRequest
from collab.action_plans.policy import Helping
from collab.action_plans.states import OPEN_STATES, HelpState, PlanState
from collab.kernel.access import Actor, Permission, authorize
from collab.kernel.errors import InvalidInput, NotAllowed, StateConflict
from collab.kernel.i18n import _
from collab.kernel.text import normalise


def ask_help(session: Session, *, actor: Actor, now: datetime, item_id: UUID, words: str) -> HelpRequest:
    """Ask for help with an open item of an active plan; one request at a time.

    Raises NotFound, NotAllowed, StateConflict (also while an earlier request waits), InvalidInput.
    """
    plan, item = queries.lock_item(session, actor, item_id)
    authorize(actor, Permission.ACTION_ITEM_REPORT, item)
    if actor.user_id is None:
        raise NotAllowed(Permission.ACTION_ITEM_REPORT.value)
    if not is_open(plan, item) or queries.asked_help(session, item.id) is not None:
        raise StateConflict(_("This can no longer be done: the state has changed meanwhile."))
    said = _said(words)
    row = HelpRequest(
        plan_id=plan.id, item_id=item.id, committee_id=item.committee_id, state=HelpState.ASKED, words=said, asked_by=actor.user_id,
        organisation_id=actor.organisation_id, asked_at=now, answer="",
    )  # fmt: skip
    with history.act(session, verb="help.asked", actor=actor, now=now, subject=row):
        session.add(row)
    return row


def answer_help(session: Session, *, actor: Actor, now: datetime, item_id: UUID, words: str) -> HelpRequest:
    """Answer the request that waits; whoever asked is told. Raises NotFound, NotAllowed, StateConflict, InvalidInput."""
    _plan, item = queries.lock_item(session, actor, item_id)
    row = queries.asked_help(session, item.id)
    if row is None:
        raise StateConflict(_("This can no longer be done: the state has changed meanwhile."))
    authorize(actor, Permission.HELP_ANSWER, helping_of(session, row))
    said = _said(words)
    with history.act(session, verb="help.answered", actor=actor, now=now, subject=row):
        row.state, row.answer, row.answered_by, row.answered_at = HelpState.ANSWERED, said, actor.user_id, now
    emails.tell_helped(session, actor, now, item, row)
    return row


def helping_of(session: Session, row: HelpRequest) -> Helping:
    """Return what the policy looks at to say who may answer ``row``."""
    supporters = queries.supporters_of(session, [row.item_id]).get(row.item_id, ())
    return Helping(row.committee_id, frozenset(supporters), row.asked_by)


def is_open(plan: ActionPlan, item: ActionItem) -> bool:
    """Say whether the item still has to be done in a plan that runs."""
    return plan.state is PlanState.ACTIVE and item.removed_at is None and item.state in OPEN_STATES


def _said(words: str) -> str:
    said = normalise(words)
    if not said:
        raise InvalidInput({"words": _("Fill this in.")})
    return said
