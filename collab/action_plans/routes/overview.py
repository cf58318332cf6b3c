"""Views of the overview: how plans and municipalities stand, and the items behind every figure."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from flask import render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.action_plans import overview, overview_chart, queries, rules
from collab.action_plans import overview_words as words
from collab.action_plans.emails import item_url
from collab.action_plans.lights import Flag
from collab.action_plans.models import ActionPlan
from collab.action_plans.overview import Standing
from collab.action_plans.overview_queries import Scope
from collab.action_plans.routes.common import blueprint
from collab.action_plans.wording import ITEM_STATES, TONES, late_text
from collab.kernel.access import Permission
from collab.kernel.clock import today
from collab.kernel.i18n import LazyText
from collab.kernel.ids import as_uuid
from collab.kernel.paging import paged
from collab.members import queries as members
from collab.members.rules import name_of
from collab.web.context import current_actor, reading, request_now
from collab.web.routing import requires


@blueprint.get("/action-plans/overview")
@requires(Permission.ACTION_PLAN_VIEW)
def overview_page() -> ResponseReturnValue:
    """Show how plans and municipalities stand: lights with their reasons, figures, earned against planned."""
    actor, scope = current_actor(), _scope()
    with reading() as session:
        found = overview.read(session, actor, scope, request_now())
        names = _names(session, scope, found.plans, [row.key for row in found.by_organisation])
    tables: list[tuple[str, LazyText, Sequence[Standing]]] = [
        ("committee", words.BY_COMMITTEE, found.by_committee if len(found.by_committee) > 1 else ()),
        ("plan", words.BY_PLAN, found.by_plan),
        ("organisation", words.BY_ORGANISATION, () if scope.organisation_id else found.by_organisation),
    ]
    return render_template(
        "action_plans/overview.html", plans=found.plans, months=found.months, curve=overview_chart.draw(found.months),
        tables=[(title, words.rows(rows, scope, kind, names)) for kind, title, rows in tables if rows],
        total=words.row(found.total, scope, "", names) if found.total else None, figures=words.figures(found.total, scope),
        trend=words.trend_text(found.months), place=_place(scope, names), is_narrowed=scope != Scope(),
        mine=actor.organisation_id if scope.organisation_id != actor.organisation_id else None,
    )  # fmt: skip


@blueprint.get("/action-plans/overview/items")
@requires(Permission.ACTION_PLAN_VIEW)
def overview_items() -> ResponseReturnValue:
    """List the items behind a figure of the overview, earliest due first."""
    scope, day = _scope(), today(request_now())
    flag = next((flag for flag in Flag if flag.value == request.args.get("flag")), Flag.ALL)
    with reading() as session:
        plans, rows = overview.rows_behind(session, current_actor(), scope, flag, request_now())
        page = paged(rows, lambda row: row.id, request.args.get("cursor"))
        titles = queries.titles_of(session, [row.id for row in page.rows])
        names = _names(session, scope, plans, [row.lead_organisation_id for row in page.rows])
    cells = [
        (titles.get(row.id, ""), item_url(row.id), names.get(row.lead_organisation_id, ""), row.due_on,
         late_text(rules.days_late(row.due_on, row.state, day)), str(ITEM_STATES[row.state]), TONES[row.state.value], row.percent)
        for row in page.rows
    ]  # fmt: skip
    return render_template(
        "action_plans/overview_items.html", page=page, cells=cells, number=len(rows), title=words.FLAGS[flag], place=_place(scope, names),
        args={**words.scope_args(scope), "flag": flag.value}, back=words.scope_args(scope),
    )  # fmt: skip


def _scope() -> Scope:
    committee, plan, organisation = (as_uuid(request.args.get(name)) for name in ("committee", "plan", "organisation"))
    return Scope(committee, plan, organisation)


def _names(session: Session, scope: Scope, plans: Sequence[ActionPlan], organisations: Sequence[UUID]) -> dict[UUID, str]:
    """Return the names of the committees and plans that the person may see, and of the organisations."""
    names = {plan.id: plan.title for plan in plans}
    names |= {row.id: name_of(row) for row in members.list_committees(session, current_actor())}
    return names | members.organisation_names(session, {*organisations, scope.organisation_id})


def _place(scope: Scope, names: Mapping[UUID, str]) -> str:
    """Return in words what the page is narrowed to, '' when it is not."""
    keys = (scope.committee_id, scope.plan_id, scope.organisation_id)
    return ", ".join(names[key] for key in keys if key and key in names)
