"""Calendar links: made, shown once, revoked; and what a calendar reads under one."""

from uuid import UUID

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from collab.action_plans import exchange, feeds, queries, rows
from collab.action_plans.filters import Filters
from collab.action_plans.routes.common import blueprint, item_prefix
from collab.kernel.clock import today
from collab.kernel.errors import InvalidInput
from collab.kernel.i18n import _
from collab.kernel.targets import Ref
from collab.web.context import current_actor, reading, request_now, settings, unit_of_work
from collab.web.forms import CollabForm
from collab.web.routing import public, signed_in
from collab.web.taking import note_reader


@blueprint.route("/calendar-links", methods=["GET", "POST"])
@signed_in
def calendar_links() -> ResponseReturnValue:
    """Show one's calendar links; make one, for a plan or for all that one owns, and show its secret this once."""
    form, address, status = CollabForm(), "", 200
    plan_id = _plan_id()
    if request.method == "POST" and form.validate():
        try:
            with unit_of_work() as session:
                token = feeds.make_feed(session, actor=current_actor(), now=request_now(), plan_id=plan_id)
            address = settings().base_url + url_for("action_plans.calendar_feed", token=token)
        except InvalidInput as error:
            form.put_errors(error.errors)
            status = 422
    with reading() as session:
        plan = queries.get_plan(session, current_actor(), plan_id) if plan_id else None
        listed = feeds.list_feeds(session, current_actor())
    return render_template("action_plans/feeds.html", form=form, feeds=listed, plan=plan, address=address), status


def _plan_id() -> UUID | None:
    try:
        return UUID(request.args.get("plan", ""))
    except ValueError:
        return None


@blueprint.post("/calendar-links/<uuid:feed_id>/revoke")
@signed_in
def revoke_calendar_link(feed_id: UUID) -> ResponseReturnValue:
    """Revoke a calendar link: calendars that use it get nothing more."""
    if CollabForm().validate():
        with unit_of_work() as session:
            feeds.revoke_feed(session, actor=current_actor(), now=request_now(), feed_id=feed_id)
        flash(_("The calendar link was revoked."), "success")
    return redirect(url_for("action_plans.calendar_links"), 303)


@blueprint.get("/calendar-links/<token>.ics")
@public
def calendar_feed(token: str) -> ResponseReturnValue:
    """Send due dates to a calendar that knows the secret of a link, with what its maker may see today."""
    with reading() as session:
        actor, plan_id = feeds.reader_of(session, token, request_now())
        day = today(request_now())
        if plan_id is None:
            found, title = rows.read_owned(session, actor), _("Items that I own")
        else:
            plan = queries.get_plan(session, actor, plan_id)
            found, title = rows.read_all(session, plan.id, Filters(), day), plan.title
        if actor.user_id:
            note_reader(actor, Ref("action_plan", plan_id) if plan_id else Ref("user", actor.user_id))
        lines = rows.lines(found, rows.read_names(session, *rows.ids_in(found)), day)
    data = exchange.to_calendar(lines, title, settings().base_url + item_prefix(), request_now())
    response = Response(data, content_type="text/calendar; charset=utf-8")
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
