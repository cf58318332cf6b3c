"""The ledger of deadlines in words: each change with who asked and who decided, the sum of it, and what a move moves."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from collab.action_plans import queries
from collab.action_plans.emails import item_url
from collab.action_plans.models import ActionItem, ActionPlan, DeadlineChange
from collab.action_plans.rules import Threshold
from collab.action_plans.schedule import Move, WorkingDays
from collab.action_plans.service import Impact
from collab.action_plans.states import ApprovalLevel, ChangeState
from collab.action_plans.wording import CHANGE_STATES, LEVELS, TONES
from collab.calendar import queries as calendar
from collab.calendar.rules import ONE_DAY, working_days_between
from collab.kernel.i18n import _, ngettext
from collab.members import queries as members


@dataclass(frozen=True)
class MoveRow:
    """An item that would move, from when to when, and by how many working days its due date."""

    title: str
    url: str
    lead: str
    old_starts_on: date
    old_due_on: date
    new_starts_on: date
    new_due_on: date
    working_days: int


@dataclass(frozen=True)
class ChangeRow:
    """One change of deadline: dates, size, level, who asked and why, who decided and how."""

    change: DeadlineChange
    working_days: str
    level: str
    asked_by: str
    decided_by: str
    state: str
    tone: str
    because_of: str


@dataclass(frozen=True)
class ItemLedger:
    """All changes of one item with what they come to. ``total_days`` is in working days from ``first_due_on`` to ``due_on``."""

    title: str
    url: str
    lead: str
    first_due_on: date
    due_on: date
    slips: int
    total_days: int
    changes: list[ChangeRow]


def moves_in_words(session: Session, impact: Impact) -> list[MoveRow]:
    """Return ``impact`` for a page, in the order in which things move; three queries however much moves."""
    if not impact.moves:
        return []
    heads = queries.heads_of(session, [move.id for move in impact.moves])
    leads = members.organisation_names(session, {lead for _title, lead in heads.values()})
    days = queries.working_days(session, [move.old[1] for move in impact.moves])
    return [_move_row(move, *heads[move.id], leads, days) for move in impact.moves]


def _move_row(move: Move, title: str, lead: UUID, leads: Mapping[UUID, str], days: WorkingDays) -> MoveRow:
    # The due date moves back only: the working days after the old one, up to the new one.
    moved = days.count(move.old[1] + ONE_DAY, move.new[1])
    return MoveRow(title, item_url(move.id), leads.get(lead, ""), *move.old, *move.new, moved)


def of_item(session: Session, item: ActionItem) -> ItemLedger:
    """Return the ledger of one item."""
    changes = list(reversed(queries.changes_of(session, item.id)))
    return _ledgers(session, [item], {item.id: changes})[0]


def of_plan(session: Session, plan: ActionPlan) -> list[ItemLedger]:
    """Return the ledger of every item of the plan whose deadline was ever asked to change, in the order of the plan."""
    changes = queries.changes_of_plan(session, plan.id)
    items = [item for item in queries.items_of(session, plan.id) if item.id in changes]
    return _ledgers(session, items, changes)


def steps_in_words(ladder: Iterable[Threshold]) -> list[tuple[str, str, str]]:
    """Return (level, up to which postponement, up to how many working days) of a committee's rules, the resolution last."""
    rows = [(str(LEVELS[step.level]), str(step.most_slips), str(step.most_days)) for step in ladder]
    return [*rows, (str(LEVELS[ApprovalLevel.RESOLUTION]), _("any"), _("any"))]


def _ledgers(session: Session, items: Sequence[ActionItem], changes: Mapping[UUID, Sequence[DeadlineChange]]) -> list[ItemLedger]:
    everything = [change for item in items for change in changes.get(item.id, ())]
    people = members.user_names(session, {key for change in everything for key in (change.asked_by, change.decided_by)})
    organisations = {item.lead_organisation_id for item in items} | {change.organisation_id for change in everything}
    names = {**people, **members.organisation_names(session, organisations)}
    causes = _titles_of_causes(session, everything)
    firsts = {item.id: _first_due_on(item, changes.get(item.id, ())) for item in items}
    closed = _closed(session, [day for item in items for day in (firsts[item.id], item.due_on)])
    return [
        ItemLedger(
            title=item.title, url=item_url(item.id), lead=names.get(item.lead_organisation_id, ""), first_due_on=firsts[item.id],
            due_on=item.due_on, slips=sum(_is_slip(change) for change in changes.get(item.id, ())),
            total_days=working_days_between(firsts[item.id], item.due_on, closed),
            changes=[_change_row(change, names, causes) for change in changes.get(item.id, ())],
        )
        for item in items
    ]  # fmt: skip


def _first_due_on(item: ActionItem, changes: Sequence[DeadlineChange]) -> date:
    if item.baseline_due_on is not None:
        return item.baseline_due_on
    return changes[0].old_due_on if changes else item.due_on


def _is_slip(change: DeadlineChange) -> bool:
    return change.state is ChangeState.APPROVED and change.cause_id is None and change.new_due_on > change.old_due_on


def _change_row(change: DeadlineChange, names: Mapping[UUID, str], causes: Mapping[UUID, str]) -> ChangeRow:
    asked = [names.get(change.asked_by, ""), names.get(change.organisation_id, "") if change.organisation_id else ""]
    return ChangeRow(
        change=change, working_days=days_text(change.working_days), level=str(LEVELS[change.level]) if change.level else "",
        asked_by=", ".join(part for part in asked if part), decided_by=names.get(change.decided_by, "") if change.decided_by else "",
        state=str(CHANGE_STATES[change.state]), tone=TONES[change.state.value], because_of=causes.get(change.cause_id, "") if change.cause_id else "",
    )  # fmt: skip


def days_text(days: int | None) -> str:
    """Say by how many working days a date moves; '' when nobody has reckoned it."""
    if days is None:
        return ""
    if days < 0:
        return ngettext("%(num)s working day earlier", "%(num)s working days earlier", -days)
    return ngettext("%(num)s working day later", "%(num)s working days later", days)


def _titles_of_causes(session: Session, changes: Iterable[DeadlineChange]) -> dict[UUID, str]:
    wanted = {change.cause_id for change in changes if change.cause_id}
    found = queries.changes_by_ids(session, list(wanted)) if wanted else []
    titles = queries.titles_of(session, {change.item_id for change in found})
    return {change.id: titles[change.item_id] for change in found}


def _closed(session: Session, days: Sequence[date]) -> frozenset[date]:
    return calendar.closed_days(session, min(days), max(days)) if days else frozenset()
