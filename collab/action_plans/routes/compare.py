"""Views that compare a plan between two points: page, workbook, paper."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.action_plans import compare_documents, compare_exchange, compare_forms, compare_points, queries
from collab.action_plans import compare_presenters as presenters
from collab.action_plans import compare_words as words
from collab.action_plans.compare_forms import CompareForm
from collab.action_plans.comparison import PlanComparison, compare_plan
from collab.action_plans.models import ActionPlan
from collab.action_plans.routes.common import blueprint
from collab.documents.sheets import XLSX, as_workbook
from collab.documents.typesetting import render_pdf
from collab.kernel.access import Permission
from collab.kernel.paging import paged
from collab.web.context import current_actor, reading, request_now
from collab.web.downloads import PDF, download
from collab.web.routing import requires

#: Items on one page, and acts told of each; workbook and paper have all.
PAGE, MOST_ACTS = 50, 8


@dataclass(frozen=True)
class Asked:
    """A comparison as it was asked for; ``since`` is the end of the draft, when the reader may not see what it said before."""

    plan: ActionPlan
    form: CompareForm
    labels: tuple[str, str]
    found: PlanComparison | None
    since: datetime | None = None


@blueprint.get("/action-plans/<uuid:plan_id>/compare")
@requires(Permission.ACTION_PLAN_VIEW)
def compare(plan_id: UUID) -> ResponseReturnValue:
    """Show what changed in a plan between two points; ``show`` narrows the items to one kind of change."""
    with reading() as session:
        asked = _asked(session, plan_id)
        if asked.found is None:
            return _refused(asked)
        show = next((change for change in words.CHANGES if change.value == request.args.get("show")), None)
        rows = [row for row in asked.found.rows if show in (None, row.change)]
        page = paged(rows, lambda row: row.item_id, request.args.get("cursor"), PAGE)
        told = presenters.tell(session, current_actor(), asked.found, page.rows, asked.labels, most_acts=MOST_ACTS)
    points = _points()
    return render_template(
        "action_plans/compare.html", plan=asked.plan, form=asked.form, told=told, page=page, show=show, since=asked.since,
        counts=_counts(plan_id, told), changes=words.CHANGES, points=points, args={**points, **({"show": show.value} if show else {})},
    )  # fmt: skip


@blueprint.get("/action-plans/<uuid:plan_id>/compare.<any(xlsx, pdf):kind>")
@requires(Permission.ACTION_PLAN_VIEW)
def compare_file(plan_id: UUID, kind: str) -> ResponseReturnValue:
    """Send the whole comparison as a workbook or as a paper; points that cannot be read lead back to the form."""
    with reading() as session:
        asked = _asked(session, plan_id)
        if asked.found is None:
            return _refused(asked)
        told = presenters.tell(session, current_actor(), asked.found, asked.found.rows, asked.labels)
    name = f"plan-comparison-{asked.plan.fiscal_year}.{kind}"
    if kind == "xlsx":
        return download(as_workbook(compare_exchange.sheets(asked.plan.title, told)), XLSX, name)
    return download(render_pdf(compare_documents.paper_of(asked.plan, told, request_now()), request_now()), PDF, name)


def _refused(asked: Asked) -> ResponseReturnValue:
    return render_template("action_plans/compare.html", plan=asked.plan, form=asked.form, told=None), 422


def _asked(session: Session, plan_id: UUID) -> Asked:
    """Return the comparison that the address asks for; without a result when that cannot be shown, with the fault in the form."""
    plan = queries.get_plan(session, current_actor(), plan_id)
    approved = compare_points.approvals(session, plan)
    form = compare_forms.make(request.args if "earlier" in request.args else None, approved, request_now())
    chosen = compare_forms.chosen(form, approved, request_now()) if not form.is_asked or form.validate() else None
    if chosen is None:
        return Asked(plan, form, ("", ""), None)
    since = compare_points.first_visible(current_actor(), plan)
    earlier, later = (max(point.at, since) if since else point.at for point in chosen)
    found = compare_plan(session, plan.id, earlier, later)
    return Asked(plan, form, (chosen[0].label, chosen[1].label), found, since if since and chosen[0].at < since else None)


def _points() -> dict[str, Any]:
    """Return the arguments of the address that say between which points is compared."""
    return {key: value for key, value in request.args.items() if key.startswith(("earlier", "later"))}


def _counts(plan_id: UUID, told: presenters.ToldComparison) -> list[tuple[str, int, str]]:
    """Return each kind of change with its number and the address of the list of exactly these items."""
    return [
        (str(words.CHANGES[change]), number, url_for("action_plans.compare", plan_id=plan_id, **_points(), show=change.value) + "#items")
        for change, number in told.counts.items()
    ]  # fmt: skip
