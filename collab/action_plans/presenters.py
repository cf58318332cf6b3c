"""Plans and items in words, and which verbs a person may be offered now."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from collab.action_plans import gantt, queries, rules
from collab.action_plans.emails import item_url
from collab.action_plans.models import ActionItem, ActionPlan, DeadlineChange, ProgressReport
from collab.action_plans.policy import Asked
from collab.action_plans.rules import RollUp
from collab.action_plans.service import judging_of
from collab.action_plans.states import ITEM_MACHINE, PLAN_MACHINE, ItemState, ItemVerb, PlanState, PlanVerb
from collab.action_plans.wording import ITEM_STATES, TONES, late_text, slip_text
from collab.documents import queries as documents
from collab.documents.models import Document
from collab.kernel import i18n
from collab.kernel.access import Actor, Permission, can
from collab.kernel.dates import format_date
from collab.kernel.i18n import _
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
class PlanView:
    """A plan with its items in words and its progress."""

    rows: list[ItemRow]
    groups: list[tuple[str, list[ItemRow]]]
    progress: RollUp
    budget: Decimal
    late_count: int
    chart: gantt.Chart | None


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


@dataclass(frozen=True)
class ItemView:
    """An item with everything that its page says."""

    row: ItemRow
    reports: list[ReportView]
    changes: list[DeadlineChange]
    names: dict[UUID, str]
    offers: Offers
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


def plan_view(session: Session, plan: ActionPlan, today: date) -> PlanView:
    """Return the plan's items, grouped in the order in which the groups first appear, with progress and picture."""
    items = queries.items_of(session, plan.id)
    rows = item_rows(session, items, today)
    groups: dict[str, list[ItemRow]] = {}
    for row in rows:
        groups.setdefault(row.group, []).append(row)
    counted = [row for row in rows if row.state_code is not ItemState.CANCELLED]
    return PlanView(
        rows=rows, groups=list(groups.items()), progress=rules.roll_up((row.weight, row.percent, row.state_code) for row in rows),
        budget=sum((row.budget for row in counted), Decimal(0)), late_count=sum(1 for row in rows if row.late_days),
        chart=gantt.draw([_span(row) for row in counted], today),
    )  # fmt: skip


def _span(row: ItemRow) -> gantt.Span:
    locale = i18n.get_locale()
    note = _(
        "%(start)s to %(due)s",
        start=format_date(row.starts_on, locale, short=True),
        due=format_date(row.due_on, locale, short=True),
    )
    parts = [note, row.state, *([row.slip] if row.baseline_due_on else []), *([row.late] if row.late else [])]
    return gantt.Span(
        row.title,
        row.starts_on,
        row.due_on,
        row.baseline_starts_on,
        row.baseline_due_on,
        bool(row.late_days),
        ", ".join(parts),
        row.url,
    )


def item_view(session: Session, actor: Actor, plan: ActionPlan, item: ActionItem, today: date) -> ItemView:
    """Return everything that the page of an item says to ``actor``."""
    reports, changes = queries.reports_of(session, item.id), queries.changes_of(session, item.id)
    refs = {report.id: Ref("progress_report", report.id) for report in reports}
    files = documents.list_documents(session, list(refs.values()))
    people = {report.reported_by for report in reports} | {report.judged_by for report in reports}
    people |= {change.asked_by for change in changes} | {change.decided_by for change in changes}
    names = members.user_names(session, people)
    names |= members.organisation_names(session, {report.organisation_id for report in reports})
    views = [
        ReportView(
            report, names.get(report.reported_by, ""), names.get(report.organisation_id, "") if report.organisation_id else "",
            names.get(report.judged_by, "") if report.judged_by else "", files.get(refs[report.id], []),
        )
        for report in reports
    ]  # fmt: skip
    waiting_report = next((report for report in reports if report.state == "awaiting"), None)
    waiting_change = next((change for change in changes if change.state == "asked"), None)
    return ItemView(
        row=item_rows(session, [item], today)[0], reports=views, changes=changes, names=names,
        offers=offers(session, actor, plan, item, waiting_report, waiting_change),
        spent=next((report.cost_spent for report in reports if report.cost_spent is not None), None),
        waiting_report=waiting_report, waiting_change=waiting_change if item.is_open else None,
    )  # fmt: skip


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
    movable = ITEM_MACHINE.allows(item.state, ItemVerb.RESCHEDULE)
    verdict = report is not None and ITEM_MACHINE.allows(item.state, ItemVerb.VERIFY)
    return Offers(
        report=reports and ITEM_MACHINE.allows(item.state, ItemVerb.REPORT),
        judge=verdict and can(actor, Permission.ACTION_ITEM_VERIFY, judging_of(session, item, report)),
        ask=(reports or manages) and movable and change is None,
        decide=change is not None
        and movable
        and can(actor, Permission.DEADLINE_DECIDE, Asked(change.committee_id, change.asked_by)),
        edit=edit,
        end=edit,
    )


def plan_verbs(actor: Actor, plan: ActionPlan) -> set[PlanVerb]:
    """Return the verbs that the page of a plan offers ``actor`` now."""
    if not can(actor, Permission.ACTION_PLAN_MANAGE, plan):
        return set()
    return {verb for verb in PlanVerb if PLAN_MACHINE.allows(plan.state, verb)}
