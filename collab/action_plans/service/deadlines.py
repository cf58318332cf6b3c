"""Changes of deadline: asked with a reason, decided by somebody else at the level that the committee's rules ask for."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from collab import history
from collab.action_plans import authorities, emails, queries, rules
from collab.action_plans.models import ActionItem, ActionPlan, DeadlineChange
from collab.action_plans.policy import Asked
from collab.action_plans.service import moving
from collab.action_plans.states import ITEM_MACHINE, ApprovalLevel, ChangeState, ItemKind, ItemVerb, PlanState
from collab.calendar import queries as calendar
from collab.calendar.rules import working_days_between
from collab.kernel.access import Actor, Permission, authorize, can
from collab.kernel.errors import InvalidInput, NotAllowed, StateConflict
from collab.kernel.i18n import _
from collab.kernel.ids import new_id
from collab.kernel.text import normalise


@dataclass(frozen=True)
class Standing:
    """How a new due date stands to the rules: which postponement, by how much, how far from the first date, and who may approve it."""

    slip_number: int
    working_days: int
    total_days: int
    level: ApprovalLevel


def standing_of(session: Session, item: ActionItem, new_due_on: date) -> Standing:
    """Return how ``new_due_on`` stands to the rules of the item's committee today."""
    moved = _working_days(session, item.due_on, new_due_on)
    total = _working_days(session, first_due_on(session, item), new_due_on)
    number = queries.slips_of(session, item.id) + 1 if moved > 0 or new_due_on > item.due_on else 0
    return Standing(number, moved, total, rules.level_for(number, total, queries.ladder_of(session, item.committee_id)))


def first_due_on(session: Session, item: ActionItem) -> date:
    """Return the date from which slips are counted: as first approved, else the one the item began with."""
    if item.baseline_due_on is not None:
        return item.baseline_due_on
    first = queries.first_due_dates(session, [item.id]).get(item.id)
    return first.old_due_on if first else item.due_on


def ask_deadline(session: Session, *, actor: Actor, now: datetime, item_id: UUID, new_due_on: date, reason: str,
                 accepted: str | None = None) -> DeadlineChange:  # fmt: skip
    """Ask that an open item of an active plan be due on another day. Owner, clerk of the leading organisation, or coordinator.

    ``accepted`` confirms what else would move (see `moving`). The level that may approve is fixed now, by the rules of the committee.
    Raises NotFound, NotAllowed, StateConflict (also while an earlier request waits), UnseenConsequences, InvalidInput.
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
    moving.confirm(impact_of_deadline(session, plan, item, new_due_on), accepted)
    standing = standing_of(session, item, new_due_on)
    change = DeadlineChange(
        id=new_id(), plan_id=plan.id, item_id=item.id, committee_id=item.committee_id, state=ChangeState.ASKED,
        old_due_on=item.due_on, new_due_on=new_due_on, reason=words, asked_by=actor.user_id, organisation_id=actor.organisation_id,
        asked_at=now, decision="", level=standing.level, working_days=standing.working_days, total_days=standing.total_days,
        slip_number=standing.slip_number,
    )  # fmt: skip
    with history.act(session, verb="deadline.asked", actor=actor, now=now, subject=change, reason=words):
        session.add(change)
    return change


def decide_deadline(session: Session, *, actor: Actor, now: datetime, item_id: UUID, approved: bool, words: str,
                    resolution_id: UUID | None = None, accepted: str | None = None) -> DeadlineChange:  # fmt: skip
    """Approve the change that waits, or refuse it with a reason. Never by the one who asked, never below the level asked for.

    Approval moves the item and, in the same transaction, everything that waits for it; each moved item gets a row in its own
    ledger that names this change as the cause. Where the rules ask for a resolution, ``resolution_id`` names one that carried.
    Raises NotFound, NotAllowed, StateConflict when none waits any more, UnseenConsequences, InvalidInput.
    """
    plan, item = queries.lock_item(session, actor, item_id, whole_plan=True)
    change = queries.asked_change(session, item.id)
    if change is None:
        raise StateConflict(_("No change of this deadline waits for a decision."))
    authorize(actor, Permission.DEADLINE_DECIDE, asked_of(change, item))
    _check_open(plan, item)
    decision = normalise(words)
    if not approved:
        return _refuse(session, actor, now, item, change, decision)
    authority = _authority(session, actor, change, resolution_id)
    _check(item, change.new_due_on, change.reason)
    impact = impact_of_deadline(session, plan, item, change.new_due_on)
    moving.confirm(impact, accepted)
    with history.act(
        session, verb="deadline.approved", actor=actor, now=now, subject=change, reason=decision, authority=authority
    ):
        change.state, change.resolution_id = ChangeState.APPROVED, resolution_id if authority else None
        change.decided_by, change.decided_at, change.decision = actor.user_id, now, decision
        _move(item, change.new_due_on)
        session.flush()
        session.add_all(_follow_all(session, now, change, impact))
    emails.tell_decided(session, actor, now, item, change)
    return change


def asked_of(change: DeadlineChange, item: ActionItem) -> Asked:
    """Return what the policy looks at to say who may decide ``change``. Older requests have no level: the coordinator's."""
    return Asked(change.committee_id, change.asked_by, item.lead_organisation_id, change.level or ApprovalLevel.COORDINATOR)


