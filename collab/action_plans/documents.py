"""A plan on paper: its table, its timeline and a month, as data that `documents.typesetting` sets as PDF."""

from calendar import monthrange
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from collab.action_plans import gantt
from collab.action_plans.month import Month
from collab.action_plans.rows import Line, by_group
from collab.action_plans.sheet import span_of
from collab.action_plans.states import ItemState
from collab.action_plans.wording import ITEM_STATES, late_text
from collab.documents.typesetting import Block, Heading, NewPage, Paper, Paragraph, Table
from collab.kernel import i18n
from collab.kernel.dates import BUDDHIST_OFFSET, format_date
from collab.kernel.i18n import _
from collab.kernel.money import format_baht

#: Most months side by side on a page.
MONTHS = 12


def _day(day: date | None) -> str:
    return format_date(day, i18n.get_locale(), short=True) if day else "–"


def _paper(plan: Any, committee: str, blocks: Sequence[Block], today: date) -> Paper:
    footer = _("As of %(day)s", day=format_date(today, i18n.get_locale()))
    return Paper((plan.title, committee), blocks, language=i18n.get_locale(), landscape=True, footer=footer, publisher=committee)


def table_paper(plan: Any, committee: str, lines: Iterable[Line], today: date) -> Paper:
    """Return the items by group as a table."""
    head = [_("What will be done"), _("Led and supported by"), _("Owner"), _("Starts on"), _("Due on"), _("Approved due date"), _("Per cent"),
            _("Planned budget (baht)"), _("State")]  # fmt: skip
    blocks: list[Block] = []
    for group, members in by_group(lines):
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
