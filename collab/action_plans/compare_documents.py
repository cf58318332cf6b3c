"""A comparison as a paper (PDF): what a committee takes to its meeting, and an auditor into the file."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from collab.action_plans.compare_presenters import ToldComparison, ToldItem, ToldPart, ToldSlip
from collab.action_plans.compare_words import CHANGES, EMPTY, Line, day_text
from collab.action_plans.models import ActionPlan
from collab.documents.typesetting import Block, Facts, Heading, Paper, Paragraph, Table
from collab.kernel import i18n
from collab.kernel.dates import format_datetime
from collab.kernel.i18n import _, ngettext
from collab.kernel.money import format_baht


def paper_of(plan: ActionPlan, told: ToldComparison, now: datetime) -> Paper:
    """Return the paper of a comparison made at ``now``, in the reader's language."""
    blocks: list[Block] = [
        Facts([(_("Earlier point"), told.earlier), (_("Later point"), told.later), (_("Made at"), _moment(now))]),
        Paragraph(_("The plan as the system had recorded it at both points. What was removed, and what was changed and put back, is included.")),
        Table([_("What happened"), _("Items")], [(str(CHANGES[change]), str(number)) for change, number in told.counts.items()], numeric=[1]),
        *_money(told),
        *_items(told),
        *_whole(told),
        *_slips(told),
        *_evidence(told),
    ]  # fmt: skip
    title = [_("Comparison of the action plan"), plan.title, _("Fiscal year %(year)s", year=plan.fiscal_year)]
    return Paper(title, blocks, language=i18n.get_locale(), landscape=True, footer=plan.title)


def _money(told: ToldComparison) -> Iterable[Block]:
    yield Heading(_("Money"))
    rows = [
        (name, format_baht(row.before.planned), format_baht(row.after.planned), _signed((row.after - row.before).planned),
         format_baht(row.after.committed), format_baht(row.after.spent))
        for name, row in told.money
    ]  # fmt: skip
    head = [
        _("Organisation"),
        _("Planned before"),
        _("Planned after"),
        _("Difference of planned"),
        _("Committed after"),
        _("Spent after"),
    ]
    yield Table(head, rows, widths=[2, 1, 1, 1, 1, 1], numeric=[1, 2, 3, 4, 5])


def _items(told: ToldComparison) -> Iterable[Block]:
    for change, number in told.counts.items():
        if number:
            yield Heading(f"{CHANGES[change]} ({number})")
            rows = [(item.title, _said(item), _why(item)) for item in told.items if item.change is change]
            yield Table([_("What will be done"), _("Before and after"), _("Who and why")], rows, widths=[2, 3, 3])


def _said(item: ToldItem) -> str:
    return "\n".join([*(_line(line) for line in item.lines), *(_part(part) for part in item.parts)]) or EMPTY


def _line(line: Line) -> str:
    if line.between:
        return _("%(field)s: %(value)s (in between: %(between)s)", field=line.field, value=line.new, between=line.between)
    return f"{line.field}: {' → '.join(text for text in (line.old, line.new) if text)}"


def _part(part: ToldPart) -> str:
    said = "; ".join(_line(line) for line in part.lines)
    return f"{part.kind} {part.name} – {part.change}" + (f" ({said})" if said else "")


def _why(item: ToldItem) -> str:
    acts = (
        " · ".join(part for part in (_moment(act.at), act.who, act.fields, act.reason, act.authority) if part)
        for act in item.acts
    )
    return "\n".join(acts) or EMPTY


def _whole(told: ToldComparison) -> Iterable[Block]:
    if told.whole:
        yield Heading(_("The plan and its groups"))
        yield Table([_("What happened")], [(_part(part),) for part in told.whole])


def _slips(told: ToldComparison) -> Iterable[Block]:
    if not told.slips:
        return
    yield Heading(_("Deadlines moved"))
    yield Paragraph(_slip_sum(told))
    rows = [
        (row.title, day_text(row.slip.old_due_on), day_text(row.slip.new_due_on), f"{row.slip.days:+d}", f"{row.asked_by}\n{row.reason}",
         _approval(row))
        for row in told.slips
    ]  # fmt: skip
    head = [
        _("What will be done"),
        _("Former due day"),
        _("New due day"),
        _("Days moved"),
        _("Asked for by, and why"),
        _("Approved by"),
    ]
    yield Table(head, rows, widths=[3, 1, 1, 0, 3, 2], numeric=[3])


def _evidence(told: ToldComparison) -> Iterable[Block]:
    if not told.reports:
        return
    yield Heading(_("Evidence that came in between"))
    rows = [
        (row.title, _moment(row.reported_at), f"{row.percent} %", f"{row.reported_by}\n{row.words}", f"{row.state}\n{row.judged_by}".strip(),
         "\n".join(f"{file.filename} (SHA-256 {file.sha256[:16]}…)" for file in row.files) or EMPTY)
        for row in told.reports
    ]  # fmt: skip
    head = [_("What will be done"), _("Reported at"), _("Per cent"), _("Reported by"), _("State"), _("Files")]
    yield Table(head, rows, widths=[2, 1.3, 0, 2, 1.3, 2], numeric=[2])


def _slip_sum(told: ToldComparison) -> str:
    moved = ngettext(
        "%(num)s change of deadline was approved",
        "%(num)s changes of deadline were approved",
        sum(1 for row in told.slips if not row.is_caused),
    )
    return _("%(moved)s, in all %(days)s days.", moved=moved, days=f"{told.slip_days:+d}")


def _approval(row: ToldSlip) -> str:
    caused = _("followed another item that moved") if row.is_caused else ""
    return "\n".join(part for part in (row.approved_by, row.level, row.decision, caused) if part)


def _signed(amount: Decimal) -> str:
    return f"{amount:+,.2f}" if amount else format_baht(amount)


def _moment(at: datetime | None) -> str:
    return format_datetime(at, i18n.get_locale()) if at else ""
