"""Plans and items in words, and which verbs a person may be offered now."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from collab.action_plans import queries, rules
from collab.action_plans.emails import item_url
from collab.action_plans.models import (
    ActionItem,
    ActionPlan,
    BudgetLine,
    DeadlineChange,
    HelpRequest,
    Indicator,
    ProgressReport,
    Recurrence,
)
from collab.action_plans.service import asked_of, helping_of, judging_of
from collab.action_plans.states import ITEM_MACHINE, PLAN_MACHINE, ItemState, ItemVerb, PlanState, PlanVerb
from collab.action_plans.wording import ITEM_STATES, TONES, late_text, slip_text
from collab.documents import queries as documents
from collab.documents.models import Document
from collab.kernel.access import Actor, Permission, can
from collab.kernel.targets import Ref
from collab.members import queries as members


@dataclass(frozen=True)
class ItemRow:
    """One item as tables, exports and the picture show it."""

    id: UUID
    group: str
    title: str
    url: str
    lead: str
    supporters: list[str]
    owner: str
    starts_on: date
    due_on: date
    baseline_starts_on: date | None
    baseline_due_on: date | None
    weight: int
    percent: int
    budget: Decimal
    state: str
    state_code: ItemState
    tone: str
    late_days: int
    late: str
    slip: str


@dataclass(frozen=True)
class ReportView:
    """One report with its people and files."""

    row: ProgressReport
    reporter: str
    organisation: str
    judge: str
    files: list[Document]


@dataclass(frozen=True)
class Offers:
    """Which verbs the page of an item offers this person now."""

    report: bool = False
    judge: bool = False
    ask: bool = False
    decide: bool = False
    edit: bool = False
    end: bool = False
    reopen: bool = False
    help: bool = False
    answer: bool = False


@dataclass(frozen=True)
class LinkRow:
    """One end of a dependency: the other item with its organisation, dates and state, and the lag in working days."""

    id: UUID
    row: ItemRow
    lag_days: int


@dataclass(frozen=True)
class ItemView:
    """An item with everything that its page says."""

    row: ItemRow
    reports: list[ReportView]
    changes: list[DeadlineChange]
    names: dict[UUID, str]
    offers: Offers
    before: list[LinkRow] = field(default_factory=list)
    after: list[LinkRow] = field(default_factory=list)
    may_plan: bool = False
    may_measure: bool = False
    budget: list[tuple[BudgetLine, bool]] = field(default_factory=list)
    recurs: bool = False
    helps: list[HelpRequest] = field(default_factory=list)
    indicators: list[Indicator] = field(default_factory=list)
    spent: Decimal | None = None
    waiting_report: ProgressReport | None = None
    waiting_change: DeadlineChange | None = None
    documents: dict[Ref, list[Document]] = field(default_factory=dict)


def item_rows(session: Session, items: Sequence[ActionItem], today: date) -> list[ItemRow]:
    """Return ``items`` in words; three queries however many there are."""
    supporters = queries.supporters_of(session, [item.id for item in items])
    helping = {key for keys in supporters.values() for key in keys}
    organisations = members.organisation_names(session, {item.lead_organisation_id for item in items} | helping)
    people = members.user_names(session, {item.owner_id for item in items})
    return [_item_row(item, organisations, people, supporters.get(item.id, []), today) for item in items]


def _item_row(
    item: ActionItem, organisations: dict[UUID, str], people: dict[UUID, str], helping: Collection[UUID], today: date
) -> ItemRow:
    late = rules.days_late(item.due_on, item.state, today) if item.removed_at is None else 0
    return ItemRow(
        id=item.id, group=item.group_name, title=item.title, url=item_url(item.id),
        lead=organisations.get(item.lead_organisation_id, ""), supporters=[organisations[key] for key in helping if key in organisations],
        owner=people.get(item.owner_id, "") if item.owner_id else "", starts_on=item.starts_on, due_on=item.due_on,
        baseline_starts_on=item.baseline_starts_on, baseline_due_on=item.baseline_due_on, weight=item.weight, percent=item.percent,
        budget=item.budget_planned, state=str(ITEM_STATES[item.state]), state_code=item.state, tone=TONES[item.state.value],
        late_days=late, late=late_text(late), slip=slip_text(rules.slip_days(item.baseline_due_on, item.due_on)),
    )  # fmt: skip


def item_view(session: Session, actor: Actor, plan: ActionPlan, item: ActionItem, today: date) -> ItemView:
    """Return everything that the page of an item says to ``actor``."""
    reports, changes = queries.reports_of(session, item.id), queries.changes_of(session, item.id)
    refs = {report.id: Ref("progress_report", report.id) for report in reports}
    files = documents.list_documents(session, list(refs.values()))
    people = {report.reported_by for report in reports} | {report.judged_by for report in reports}
    people |= {change.asked_by for change in changes} | {change.decided_by for change in changes}
    helps = queries.helps_of(session, item.id)
    people |= {key for row in helps for key in (row.asked_by, row.answered_by)}
    names = members.user_names(session, people)
    lines = queries.budget_lines_of(session, [item.id])
    organisations = {report.organisation_id for report in reports} | {line.organisation_id for line in lines}
    names |= members.organisation_names(session, organisations)
    views = [
        ReportView(
            report, names.get(report.reported_by, ""), names.get(report.organisation_id, "") if report.organisation_id else "",
            names.get(report.judged_by, "") if report.judged_by else "", files.get(refs[report.id], []),
        )
        for report in reports
    ]  # fmt: skip
    before, after = _links(session, item, today)
    waiting_report = next((report for report in reports if report.state == "awaiting"), None)
    waiting_change = next((change for change in changes if change.state == "asked"), None)
    return ItemView(
        row=item_rows(session, [item], today)[0], reports=views, changes=changes, names=names,
        offers=offers(session, actor, plan, item, waiting_report, waiting_change),
        budget=[(line, may_report_money(actor, plan, item, line)) for line in lines],
        recurs=_recurs(session, item), helps=helps, indicators=queries.indicators_of(session, [item.id]), may_measure=may_measure(actor, plan, item), before=before, after=after, may_plan=item.removed_at is None and may_plan(actor, plan),
        spent=next((report.cost_spent for report in reports if report.cost_spent is not None), None),
        waiting_report=waiting_report, waiting_change=waiting_change if item.is_open else None,
    )  # fmt: skip


def _recurs(session: Session, item: ActionItem) -> bool:
    rule = session.get(Recurrence, item.recurrence_id) if item.recurrence_id else None
    return rule is not None and rule.removed_at is None


def _links(session: Session, item: ActionItem, today: date) -> tuple[list[LinkRow], list[LinkRow]]:
    """Return what the item waits for, and what waits for it."""
    links = queries.dependencies_of(session, item.id)
    if not links:
        return [], []
    others = {link.predecessor_id for link in links} | {link.successor_id for link in links}
    rows = {row.id: row for row in item_rows(session, queries.items_by_ids(session, list(others)), today)}
    before = [LinkRow(link.id, rows[link.predecessor_id], link.lag_days) for link in links if link.successor_id == item.id]
    after = [LinkRow(link.id, rows[link.successor_id], link.lag_days) for link in links if link.predecessor_id == item.id]
    return before, after


def offers(session: Session, actor: Actor, plan: ActionPlan, item: ActionItem, report: ProgressReport | None,
           change: DeadlineChange | None) -> Offers:  # fmt: skip
    """Return what ``actor`` may do to the item in its present state; the services decide again."""
    manages = can(actor, Permission.ACTION_ITEM_MANAGE, plan)
    if item.removed_at is not None or plan.state is PlanState.CLOSED:
        return Offers()
    edit = manages and ITEM_MACHINE.allows(item.state, ItemVerb.EDIT)
    if plan.state is PlanState.DRAFT:
        return Offers(edit=edit, end=edit)
    reports = can(actor, Permission.ACTION_ITEM_REPORT, item)
    asked = queries.asked_help(session, item.id)
    movable = ITEM_MACHINE.allows(item.state, ItemVerb.RESCHEDULE)
    verdict = report is not None and ITEM_MACHINE.allows(item.state, ItemVerb.VERIFY)
    return Offers(
        report=reports and ITEM_MACHINE.allows(item.state, ItemVerb.REPORT),
        judge=verdict and can(actor, Permission.ACTION_ITEM_VERIFY, judging_of(session, item, report)),
        ask=(reports or manages) and movable and change is None,
        decide=change is not None and movable and can(actor, Permission.DEADLINE_DECIDE, asked_of(change, item)),
        edit=edit,
        end=edit,
        reopen=manages and ITEM_MACHINE.allows(item.state, ItemVerb.REOPEN),
        help=reports and item.is_open and asked is None,
        answer=asked is not None and can(actor, Permission.HELP_ANSWER, helping_of(session, asked)),
    )


def may_plan(actor: Actor, plan: ActionPlan) -> bool:
    """Say whether ``actor`` may change what the plan says of its items now."""
    return plan.state is not PlanState.CLOSED and can(actor, Permission.ACTION_ITEM_MANAGE, plan)


def may_report_money(actor: Actor, plan: ActionPlan, item: ActionItem, line: BudgetLine) -> bool:
    """Say whether ``actor`` may change a budget line now: those who plan, or a clerk of its organisation while the plan is active."""
    if item.removed_at is not None:
        return False
    reports = plan.state is PlanState.ACTIVE and can(actor, Permission.BUDGET_REPORT, line)
    return reports or may_plan(actor, plan)


def may_measure(actor: Actor, plan: ActionPlan, item: ActionItem) -> bool:
    """Say whether ``actor`` may write what an indicator of the item reached."""
    if item.removed_at is not None:
        return False
    reports = plan.state is PlanState.ACTIVE and can(actor, Permission.ACTION_ITEM_REPORT, item)
    return reports or may_plan(actor, plan)


def plan_verbs(actor: Actor, plan: ActionPlan) -> set[PlanVerb]:
    """Return the verbs that the page of a plan offers ``actor`` now."""
    if not can(actor, Permission.ACTION_PLAN_MANAGE, plan):
        return set()
    return {verb for verb in PlanVerb if PLAN_MACHINE.allows(plan.state, verb)}
