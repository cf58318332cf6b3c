"""A comparison taken away as plain tables, one sheet each."""

from datetime import datetime

from collab.action_plans.compare_presenters import ToldComparison, ToldItem
from collab.action_plans.compare_words import CHANGES, Line
from collab.documents.sheets import Cell, Sheet
from collab.kernel import i18n
from collab.kernel.dates import format_datetime
from collab.kernel.i18n import _

_NO_LINE = Line("", "", "")


def sheets(title: str, told: ToldComparison) -> list[Sheet]:
    """Return the comparison as plain tables. Days stay days; instants are Bangkok time."""
    return [
        Sheet(_("Summary"), (_("What"), _("Value")), _summary(title, told)),
        Sheet(_("Items"), (_("What will be done"), _("Group of work"), _("What happened"), _("Part"), _("Field"), _("Before"), _("After"), _("In between")),
              [cells for item in told.items for cells in _item_rows(item)]),
        Sheet(_("Plan and groups"), (_("Part"), _("Name"), _("What happened"), _("Field"), _("Before"), _("After"), _("In between")),
              [(part.kind, part.name, part.change, *_cells(line)) for part in told.whole for line in part.lines or (_NO_LINE,)]),
        Sheet(_("Money"), (_("Organisation"), _("Planned before"), _("Planned after"), _("Difference of planned"), _("Committed before"),
                           _("Committed after"), _("Spent before"), _("Spent after")), _money(told)),
        Sheet(_("Deadlines"), (_("What will be done"), _("Former due day"), _("New due day"), _("Days moved"), _("Asked for by"), _("Asked at"), _("Reason"),
                               _("Approved by"), _("Approved at"), _("Words of the decision"), _("Level of approval"), _("Moved because of another")),
              [(row.title, row.slip.old_due_on, row.slip.new_due_on, row.slip.days, row.asked_by, _moment(row.asked_at), row.reason, row.approved_by,
                _moment(row.approved_at), row.decision, row.level, _("yes") if row.is_caused else "") for row in told.slips]),
        Sheet(_("Evidence"), (_("What will be done"), _("Reported at"), _("Reported by"), _("Per cent"), _("State"), _("Words"), _("Judged by"),
                              _("Verdict"), _("Files"), "SHA-256"), _evidence(told)),
        Sheet(_("Who and why"), (_("What will be done"), _("When"), _("Who"), _("What was touched"), _("Reason"), _("Authority")),
              [(item.title, _moment(act.at), act.who, act.fields, act.reason, act.authority) for item in told.items for act in item.acts]),
    ]  # fmt: skip


def _summary(title: str, told: ToldComparison) -> list[tuple[Cell, ...]]:
    total = told.money[-1][1]
    return [
        (_("Plan"), title), (_("Earlier point"), told.earlier), (_("Later point"), told.later),
        *((str(CHANGES[change]), number) for change, number in told.counts.items()),
        (_("Planned before"), total.before.planned), (_("Planned after"), total.after.planned),
        (_("Difference of planned"), (total.after - total.before).planned),
        (_("Deadlines moved"), len(told.slips)), (_("Days moved in all"), told.slip_days), (_("Reports in between"), len(told.reports)),
    ]  # fmt: skip


def _item_rows(item: ToldItem) -> list[tuple[Cell, ...]]:
    rows: list[tuple[Cell, ...]] = [(item.title, item.group, item.change_text, "", *_cells(line)) for line in item.lines]
    for part in item.parts:
        name = f"{part.kind}: {part.name}"
        rows += [(item.title, item.group, part.change, name, *_cells(line)) for line in part.lines or (_NO_LINE,)]
    return rows or [(item.title, item.group, item.change_text, "", *_cells(_NO_LINE))]


def _cells(line: Line) -> tuple[str, str, str, str]:
    return line.field, line.old, line.new, line.between


def _money(told: ToldComparison) -> list[tuple[Cell, ...]]:
    return [
        (name, row.before.planned, row.after.planned, (row.after - row.before).planned, row.before.committed, row.after.committed,
         row.before.spent, row.after.spent)
        for name, row in told.money
    ]  # fmt: skip


def _evidence(told: ToldComparison) -> list[tuple[Cell, ...]]:
    return [
        (row.title, _moment(row.reported_at), row.reported_by, row.percent, row.state, row.words, row.judged_by, row.verdict,
         "\n".join(file.filename for file in row.files), "\n".join(file.sha256 for file in row.files))
        for row in told.reports
    ]  # fmt: skip


def _moment(at: datetime | None) -> str:
    return format_datetime(at, i18n.get_locale()) if at else ""
