"""A plan taken away: as a table (CSV) and as a calendar of due dates (iCalendar)."""

import csv
import io
from collections.abc import Iterable
from datetime import datetime, timedelta

from icalendar import Calendar, Event

from collab.action_plans.presenters import ItemRow
from collab.action_plans.states import OPEN_STATES
from collab.kernel.i18n import _

# A spreadsheet runs a cell that begins with one of these as a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def to_csv(rows: Iterable[ItemRow]) -> bytes:
    """Return the items as CSV in UTF-8 with a byte order mark, which spreadsheets need to read Thai; days as YYYY-MM-DD."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([
        _("Group of work"), _("What will be done"), _("Leading organisation"), _("Supporting organisations"), _("Owner"), _("Starts on"),
        _("Due on"), _("Approved due date"), _("Weight"), _("Per cent"), _("State"), _("Days late"), _("Planned budget"),
    ])  # fmt: skip
    for row in rows:
        cells = [row.group, row.title, row.lead, "; ".join(row.supporters), row.owner, row.starts_on, row.due_on, row.baseline_due_on or "",
                 row.weight, row.percent, row.state, row.late_days, row.budget]  # fmt: skip
        writer.writerow([_safe(cell) for cell in cells])
    return b"\xef\xbb\xbf" + buffer.getvalue().encode()


def to_calendar(rows: Iterable[ItemRow], title: str, base_url: str, now: datetime) -> bytes:
    """Return the due dates of the open items as all-day events; an item keeps its UID, so that calendars follow a moved date."""
    calendar = Calendar()
    calendar.add("prodid", "-//Collab//Action plan//TH")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", title)
    for row in rows:
        if row.state_code not in OPEN_STATES:
            continue
        event = Event()
        event.add("uid", f"action-item-{row.id}@collab")
        event.add("dtstamp", now)
        event.add("dtstart", row.due_on)
        event.add("dtend", row.due_on + timedelta(days=1))
        event.add("summary", row.title)
        event.add("description", f"{row.lead} {row.owner}".strip())
        event.add("url", base_url + row.url)
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def _safe(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
