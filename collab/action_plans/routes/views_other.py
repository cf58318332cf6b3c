"""The calendar, who waits for whom, and the map of a plan."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.action_plans import blocked
from collab.action_plans import map as maps
from collab.action_plans import month as months
from collab.action_plans.filters import Filters
from collab.action_plans.routes.common import blueprint, item_prefix
from collab.action_plans.routes.views_common import View, open_view, tidied
from collab.calendar import queries as calendar
from collab.kernel import i18n
from collab.kernel.access import Permission
from collab.members import places
from collab.web.context import current_actor, reading
from collab.web.routing import requires


@blueprint.get("/action-plans/<uuid:plan_id>/month")
@requires(Permission.ACTION_PLAN_VIEW)
def month_view(plan_id: UUID) -> ResponseReturnValue:
    """Show a month: what is due on which day, and when offices are closed."""
    with reading() as session:
        view = open_view(session, plan_id, "month")
        if (tidy := tidied(view)) is not None:
            return tidy
        first = months.month_of(request.args.get("month", ""), view.today)
        found = view.lines(session, within(view.filters, first, months.last_day(first)))
        shown = months.lay_out(first, found, holidays(session, first), view.today)

    def to(day: date) -> str:
        return url_for("action_plans.month_view", plan_id=plan_id, month=f"{day:%Y-%m}", **view.arguments)

    neighbours = [(to(day), months.month_title(day)) for day in (shown.previous, shown.next)]
    return render_template(
        "action_plans/month.html", view=view, plan=view.plan, month=shown, neighbours=neighbours, item_prefix=item_prefix()
    )


def within(filters: Filters, first: date, last: date) -> Filters:
    """Return the filters narrowed to what is due from ``first`` to ``last``."""
    return replace(filters, due_from=max(first, filters.due_from or first), due_to=min(last, filters.due_to or last))


def holidays(session: Session, first: date) -> dict[date, tuple[str, bool]]:
    """Return the holidays around a month by day: their names in the language in force, and whether offices are closed."""
    english = i18n.get_locale() == "en"
    years = {first.year, months.last_day(first).year}
    return {
        row.day: ((row.name_en if english else row.name_th) or row.name_th, row.is_office_closed)
        for year in sorted(years)
        for row in calendar.list_holidays(session, year)
    }


@blueprint.get("/action-plans/<uuid:plan_id>/waits")
@requires(Permission.ACTION_PLAN_VIEW)
def waits(plan_id: UUID) -> ResponseReturnValue:
    """Show who waits for whom: across organisations, or in both directions for the organisation in the filter."""
    with reading() as session:
        view = open_view(session, plan_id, "waits")
        if (tidy := tidied(view)) is not None:
            return tidy
        found = blocked.read_waits(session, plan_id, view.today)
    names = dict(view.names.organisations)
    chosen = view.filters.organisation
    waiting, awaited = blocked.of_organisation(found, chosen)
    own = current_actor().organisation_id
    return render_template(
        "action_plans/waits.html", view=view, plan=view.plan, names=names, waiting=waiting, awaited=awaited, matrix=blocked.matrix(found, names),
        chosen=chosen, own=own if own in names else None, inside=sum(1 for wait in found if not wait.crosses), item_prefix=item_prefix(),
    )  # fmt: skip


@blueprint.get("/action-plans/<uuid:plan_id>/map")
@requires(Permission.ACTION_PLAN_VIEW)
def plan_map(plan_id: UUID) -> ResponseReturnValue:
    """Show what each organisation leads, its tile where it lies, with the same in a table."""
    with reading() as session:
        view = open_view(session, plan_id, "map")
        if (tidy := tidied(view)) is not None:
            return tidy
        shares = maps.shares(view.lines(session))
        known = places.places_of(session, [share.organisation_id for share in shares])
    links = {share.organisation_id: _table_of(view, share.organisation_id) for share in shares}
    late_links = {share.organisation_id: _table_of(view, share.organisation_id, late="1") for share in shares}
    return render_template(
        "action_plans/map.html",
        view=view,
        plan=view.plan,
        shares=shares,
        map=maps.draw(shares, known),
        links=links,
        late_links=late_links,
    )


def _table_of(view: View, organisation_id: UUID, **more: str) -> str:
    """Return the address of exactly the rows that a figure of the map counts."""
    arguments: dict[str, Any] = {**view.arguments, "organisation": str(organisation_id), "leads": "1", **more}
    return url_for("action_plans.detail", plan_id=view.plan.id, **arguments)
