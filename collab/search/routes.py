"""Global search."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from collab.kernel import targets
from collab.kernel.paging import Page
from collab.search import queries
from collab.search.queries import Hit
from collab.web.context import current_actor, reading
from collab.web.routing import signed_in

blueprint = Blueprint("search", __name__)


@blueprint.get("/search")
@signed_in
def results() -> ResponseReturnValue:
    """Show what is found for ``q``, narrowed by ``kind``."""
    query = request.args.get("q", "").strip()
    kind = request.args.get("kind", "")
    kinds = {name: str(found.label) for name, found in targets.kinds().items()}
    page: Page[Hit] = Page([])
    if query:
        with reading() as session:
            page = queries.find(
                session, current_actor(), query, kind=kind if kind in kinds else "", cursor=request.args.get("cursor")
            )
    return render_template("search/results.html", query=query, kind=kind, page=page)
