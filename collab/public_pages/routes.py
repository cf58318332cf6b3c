"""Pages for citizens."""

from uuid import UUID

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from collab.audits.wording import value_text
from collab.kernel.clock import today
from collab.members import queries as members
from collab.members.rules import name_of
from collab.public_pages import queries
from collab.web.context import reading, request_now
from collab.web.routing import public

blueprint = Blueprint("public_pages", __name__)


@blueprint.get("/public")
@public
def index() -> ResponseReturnValue:
    """List what was agreed, with the progress of each agreement's newest plan."""
    day = today(request_now())
    with reading() as session:
        page = queries.list_agreements(session, request.args.get("cursor"))
        keys = [row.id for row in page.rows]
        parties = queries.parties_of(session, keys)
        newest = {plan.agreement_id: plan for plan in reversed(queries.plans_of(session, keys))}
        progress = queries.progress_of(session, [plan.id for plan in newest.values()], day)
        names = members.organisation_names(session, {key for found in parties.values() for key in found})
    return render_template(
        "public_pages/index.html", page=page, parties=parties, names=names, newest=newest, progress=progress, day=day
    )


@blueprint.get("/public/agreements/<uuid:agreement_id>")
@public
def agreement(agreement_id: UUID) -> ResponseReturnValue:
    """Show one agreement: its partners, its clauses, and how far its plans are."""
    day = today(request_now())
    with reading() as session:
        found = queries.get_agreement(session, agreement_id)
        parties = queries.parties_of(session, [agreement_id])[agreement_id]
        clauses = queries.clauses_of(session, agreement_id)
        plans = queries.plans_of(session, [agreement_id])
        progress = queries.progress_of(session, [plan.id for plan in plans], day)
        items = queries.items_of(session, plans[0].id, day) if plans else []
        names = members.organisation_names(session, {*parties, *(item.organisation_id for item in items)})
        committee = queries.committees_by_ids(session, {found.committee_id})[found.committee_id]
    return render_template(
        "public_pages/agreement.html", agreement=found, partners=[{"name": names[key], "state": "agreed"} for key in parties],
        clauses=clauses, plans=plans, progress=progress, items=items, names=names, committee=name_of(committee), day=day,
        state_text=value_text, ended=found.ended_on or (found.valid_to if found.valid_to and found.valid_to < day else None),
    )  # fmt: skip


@blueprint.get("/public/accessibility")
@public
def accessibility() -> ResponseReturnValue:
    """Show the accessibility statement."""
    return render_template("public_pages/accessibility.html")


@blueprint.get("/public/help")
@public
def help_page() -> ResponseReturnValue:
    """Show where to start and whom to ask."""
    return render_template("public_pages/help.html")