def _refuse(
    session: Session, actor: Actor, now: datetime, item: ActionItem, change: DeadlineChange, decision: str
) -> DeadlineChange:
    if not decision:
        raise InvalidInput({"words": _("Say why.")})
    with history.act(session, verb="deadline.refused", actor=actor, now=now, subject=change, reason=decision):
        change.state = ChangeState.REFUSED
        change.decided_by, change.decided_at, change.decision = actor.user_id, now, decision
    emails.tell_decided(session, actor, now, item, change)
    return change


def _authority(session: Session, actor: Actor, change: DeadlineChange, resolution_id: UUID | None) -> history.Authority | None:
    if change.level is not ApprovalLevel.RESOLUTION:
        return None
    if resolution_id is None or not authorities.has_carried(session, actor, change.committee_id, resolution_id):
        raise InvalidInput({"resolution": _("Choose the resolution of this committee by which the change was approved.")})
    return history.Authority("resolution", resolution_id)


def impact_of_deadline(session: Session, plan: ActionPlan, item: ActionItem, new_due_on: date) -> moving.Impact:
    """Return what else moves when ``item`` is due on ``new_due_on``; InvalidInput when a milestone would come before what leads to it."""
    starts_on = new_due_on if item.kind is ItemKind.MILESTONE else item.starts_on
    changed = {item.id: (starts_on, new_due_on)}
    network = moving.network_of(session, plan, changed)
    if item.kind is ItemKind.MILESTONE:
        try:
            moving.check_start(session, network, item.id, changed[item.id])
        except InvalidInput as error:
            raise InvalidInput({"new_due_on": error.errors["starts_on"]}) from None
    return network.impact(changed)


def _move(item: ActionItem, due_on: date) -> None:
    item.due_on = due_on
    if item.kind is ItemKind.MILESTONE:
        item.starts_on = due_on


def _follow_all(session: Session, now: datetime, cause: DeadlineChange, impact: moving.Impact) -> list[DeadlineChange]:
    """Move what waits for the item, and return the rows of the ledger that say so."""
    rows = moving.apply(session, impact)
    days = [day for move in impact.moves for day in (move.old[1], move.new[1])]
    days += [row.baseline_due_on for row in rows if row.baseline_due_on]
    closed = calendar.closed_days(session, min(days), max(days)) if days else frozenset()
    return [
        DeadlineChange(
            id=new_id(), plan_id=row.plan_id, item_id=row.id, committee_id=row.committee_id, state=ChangeState.APPROVED,
            old_due_on=move.old[1], new_due_on=move.new[1], reason=cause.reason, asked_by=cause.asked_by,
            organisation_id=cause.organisation_id, asked_at=now, decided_by=cause.decided_by, decided_at=now, decision="",
            cause_id=cause.id, working_days=working_days_between(move.old[1], move.new[1], closed),
            total_days=working_days_between(row.baseline_due_on or move.old[1], move.new[1], closed),
        )
        for move, row in zip(impact.moves, rows, strict=True)
        if move.old[1] != move.new[1]
    ]  # fmt: skip


def _working_days(session: Session, first: date, last: date) -> int:
    early, late = min(first, last), max(first, last)
    return working_days_between(first, last, calendar.closed_days(session, early, late))


def _check_open(plan: ActionPlan, item: ActionItem) -> None:
    if plan.state is not PlanState.ACTIVE or item.removed_at is not None:
        raise StateConflict(_("Deadlines change while the plan is active."))
    ITEM_MACHINE.advance(item.state, ItemVerb.RESCHEDULE)


def _check(item: ActionItem, new_due_on: date, words: str) -> None:
    faults = {}
    if new_due_on == item.due_on:
        faults["new_due_on"] = _("This is the present due date.")
    elif new_due_on < item.starts_on and item.kind is not ItemKind.MILESTONE:
        faults["new_due_on"] = _("The due date is before the start.")
    if not words:
        faults["reason"] = _("Say why.")
    if faults:
        raise InvalidInput(faults)
