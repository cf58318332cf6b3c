"""A plan on paper: each of its views as data that `documents.typesetting` sets as PDF."""

from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from collab.action_plans import gantt
from collab.action_plans.blocked import Matrix, Wait
from collab.action_plans.board import By, Column
from collab.action_plans.map import Share
from collab.action_plans.month import Month
from collab.action_plans.rows import Line, by_group
from collab.action_plans.sheet import span_of
from collab.action_plans.states import ItemState
from collab.action_plans.wording import ITEM_STATES, late_text
from collab.documents.typesetting import Block, Heading, NewPage, Paper, Paragraph, Table
from collab.kernel import i18n
from collab.kernel.dates import BUDDHIST_OFFSET, format_date
from collab.kernel.i18n import _, ngettext
from collab.kernel.money import format_baht

#: Most months side by side on a page.
MONTHS = 12


def _day(day: date | None) -> str:
    return format_date(day, i18n.get_locale(), short=True) if day else "–"


def _paper(plan: Any, committee: str, blocks: Sequence[Block], today: date) -> Paper:
    footer = _("As of %(day)s", day=format_date(today, i18n.get_locale()))
    return Paper((plan.title, committee), blocks, language=i18n.get_locale(), landscape=True, footer=footer, publisher=committee)


def table_paper(plan: Any, committee: str, lines: Iterable[Line], today: date, order: Sequence[str] = ()) -> Paper:
    """Return the items as a table by group, the groups in ``order``."""
    head = [_("What will be done"), _("Led and supported by"), _("Owner"), _("Starts on"), _("Due on"), _("Approved due date"), _("Per cent"),
            _("Planned budget (baht)"), _("State")]  # fmt: skip
    blocks: list[Block] = []
    for group, members in by_group(lines, order):
        rows = [
            [
                line.title, "\n".join((line.lead, *line.supporters)), line.owner or "–", _day(line.starts_on),
                f"{_day(line.due_on)}\n{late_text(line.late_days)}".strip(), _day(line.baseline_due_on), str(line.percent),
                format_baht(line.budget), str(ITEM_STATES[line.state]),
            ]
            for line in members
        ]  # fmt: skip
        blocks.append(Table(head, rows, caption=group, widths=(3, 2.2, 1.6, 1.2, 1.2, 1.2, 0.8, 1.4, 1.4), numeric=(6, 7)))
    return _paper(plan, committee, blocks or [Paragraph(_("The plan has no items yet."))], today)


def timeline_paper(plan: Any, committee: str, lines: Iterable[Line], today: date) -> Paper:
    """Return the timeline month by month, a year on a page: where an item runs now, and where it should have run as approved.

    Set as a table of signs, because Thai letters in a drawing cannot be read out, which an archive file must allow.
    """
    drawn = [line for line in lines if line.state is not ItemState.CANCELLED]
    blocks: list[Block] = []
    if drawn:
        first, last = gantt.bounds([span_of(line) for line in drawn])
        months = months_between(first, last)
        for start in range(0, len(months), MONTHS):
            blocks += [*([NewPage()] if blocks else []), _months_table(drawn, months[start : start + MONTHS], today)]
        blocks.append(Paragraph(_("■ as planned now, □ as approved only, ▶ this month")))
    return _paper(plan, committee, blocks or [Paragraph(_("The plan has no items yet."))], today)


