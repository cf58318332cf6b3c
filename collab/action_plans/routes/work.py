"""The work list: the page that is opened most, so everything that does not change from row to row is reckoned once."""

from datetime import date
from functools import lru_cache
from typing import Any
from uuid import UUID

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from collab.action_plans.routes.common import blueprint
from collab.action_plans.states import OPEN_STATES, ItemState
from collab.action_plans.wording import ITEM_STATES, TONES, late_text
from collab.action_plans.work import View, WorkQuery, list_work, views_of
from collab.kernel import i18n
from collab.kernel.clock import today
from collab.kernel.dates import format_date
from collab.kernel.i18n import lazy
from collab.web.context import current_actor, reading, request_now
from collab.web.routing import signed_in

_VIEWS = {View.MINE: lazy("Mine"), View.ORGANISATION: lazy("My organisation"), View.COMMITTEES: lazy("My committees")}
_TITLES = {
    View.MINE: lazy("Open items that I own"),
    View.ORGANISATION: lazy("Open items that my organisation leads"),
    View.COMMITTEES: lazy("Open items of the committees that I lead"),
}
_show_day = lru_cache(maxsize=4096)(format_date)


@blueprint.get("/work")
@signed_in
def work() -> ResponseReturnValue:
    """Show open items by due date: mine, my organisation's, or those of the committees that I lead; all or only the late ones."""
    actor, day = current_actor(), today(request_now())
    asked = _asked(views_of(actor))
    with reading() as session:
        page = list_work(session, actor, asked, day, request.args.get("cursor"))
    views = [(view.value, str(_VIEWS[view]), view is asked.view) for view in views_of(actor)]
    return render_template(
        "action_plans/work.html", page=page, rows=_rows(page.rows, day), asked=asked, views=views, title=_TITLES[asked.view],
        item_prefix=_item_prefix(), has_leads=asked.view is not View.ORGANISATION,
    )  # fmt: skip


def _asked(views: list[View]) -> WorkQuery:
    given = request.args.get("view", "")
    chosen = next((view for view in views if view.value == given), View.ORGANISATION)
    return WorkQuery(chosen, request.args.get("late") == "1")


def _item_prefix() -> str:
    # One call for the page in place of one a row.
    return url_for("action_plans.item", item_id=UUID(int=0)).removesuffix(str(UUID(int=0)))


def _rows(rows: list[Any], day: date) -> list[tuple[Any, ...]]:
    """Return the cells of each row as the template writes them."""
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
            row.percent, row.owner or "", row.lead,
        ))  # fmt: skip
    return cells
