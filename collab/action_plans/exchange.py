"""A plan taken away: as sheets that can be changed and brought back, as tables (CSV, JSON), and as a calendar (iCalendar)."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from icalendar import Calendar, Event
from sqlalchemy.orm import Session

from collab.action_plans import exchange_apply, queries
from collab.action_plans.exchange_sheet import SheetRow
from collab.action_plans.rows import Line
from collab.action_plans.states import OPEN_STATES
from collab.action_plans.wording import ITEM_KINDS, ITEM_STATES
from collab.documents.sheets import Cell, as_csv
from collab.kernel.access import Actor, Permission, can
from collab.kernel.i18n import _
from collab.members.models import User


def sheet_rows(session: Session, actor: Actor, plan_id: UUID, lines: Iterable[Line]) -> list[SheetRow]:
    """Return the lines with what sheets say beyond them: the owners' addresses only to who may bring a sheet back."""
    listed = list(lines)
    plan = queries.get_plan(session, actor, plan_id)
    facts, numbers = exchange_apply.authority_numbers(session, actor, plan)
    keeps = can(actor, Permission.ACTION_ITEM_MANAGE, plan)
    emails = _emails(session, (line.owner_id for line in listed)) if keeps else {}
    return [
        SheetRow(
            line, facts[line.id].description, emails.get(line.owner_id, "") if line.owner_id else "",
            numbers.get(authority, "") if (authority := facts[line.id].authority) else "",
        )
        for line in listed
        if line.id in facts
    ]  # fmt: skip


def _emails(session: Session, people: Iterable[UUID | None]) -> Mapping[UUID, str]:
    wanted = {key for key in people if key}
    return {row.id: row.email for row in session.execute(sa.select(User.id, User.email).where(User.id.in_(wanted)))}


def to_csv(lines: Iterable[Line]) -> bytes:
    """Return the items as CSV in UTF-8 with a byte-order mark; days as YYYY-MM-DD."""
    head = [
        _("Group of work"), _("What will be done"), _("Leading organisation"), _("Supporting organisations"), _("Owner"), _("Starts on"),
        _("Due on"), _("Approved due date"), _("Weight"), _("Per cent"), _("State"), _("Days late"), _("Planned budget"), _("Kind"),
        _("Place"),
    ]  # fmt: skip
    return as_csv(head, (_cells(line) for line in lines))


def _cells(line: Line) -> list[Cell]:
    return [
        line.group, line.title, line.lead, "; ".join(line.supporters), line.owner, line.starts_on, line.due_on, line.baseline_due_on,
        line.weight, line.percent, str(ITEM_STATES[line.state]), line.late_days, line.budget, str(ITEM_KINDS[line.kind]), line.location,
    ]  # fmt: skip


def to_json(plan: Any, lines: Iterable[Line], links: Iterable[tuple[UUID, UUID]], today: date) -> dict[str, Any]:
    """Return the plan with its items as plain data: days in ISO 8601, sums in baht as decimal text, states as codes."""
    listed = list(lines)
    keys = {line.id for line in listed}
    return {
        "plan": {"id": str(plan.id), "title": plan.title, "fiscal_year": plan.fiscal_year, "state": plan.state.value},
        "as_of": today.isoformat(),
        "items": [_plain(line) for line in listed],
        "dependencies": [
            {"predecessor": str(before), "successor": str(after)} for before, after in links if before in keys and after in keys
        ],
    }


def _plain(line: Line) -> dict[str, Any]:
    return {
        "id": str(line.id), "kind": line.kind.value, "group": line.group, "title": line.title, "location": line.location,
        "lead_organisation": {"id": str(line.lead_id), "name": line.lead}, "supporting_organisations": list(line.supporters),
        "owner": line.owner or None, "starts_on": line.starts_on.isoformat(), "due_on": line.due_on.isoformat(),
        "baseline_due_on": line.baseline_due_on.isoformat() if line.baseline_due_on else None, "weight": line.weight,
        "percent": line.percent, "state": line.state.value, "days_late": line.late_days, "budget_planned": str(line.budget),
        "has_authority": line.has_authority,
    }  # fmt: skip


def to_calendar(lines: Iterable[Line], title: str, item_prefix: str, now: datetime) -> bytes:
    """Return the due dates of the open items as all-day events; an item keeps its UID, so that calendars follow a moved date."""
    calendar = Calendar()
    calendar.add("prodid", "-//Collab//Action plan//TH")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", title)
    calendar.add("refresh-interval", timedelta(hours=6), parameters={"VALUE": "DURATION"})
    for line in lines:
        if line.state not in OPEN_STATES:
            continue
        event = Event()
        event.add("uid", f"action-item-{line.id}@collab")
        event.add("dtstamp", now)
        event.add("dtstart", line.due_on)
        event.add("dtend", line.due_on + timedelta(days=1))
        event.add("sequence", line.version)
        event.add("summary", line.title)
        event.add("description", f"{line.lead} {line.owner}".strip())
        event.add("url", f"{item_prefix}{line.id}")
        calendar.add_component(event)
    return bytes(calendar.to_ical())
