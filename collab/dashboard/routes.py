"""The first screen after signing in."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from collab.audits import telling
from collab.dashboard import overview
from collab.kernel import turns
from collab.kernel.access import Role
from collab.kernel.ids import as_uuid
from collab.reminders.registry import due_kinds
from collab.web.context import current_actor, reading, request_now
from collab.web.routing import signed_in

blueprint = Blueprint("dashboard", __name__)
RECENT = 5


@blueprint.get("/home")
@signed_in
def home() -> ResponseReturnValue:
    """Show what waits for the person; overseers also see their committees, auditors the last decisions."""
    actor, now = current_actor(), request_now()
    with reading() as session:
        work = turns.work_of(session, actor, now)
        waiting = overview.others_of(session, actor, now)
        committees = overview.committees_of(session, actor, now)
        plans = overview.plans_of(session, actor, now)
        decisions = telling.last_decisions(session, actor, RECENT) if actor.has(Role.AUDITOR) else []
    return render_template(
        "dashboard/home.html",
        work=work,
        waiting=waiting,
        committees=committees,
        plans=plans,
        decisions=decisions,
        is_auditor=actor.has(Role.AUDITOR),
        is_overseer=any(actor.has(role) for role in overview.OVERSEERS),
        is_executive=actor.has(Role.EXECUTIVE),
    )


@blueprint.get("/due")
@signed_in
def due() -> ResponseReturnValue:
    """List the rows behind a figure: what is late of one kind, in one committee or all that the person may see."""
    kind, committee = request.args.get("kind", ""), request.args.get("committee", "")
    with reading() as session:
        page = overview.late_rows(session, current_actor(), request_now(), kind, as_uuid(committee), request.args.get("cursor"))
    label = str(due_kinds()[kind].label) if kind in due_kinds() else ""
    return render_template("dashboard/due.html", page=page, kind=kind, committee=committee, label=label)
