"""Views of a plan as PDF, with the filters in their address."""

from dataclasses import replace
from uuid import UUID

from flask import Response, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.action_plans import blocked, documents
from collab.action_plans import board as boards
from collab.action_plans import map as maps
from collab.action_plans import month as months
from collab.action_plans.routes.common import blueprint
from collab.action_plans.routes.views_board import board_by
from collab.action_plans.routes.views_common import View, open_view
from collab.action_plans.routes.views_other import holidays, within
from collab.documents.typesetting import Heading, Paper, Paragraph, render_pdf
from collab.kernel.access import Permission
from collab.kernel.i18n import lazy
from collab.web.context import reading, request_now
from collab.web.downloads import PDF, download
from collab.web.routing import requires

#: What stands above each paper, below the name of the plan.
_TITLES = {
    "table": lazy("Items"), "timeline": lazy("Timeline"), "month": lazy("Calendar"), "board": lazy("Board"), "waits": lazy("Who waits for whom"),
    "map": lazy("Items by organisation"),
}  # fmt: skip


@blueprint.get("/action-plans/<uuid:plan_id>/table.pdf")
@requires(Permission.ACTION_PLAN_VIEW)
def table_pdf(plan_id: UUID) -> ResponseReturnValue:
    """Send the table as PDF."""
    with reading() as session:
        view = open_view(session, plan_id, "plan")
        paper = documents.table_paper(view.plan, view.committee, view.lines(session), view.today, view.whole.groups)
    return _send(view, paper, "table")


@blueprint.get("/action-plans/<uuid:plan_id>/timeline.pdf")
@requires(Permission.ACTION_PLAN_VIEW)
def timeline_pdf(plan_id: UUID) -> ResponseReturnValue:
    """Send the timeline as PDF."""
    with reading() as session:
        view = open_view(session, plan_id, "plan")
        paper = documents.timeline_paper(view.plan, view.committee, view.lines(session), view.today)
    return _send(view, paper, "timeline")


@blueprint.get("/action-plans/<uuid:plan_id>/month.pdf")
@requires(Permission.ACTION_PLAN_VIEW)
def month_pdf(plan_id: UUID) -> ResponseReturnValue:
    """Send a month as PDF."""
    with reading() as session:
        view = open_view(session, plan_id, "month")
        paper = documents.month_paper(view.plan, view.committee, _month(session, view), view.today)
    return _send(view, paper, "month")


@blueprint.get("/action-plans/<uuid:plan_id>/board.pdf")
@requires(Permission.ACTION_PLAN_VIEW)
def board_pdf(plan_id: UUID) -> ResponseReturnValue:
    """Send the board as PDF, every card of every column."""
    by = board_by()
    with reading() as session:
        view = open_view(session, plan_id, "board")
        lines = view.lines(session)
    paper = documents.board_paper(view.plan, view.committee, boards.columns(lines, by, len(lines)), by, view.today)
    return _send(view, paper, "board")


@blueprint.get("/action-plans/<uuid:plan_id>/waits.pdf")
@requires(Permission.ACTION_PLAN_VIEW)
def waits_pdf(plan_id: UUID) -> ResponseReturnValue:
    """Send who waits for whom as PDF."""
    with reading() as session:
        view = open_view(session, plan_id, "waits")
        found = blocked.read_waits(session, plan_id, view.today)
    names = dict(view.names.organisations)
    waiting, awaited = blocked.of_organisation(found, view.filters.organisation)
    paper = documents.waits_paper(
        view.plan, view.committee, blocked.matrix(found, names), [*waiting, *awaited], names, view.today
    )
    return _send(view, paper, "waits")


@blueprint.get("/action-plans/<uuid:plan_id>/map.pdf")
@requires(Permission.ACTION_PLAN_VIEW)
def map_pdf(plan_id: UUID) -> ResponseReturnValue:
    """Send what each organisation leads as PDF."""
    with reading() as session:
        view = open_view(session, plan_id, "map")
        shares = maps.shares(view.lines(session))
    return _send(view, documents.map_paper(view.plan, view.committee, shares, view.today), "map")


def _month(session: Session, view: View) -> months.Month:
    first = months.month_of(request.args.get("month", ""), view.today)
    found = view.lines(session, within(view.filters, first, months.last_day(first)))
    return months.lay_out(first, found, holidays(session, first), view.today)


def _send(view: View, paper: Paper, name: str) -> Response:
    blocks = [Heading(str(_TITLES[name])), *([Paragraph(view.narrowed)] if view.narrowed else []), *paper.blocks]
    paper = replace(paper, blocks=blocks)
    return download(render_pdf(paper, request_now()), PDF, f"plan-{view.plan.fiscal_year}-{name}.pdf")
