"""Items of a plan: added, edited, cancelled, removed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from collab import history
from collab.action_plans import authorities, emails, queries, rules
from collab.action_plans.models import ActionItem, ActionPlan, ItemSupporter
from collab.action_plans.service import moving
from collab.action_plans.states import ITEM_MACHINE, PLAN_MACHINE, ItemKind, ItemState, ItemVerb, PlanState, PlanVerb
from collab.kernel.access import Actor, Permission, authorize
from collab.kernel.clock import today
from collab.kernel.db import check_version
from collab.kernel.errors import InvalidInput, StateConflict
from collab.kernel.i18n import _
from collab.kernel.targets import Ref
from collab.kernel.text import normalise
from collab.members import queries as members
from collab.members.models import User


@dataclass(frozen=True)
class ItemFacts:
    """What a person says of an item. ``authority`` may be missing while the plan is a draft; ``budget_planned`` is in baht.

    A milestone is a day: it begins when it is due.
    """

    title: str
    lead_organisation_id: UUID
    starts_on: date
    due_on: date
    group_name: str = ""
    description: str = ""
    supporter_ids: frozenset[UUID] = frozenset()
    owner_id: UUID | None = None
    weight: int = 1
    budget_planned: Decimal = Decimal(0)
    authority: Ref | None = None
    kind: ItemKind = ItemKind.TASK
    location: str = ""


def add_item(session: Session, *, actor: Actor, now: datetime, plan_id: UUID, facts: ItemFacts) -> ActionItem:
    """Add an item to a plan that is not closed. Added to an active plan it is open at once and has no baseline.

    Raises NotFound, NotAllowed, StateConflict, InvalidInput.
    """
    plan = queries.lock_plan(session, actor, plan_id)
    authorize(actor, Permission.ACTION_ITEM_MANAGE, plan)
    PLAN_MACHINE.advance(plan.state, PlanVerb.ADD_ITEM)
    _check(session, actor, now, plan, facts, None)
    item = ActionItem(
        plan_id=plan.id, committee_id=plan.committee_id, state=ItemState.PLANNED, percent=0,
        position=queries.next_position(session, plan.id), is_open=plan.state is PlanState.ACTIVE,
    )  # fmt: skip
    with history.act(session, verb="action_item.added", actor=actor, now=now, subject=item, authority=_authority(facts)):
        put_facts(item, facts)
        item.budget_planned = facts.budget_planned
        session.add(item)
        session.flush()
        _put_supporters(session, now, item, facts.supporter_ids)
    if item.is_open:
        emails.tell_assigned(session, actor, now, [item])
    return item


def edit_item(session: Session, *, actor: Actor, now: datetime, item_id: UUID, expected_version: int | None,
              facts: ItemFacts, accepted: str | None = None) -> ActionItem:  # fmt: skip
    """Change what an item says. In an active plan its due date stays: that moves by a change of deadline only.

    Its budget stays the sum of its lines when it has any. In a draft, items that wait for this one move with it; ``accepted`` confirms what was shown (see `moving`).
    Raises NotFound, NotAllowed, VersionConflict, StateConflict, UnseenConsequences, InvalidInput.
    """
    plan, item = queries.lock_item(session, actor, item_id, whole_plan=True)
    authorize(actor, Permission.ACTION_ITEM_MANAGE, plan)
    check_version(item, expected_version)
    _check_changeable(plan, item, ItemVerb.EDIT)
    if plan.state is PlanState.ACTIVE and facts.due_on != item.due_on:
        raise InvalidInput({"due_on": _("The plan is active: ask for a change of deadline instead, so that the reason is kept.")})
    _check(session, actor, now, plan, facts, item)
    impact = _impact(session, plan, item, facts)
    moving.confirm(impact, accepted)
    previous_owner = item.owner_id
    has_lines = bool(queries.budget_lines_of(session, [item.id]))
    with history.act(session, verb="action_item.edited", actor=actor, now=now, subject=item, authority=_authority(facts)):
        put_facts(item, facts)
        if not has_lines:
            item.budget_planned = facts.budget_planned
        moving.apply(session, impact)
        _put_supporters(session, now, item, facts.supporter_ids)
    if item.is_open and item.owner_id != previous_owner:
        emails.tell_assigned(session, actor, now, [item])
    return item


def _impact(session: Session, plan: ActionPlan, item: ActionItem, facts: ItemFacts) -> moving.Impact:
    """Return what else moves by new dates of an item; raise InvalidInput when it would begin before what it waits for ends."""
    dates = (facts.starts_on, facts.due_on)
    if dates == (item.starts_on, item.due_on):
        return moving.Impact(())
    changed = {item.id: dates}
    network = moving.network_of(session, plan, changed)
    moving.check_start(session, network, item.id, dates)
    return network.impact(changed)


def cancel_item(session: Session, *, actor: Actor, now: datetime, item_id: UUID, reason: str,
                expected_version: int | None = None) -> ActionItem:  # fmt: skip
    """Decide that an item of an active plan will not be done. It stays in the table, and counts for nothing in the progress.

    Raises NotFound, NotAllowed, VersionConflict, StateConflict, InvalidInput when no reason is given.
    """

    def change(item: ActionItem) -> None:
        item.state = ITEM_MACHINE.advance(item.state, ItemVerb.CANCEL)

    return _end(session, actor, now, item_id, reason, expected_version, ItemVerb.CANCEL, change)


def remove_item(session: Session, *, actor: Actor, now: datetime, item_id: UUID, reason: str,
                expected_version: int | None = None) -> ActionItem:  # fmt: skip
    """Take an item that should not be there out of the plan, with its dependencies; they stay visible as of earlier days.

    Raises NotFound, NotAllowed, VersionConflict, StateConflict, InvalidInput when no reason is given.
    """

    def change(item: ActionItem) -> None:
        item.removed_at = now
        for link in queries.dependencies_of(session, item.id):
            link.removed_at = now

    return _end(session, actor, now, item_id, reason, expected_version, ItemVerb.REMOVE, change)


def _end(session: Session, actor: Actor, now: datetime, item_id: UUID, reason: str, expected_version: int | None, verb: ItemVerb,
         change: Callable[[ActionItem], None]) -> ActionItem:  # fmt: skip
    plan, item = queries.lock_item(session, actor, item_id, whole_plan=True)
    authorize(actor, Permission.ACTION_ITEM_MANAGE, plan)
    check_version(item, expected_version)
    _check_changeable(plan, item, verb)
    if verb is ItemVerb.CANCEL and plan.state is PlanState.DRAFT:
        raise StateConflict(_("The plan is a draft: remove the item instead."))
    words = normalise(reason)
    if not words:
        raise InvalidInput({"reason": _("Say why.")})
    name = "action_item.cancelled" if verb is ItemVerb.CANCEL else "action_item.removed"
    with history.act(session, verb=name, actor=actor, now=now, subject=item, reason=words):
        change(item)
        item.is_open = False
    emails.tell_ended(session, actor, now, item, words)
    return item


def _check_changeable(plan: ActionPlan, item: ActionItem, verb: ItemVerb) -> None:
    if plan.state is PlanState.CLOSED or item.removed_at is not None:
        raise StateConflict(_("This can no longer be done: the state has changed meanwhile."))
    ITEM_MACHINE.advance(item.state, verb)


def _authority(facts: ItemFacts) -> history.Authority | None:
    return history.Authority(facts.authority.kind, facts.authority.id) if facts.authority else None


def put_facts(item: ActionItem, facts: ItemFacts) -> None:
    """Write ``facts``, which were checked, into an item, within an act; its supporters are rows of their own."""
    item.title, item.group_name, item.description = (
        normalise(text) for text in (facts.title, facts.group_name, facts.description)
    )
    item.lead_organisation_id, item.owner_id = facts.lead_organisation_id, facts.owner_id
    item.kind, item.location, item.weight = facts.kind, normalise(facts.location), facts.weight
    item.starts_on, item.due_on = facts.starts_on, facts.due_on
    item.authority_kind = facts.authority.kind if facts.authority else None
    item.authority_id = facts.authority.id if facts.authority else None


def _put_supporters(session: Session, now: datetime, item: ActionItem, wanted: frozenset[UUID]) -> None:
    present = queries.supporter_rows(session, item.id)
    for row in present:
        if row.organisation_id not in wanted:
            row.removed_at = now
    for organisation_id in sorted(wanted - {row.organisation_id for row in present}):
        session.add(ItemSupporter(plan_id=item.plan_id, item_id=item.id, organisation_id=organisation_id))


def _check(session: Session, actor: Actor, now: datetime, plan: ActionPlan, facts: ItemFacts, item: ActionItem | None) -> None:
    """Raise InvalidInput with every fault of ``facts`` at once."""
    faults: dict[str, str] = {}
    if not normalise(facts.title):
        faults["title"] = _("Fill this in.")
    if facts.due_on < facts.starts_on:
        faults["due_on"] = _("The due date is before the start.")
    if facts.kind is ItemKind.MILESTONE and facts.due_on != facts.starts_on:
        faults["starts_on"] = _("A milestone is one day: it begins when it is due.")
    if not 1 <= facts.weight <= rules.MOST_WEIGHT:
        faults["weight"] = _("Write a number from %(least)s to %(most)s.", least=1, most=rules.MOST_WEIGHT)
    faults |= _check_parties(session, now, plan, facts, item)
    faults |= _check_owner(session, facts)
    faults |= _check_authority(session, actor, plan, facts, item)
    if faults:
        raise InvalidInput(faults)


def _check_parties(
    session: Session, now: datetime, plan: ActionPlan, facts: ItemFacts, item: ActionItem | None
) -> dict[str, str]:
    agency = members.get_committee(session, plan.committee_id).agency_id
    known = {agency} | {seat.organisation_id for seat in members.seats_on(session, plan.committee_id, today(now))}
    if item is not None:
        known |= {item.lead_organisation_id, *queries.supporters_of(session, [item.id]).get(item.id, ())}
    faults = {}
    if facts.lead_organisation_id not in known:
        faults["lead_organisation_id"] = _("Choose an organisation of the committee.")
    if not facts.supporter_ids <= known:
        faults["supporter_ids"] = _("Choose organisations of the committee.")
    elif facts.lead_organisation_id in facts.supporter_ids:
        faults["supporter_ids"] = _("The leading organisation does not support itself.")
    elif plan.state is PlanState.ACTIVE and not rules.has_verifier(
        lead_organisation=facts.lead_organisation_id, agency=agency, supporters=facts.supporter_ids
    ):
        faults["supporter_ids"] = _("The agency leads this item, so a supporting organisation has to verify it. Choose one.")
    return faults


def _check_owner(session: Session, facts: ItemFacts) -> dict[str, str]:
    if facts.owner_id is None:
        return {}
    owner = session.get(User, facts.owner_id)
    if owner is None or owner.disabled_at is not None or owner.organisation_id != facts.lead_organisation_id:
        return {"owner_id": _("Choose a person of the leading organisation.")}
    return {}


def _check_authority(
    session: Session, actor: Actor, plan: ActionPlan, facts: ItemFacts, item: ActionItem | None
) -> dict[str, str]:
    if facts.authority is None:
        if plan.state is PlanState.ACTIVE:
            return {"authority": _("Choose the resolution or clause on whose authority this is done.")}
        return {}
    unchanged = item is not None and (item.authority_kind, item.authority_id) == (facts.authority.kind, facts.authority.id)
    if not unchanged and not authorities.is_of_committee(session, actor, plan.committee_id, facts.authority):
        return {"authority": _("Choose a resolution or clause of this committee.")}
    return {}