def months_between(first: date, last: date) -> list[date]:
    """Return the first day of each month from that of ``first`` to that of ``last``."""
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    return [date(first.year + (first.month - 1 + step) // 12, (first.month - 1 + step) % 12 + 1, 1) for step in range(count)]


def _months_table(drawn: Sequence[Line], months: Sequence[date], today: date) -> Table:
    this_month = today.replace(day=1)
    head = [
        _("What will be done"), _("Leading organisation"),
        *(f"{'▶ ' if day == this_month else ''}{gantt.month_name(day)} {str(day.year + BUDDHIST_OFFSET)[2:]}" for day in months), _("Due on"),
    ]  # fmt: skip
    rows = [
        [
            line.title, line.lead, *(sign_of(line, day) for day in months), f"{_day(line.due_on)}\n{late_text(line.late_days)}".strip(),
        ]
        for line in drawn
    ]  # fmt: skip
    return Table(head, rows, widths=(3, 2, *([0.6] * len(months)), 1.4))


def sign_of(line: Line, month: date) -> str:
    """Return the sign of a month: where the item runs now, where it should have run as approved only, or nothing."""
    end = month.replace(day=monthrange(month.year, month.month)[1])
    if line.starts_on <= end and line.due_on >= month:
        return "■"
    began, ended = line.baseline_starts_on, line.baseline_due_on
    return "□" if began and ended and began <= end and ended >= month else ""


def month_paper(plan: Any, committee: str, month: Month, today: date) -> Paper:
    """Return a month as a table of weeks."""

    def cell(day: Any) -> str:
        if not day.in_month:
            return ""
        return "\n".join([str(day.day.day), *([day.holiday] if day.holiday else []), *(f"• {line.title}" for line in day.lines)])

    rows = [[cell(day) for day in week] for week in month.weeks]
    return _paper(plan, committee, [Heading(month.title), Table(list(month.day_names), rows)], today)


def board_paper(plan: Any, committee: str, columns: Sequence[Column], by: By, today: date) -> Paper:
    """Return the columns of the board one below the other, a row a card."""
    other = _("State") if by is By.ORGANISATION else _("Leading organisation")
    head = [_("What will be done"), other, _("Owner"), _("Due on"), _("Per cent")]
    blocks = [
        Table(
            head,
            [
                [card.title, card.state if by is By.ORGANISATION else card.lead, card.owner or "–", f"{card.due}\n{card.late}".strip(), str(card.percent)]
                for card in column.cards
            ],
            caption=f"{column.title} ({_counted(column.count, column.late_count)})", widths=(4, 2.4, 2, 1.4, 0.8), numeric=(4,),
        )
        for column in columns
    ]  # fmt: skip
    return _paper(plan, committee, blocks or [Paragraph(_("No item fits these filters."))], today)


def _counted(count: int, late: int) -> str:
    parts = [ngettext("%(num)s item", "%(num)s items", count)]
    return ", ".join([*parts, *([ngettext("%(num)s late", "%(num)s late", late)] if late else [])])


def waits_paper(
    plan: Any, committee: str, matrix: Matrix, found: Iterable[Wait], names: Mapping[UUID, str], today: date
) -> Paper:
    """Return how many items wait for which organisation, and every wait with what it hangs on in the end."""
    blocks: list[Block] = []
    if matrix.cells:
        head = [_("Waiting ↓ for →"), *(names.get(key, "") for key in matrix.responsible)]
        cells = [
            [names.get(one, ""), *(str(matrix.cells.get((one, other), "–")) for other in matrix.responsible)]
            for one in matrix.waiting
        ]
        blocks.append(
            Table(head, cells, caption=_("Items that wait for another organisation"), numeric=tuple(range(1, len(head))))
        )
    rows = [_wait_cells(wait, names) for wait in found]
    if rows:
        head = [_("This waits"), _("for this"), _("Due on"), _("Waits since"), _("In the end it hangs on")]
        blocks.append(Table(head, rows, caption=_("Who waits for whom"), widths=(3, 3, 1.4, 1.4, 3)))
    return _paper(plan, committee, blocks or [Paragraph(_("Nobody waits for another organisation."))], today)


def _wait_cells(wait: Wait, names: Mapping[UUID, str]) -> list[str]:
    since = (
        f"{_day(wait.since)}\n{ngettext('%(num)s day', '%(num)s days', wait.waited_days)}"
        if wait.since
        else _("begins on %(day)s", day=_day(wait.starts_on))
    )
    return [
        f"{wait.item}\n{names.get(wait.organisation_id, '')}",
        f"{wait.blocker}\n{names.get(wait.blocker_organisation_id, '')}, {wait.blocker_percent} %",
        f"{_day(wait.blocker_due_on)}\n{late_text(wait.blocker_late_days)}".strip(), since,
        f"{wait.root}\n{names.get(wait.root_organisation_id, '')}" if wait.root_id != wait.blocker_id else "–",
    ]  # fmt: skip


def map_paper(plan: Any, committee: str, shares: Sequence[Share], today: date) -> Paper:
    """Return what each organisation leads, which is what the map shows; letters in a drawing could not be read out."""
    head = [_("Leading organisation"), _("Items"), _("Items late"), _("Reported"), _("Verified"), _("Planned budget (baht)")]
    rows = [
        [share.name, str(share.count), str(share.late_count), f"{share.progress.reported} %", f"{share.progress.verified} %", format_baht(share.budget)]
        for share in shares
    ]  # fmt: skip
    table = Table(
        head, rows, caption=_("What each organisation leads"), widths=(3, 1, 1, 1, 1, 1.6), numeric=tuple(range(1, len(head)))
    )
    return _paper(plan, committee, [table] if rows else [Paragraph(_("No item fits these filters."))], today)
