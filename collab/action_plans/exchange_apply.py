"""A sheet comes back: its rows are kept for its sender, checked against the plan as it is, and applied in one transaction."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab import history
from collab.action_plans import authorities, board, emails, queries
from collab.action_plans.exchange_check import Effect, Known, Outcome, Present, check
from collab.action_plans.exchange_dates import Checked, settle
from collab.action_plans.exchange_form import marks, months_of
from collab.action_plans.models import ActionItem, ActionPlan, BudgetLine, ItemSupporter, SheetImport
from collab.action_plans.service import moving
from collab.action_plans.service.items import ItemFacts, put_facts
from collab.action_plans.states import ITEM_MACHINE, PLAN_MACHINE, ItemState, ItemVerb, PlanState, PlanVerb, SheetKind
from collab.kernel import targets
from collab.kernel.access import Actor, Permission, authorize
from collab.kernel.clock import today
from collab.kernel.errors import NotFound, StateConflict
from collab.kernel.i18n import _
from collab.kernel.ids import new_id
from collab.kernel.targets import Ref
from collab.kernel.text import fold, normalise
from collab.members import queries as members
from collab.members.models import Organisation, User
from collab.members.rules import name_of

#: A sheet that nobody confirms is forgotten after this.
KEPT_FOR = timedelta(days=7)


class Outdated(StateConflict):
    """The plan changed since the rows were shown, so that they would do something else."""


@dataclass(frozen=True)
class Applied:
    """How many items were added, changed and left, and how many rows were left out because of their faults."""

    added: int
    changed: int
    same: int
    left_out: int


def stage(session: Session, *, actor: Actor, now: datetime, plan_id: UUID, kind: SheetKind, filename: str,
          rows: Sequence[Mapping[str, str]]) -> SheetImport:  # fmt: skip
    """Keep the rows of a sheet until their sender confirms them; the plan does not change.

    Raises NotFound, NotAllowed, StateConflict when the plan is closed.
    """
    plan = queries.get_plan(session, actor, plan_id)
    authorize(actor, Permission.ACTION_ITEM_MANAGE, plan)
    PLAN_MACHINE.advance(plan.state, PlanVerb.ADD_ITEM)
    session.execute(sa.delete(SheetImport).where(SheetImport.made_at < now - KEPT_FOR))
    made = SheetImport(
        id=new_id(), plan_id=plan_id, user_id=actor.user_id, kind=kind, filename=normalise(filename)[:200],
        rows=[dict(row) for row in rows], made_at=now,
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


def get_import(session: Session, actor: Actor, import_id: UUID) -> SheetImport:
    """Return a sheet that ``actor`` sent; raise NotFound for any other."""
    found = session.get(SheetImport, import_id)
    if found is None or found.user_id != actor.user_id:
        raise NotFound("sheet_import", import_id)
    return found


def outcomes_of(session: Session, actor: Actor, now: datetime, plan: ActionPlan, staged: SheetImport) -> Checked:
    """Return what the rows would do to the plan as it is now, and what would move with them."""
    known = _known(session, actor, now, plan)
    return settle(session, plan, check(staged.rows, known), known)


def apply(session: Session, *, actor: Actor, now: datetime, import_id: UUID, seen: str) -> Applied:
    """Do what the good rows say, all in this transaction, and move what waits for them; rows with faults are left out.

    ``seen`` is the fingerprint of the outcomes that the person confirmed. Raises NotFound, NotAllowed, StateConflict when the
    sheet was applied already or the plan is closed, and Outdated when the outcomes are no longer those that were confirmed.
    """
    staged = get_import(session, actor, import_id)
    plan = queries.lock_plan(session, actor, staged.plan_id)
    session.refresh(staged)
    authorize(actor, Permission.ACTION_ITEM_MANAGE, plan)
    PLAN_MACHINE.advance(plan.state, PlanVerb.ADD_ITEM)
    if staged.applied_at is not None:
        raise StateConflict(_("This sheet was applied already."))
    checked = outcomes_of(session, actor, now, plan, staged)
    if checked.fingerprint != seen:
        raise Outdated(_("The plan changed since you looked. Look at the rows again, then confirm."))
    chosen = {effect: [outcome for outcome in checked.outcomes if outcome.effect is effect] for effect in Effect}
    _write(session, actor, now, plan, staged, chosen, checked.impact)
    staged.applied_at = now
    return Applied(*(len(chosen[effect]) for effect in (Effect.ADD, Effect.CHANGE, Effect.SAME, Effect.BAD)))


def _write(
    session: Session,
    actor: Actor,
    now: datetime,
    plan: ActionPlan,
    staged: SheetImport,
    chosen: dict[Effect, list[Outcome]],
    impact: moving.Impact,
) -> None:
    changed = {outcome.item_id: outcome.facts for outcome in chosen[Effect.CHANGE] if outcome.item_id and outcome.facts}
    added = [outcome.facts for outcome in chosen[Effect.ADD] if outcome.facts]
    if not changed and not added:
        return
    moved = {move.id: move.new for move in impact.moves}
    rows = {item.id: item for item in queries.items_of(session, plan.id) if item.id in changed or item.id in moved}
    owners = {item.id: item.owner_id for item in rows.values()}
    position = queries.next_position(session, plan.id)
    made = [
        ActionItem(
            id=new_id(), plan_id=plan.id, committee_id=plan.committee_id, state=ItemState.PLANNED, percent=0,
            position=position + number, is_open=plan.state is PlanState.ACTIVE,
        )
        for number in range(len(added))
    ]  # fmt: skip
    with history.act(session, verb="action_plan.imported", actor=actor, now=now, subject=plan, reason=staged.filename):
        for item, facts in zip(made, added, strict=True):
            _put(item, facts)
        session.add_all(made)
        session.flush()
        for item in rows.values():
            if item.id in changed:
                _put(item, changed[item.id])
            # A row that only changes words may move because of another.
            if item.id in moved:
                item.starts_on, item.due_on = moved[item.id]
        wanted = {item.id: facts.supporter_ids for item, facts in zip(made, added, strict=True)}
        _put_supporters(session, now, plan.id, wanted | {key: facts.supporter_ids for key, facts in changed.items()})
    new_owners = [item for item in [*made, *rows.values()] if item.is_open and item.owner_id != owners.get(item.id)]
    emails.tell_assigned(session, actor, now, new_owners)


def _put(item: ActionItem, facts: ItemFacts) -> None:
    put_facts(item, facts)
    # Where the budget is kept by organisation, the check has refused another sum.
    item.budget_planned = facts.budget_planned


def _put_supporters(session: Session, now: datetime, plan_id: UUID, wanted: Mapping[UUID, frozenset[UUID]]) -> None:
    present: dict[UUID, set[UUID]] = defaultdict(set)
    statement = sa.select(ItemSupporter).where(ItemSupporter.plan_id == plan_id, ItemSupporter.removed_at.is_(None))
    for row in session.scalars(statement):
        if row.item_id in wanted and row.organisation_id not in wanted[row.item_id]:
            row.removed_at = now
        present[row.item_id].add(row.organisation_id)
    session.add_all(
        ItemSupporter(plan_id=plan_id, item_id=item_id, organisation_id=organisation_id)
        for item_id, organisations in wanted.items()
        for organisation_id in sorted(organisations - present[item_id])
    )


def _known(session: Session, actor: Actor, now: datetime, plan: ActionPlan) -> Known:
    """Return what the rows of a sheet for ``plan`` are checked against; a fixed number of SELECTs."""
    agency = members.get_committee(session, plan.committee_id).agency_id
    items = queries.items_of(session, plan.id)
    facts = board.facts_of(session, items)
    seated = {agency, *(seat.organisation_id for seat in members.seats_on(session, plan.committee_id, today(now)))}
    named = seated | {key for each in facts.values() for key in (each.lead_organisation_id, *each.supporter_ids)}
    organisations = list(session.scalars(sa.select(Organisation).where(Organisation.id.in_(named))))
    people = queries.people_of(session, seated)
    numbers = _numbers(session, actor, plan, facts)
    offered = {(info.kind, info.id) for info in authorities.candidates(session, actor, plan)}
    by_number: dict[str, list[Ref]] = defaultdict(list)
    for ref, number in numbers.items():
        if (ref.kind, ref.id) in offered:
            by_number[fold(number)].append(ref)
    owners = {each.owner_id for each in facts.values() if each.owner_id} - {person.id for person in people}
    former = list(session.scalars(sa.select(User).where(User.id.in_(owners))))
    return Known(
        state=plan.state, agency=agency, names={row.id: name_of(row) for row in organisations},
        organisations={fold(name): row.id for row in organisations if row.id in seated for name in _names(row) if name},
        people={fold(person.email): (person.id, person.organisation_id) for person in people},
        emails={person.id: person.email for person in (*people, *former)}, authorities=by_number, numbers=numbers,
        items=_present(session, plan, items, facts),
    )  # fmt: skip


def _names(row: Organisation) -> tuple[str | None, ...]:
    return row.name_th, row.name_en, row.short_th, row.short_en


def _numbers(session: Session, actor: Actor, plan: ActionPlan, facts: Mapping[UUID, ItemFacts]) -> dict[Ref, str]:
    used = {each.authority for each in facts.values() if each.authority}
    infos = [*authorities.candidates(session, actor, plan), *targets.resolve(session, actor, used).values()]
    return {Ref(info.kind, info.id): info.number or info.title for info in infos}


def _present(
    session: Session, plan: ActionPlan, items: Sequence[ActionItem], facts: Mapping[UUID, ItemFacts]
) -> dict[UUID, Present]:
    with_lines = set(
        session.scalars(sa.select(BudgetLine.item_id).where(BudgetLine.plan_id == plan.id, BudgetLine.removed_at.is_(None)))
    )
    months = months_of(plan.fiscal_year)
    fixed = _("This can no longer be done: the state has changed meanwhile.")
    return {
        item.id: Present(
            facts[item.id], "".join("01"[each] for each in marks(item.starts_on, item.due_on, months)), item.id in with_lines,
            "" if ITEM_MACHINE.allows(item.state, ItemVerb.EDIT) else fixed,
        )
        for item in items
    }  # fmt: skip


def authority_numbers(session: Session, actor: Actor, plan: ActionPlan) -> tuple[dict[UUID, ItemFacts], dict[Ref, str]]:
    """Return what the items of ``plan`` say, by id, and the numbers of their authorities, for sheets that will come back."""
    facts = board.facts_of(session, queries.items_of(session, plan.id))
    return facts, _numbers(session, actor, plan, facts)
