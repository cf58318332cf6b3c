"""The work list: the page that is opened most, so everything that does not change from row to row is reckoned once."""

from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import Any
from uuid import UUID

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from collab.action_plans.routes.common import blueprint
from collab.action_plans.states import OPEN_STATES, ItemState
from collab.action_plans.wording import ITEM_STATES, TONES, late_text
from collab.action_plans.work import Order, View, WorkQuery, list_work, orders_of, views_of
from collab.kernel import i18n
from collab.kernel.clock import today
from collab.kernel.dates import format_date, format_datetime
from collab.kernel.i18n import lazy
from collab.web.context import current_actor, reading, request_now
from collab.web.routing import signed_in

_VIEWS = {View.MINE: lazy("Mine"), View.ORGANISATION: lazy("My organisation"), View.COMMITTEES: lazy("My committees")}
_TITLES = {
    View.MINE: lazy("Open items that I own"),
    View.ORGANISATION: lazy("Open items that my organisation leads"),
    View.COMMITTEES: lazy("Open items of the committees that I lead"),
}
_ORDERS = {
    Order.DUE: lazy("Due date"), Order.STATE: lazy("State"), Order.PLAN: lazy("Plan"), Order.ORGANISATION: lazy("Leading organisation"),
    Order.CHANGED: lazy("Last change"),
}  # fmt: skip
_CAPTIONS = {
    Order.DUE: lazy("The earliest due date first, so what is latest stands on top."),
    Order.STATE: lazy(
        "First what waits to be verified, then what is in progress, then what has not begun; the earliest due date first."
    ),
    Order.PLAN: lazy("By plan, the newest fiscal year first; the earliest due date first."),
    Order.ORGANISATION: lazy("By the name of the leading organisation; the earliest due date first."),
    Order.CHANGED: lazy("What changed last comes first."),
}
_show_day = lru_cache(maxsize=4096)(format_date)


@blueprint.get("/work")
@signed_in
def work() -> ResponseReturnValue:
    """Show open items: mine, my organisation's, or those of the committees that I lead; all or only the late ones; in several orders."""
    actor, day = current_actor(), today(request_now())
    asked = _asked(views_of(actor))
    with reading() as session:
        page = list_work(session, actor, asked, day, request.args.get("cursor"))
    views = [(_address(replace(asked, view=view)), str(_VIEWS[view]), view is asked.view) for view in views_of(actor)]
    orders = [
        (_address(replace(asked, order=order)), str(_ORDERS[order]), order is asked.order)
        for order in orders_of(asked.view, late_only=asked.late_only)
    ]
    return render_template(
        "action_plans/work.html", page=page, rows=_rows(page.rows, day, asked.order), asked=asked, views=views, orders=orders,
        title=_TITLES[asked.view], other=_address(replace(asked, late_only=not asked.late_only)), caption=_CAPTIONS[asked.order],
        item_prefix=_item_prefix(), has_leads=asked.view is not View.ORGANISATION, arguments=_arguments(asked),
    )  # fmt: skip


def _asked(views: list[View]) -> WorkQuery:
    given = request.args.get("view", "")
    chosen = next((view for view in views if view.value == given), View.ORGANISATION)
    late_only = request.args.get("late") == "1"
    order = next((each for each in orders_of(chosen, late_only=late_only) if each.value == request.args.get("order")), Order.DUE)
    return WorkQuery(chosen, late_only, order)


def _arguments(asked: WorkQuery) -> dict[str, str]:
    """Return the arguments of the address that `_asked` reads as ``asked``."""
    late = {"late": "1"} if asked.late_only else {}
    order = {"order": asked.order.value} if asked.order is not Order.DUE else {}
    return {"view": asked.view.value, **late, **order}


def _address(asked: WorkQuery) -> str:
    # Written by hand: every argument is a code, and a dozen calls of url_for cost a tenth of the page.
    return "?" + "&".join(f"{name}={value}" for name, value in _arguments(asked).items())


def _item_prefix() -> str:
    # One call for the page in place of one a row.
    return url_for("action_plans.item", item_id=UUID(int=0)).removesuffix(str(UUID(int=0)))


def _rows(rows: list[Any], day: date, order: Order) -> list[tuple[Any, ...]]:
    """Return the cells of each row as the template writes them; the last says what the order is made from where no other cell does."""
    locale = i18n.get_locale()
    states = {state: (str(ITEM_STATES[state]), TONES[state.value]) for state in ItemState if state in OPEN_STATES}
    lateness: dict[int, str] = {}
    cells = []
    for row in rows:
        late = (day - row.due_on).days
        if late > 0 and late not in lateness:
            lateness[late] = late_text(late)
        cells.append((
            row.id, row.title, _show_day(row.due_on, locale, short=True), lateness[late] if late > 0 else "", *states[row.state],
            row.percent, row.owner or "", row.lead, _reason(row, order, locale),
        ))  # fmt: skip
    return cells


def _reason(row: Any, order: Order, locale: str) -> str:
    if order is Order.PLAN:
        return str(row.plan)
    return format_datetime(row.changed_at, locale) if order is Order.CHANGED else ""
