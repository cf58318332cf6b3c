"""The notice centre, its preferences, and the developers' view of the local mail sink."""

from uuid import UUID

from flask import Blueprint, Flask, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from collab.kernel.errors import NotFound
from collab.kernel.i18n import _
from collab.notices import queries, service
from collab.notices.kinds import MUTABLE
from collab.web.context import current_actor, reading, request_now, settings, unit_of_work
from collab.web.forms import CollabForm
from collab.web.requests import register_badge
from collab.web.routing import local_path, public, signed_in

blueprint = Blueprint("notices", __name__)


def install(app: Flask) -> None:
    """Show the number of unread notices in the layout."""
    register_badge(queries.count_unread)


@blueprint.get("/notices")
@signed_in
def index() -> ResponseReturnValue:
    """Show the person's messages."""
    with reading() as session:
        page = queries.list_messages(session, current_actor(), request.args.get("cursor"))
    return render_template("notices/index.html", page=page, form=CollabForm())


@blueprint.post("/notices/<uuid:message_id>/read")
@signed_in
def read(message_id: UUID) -> ResponseReturnValue:
    """Mark a message as read and go to what it is about."""
    with unit_of_work() as session:
        found = service.mark_read(session, actor=current_actor(), now=request_now(), message_id=message_id)
        target = local_path(found.url)
    return redirect(target or url_for("notices.index"), 303)


@blueprint.post("/notices/read-all")
@signed_in
def read_all() -> ResponseReturnValue:
    """Mark everything as read."""
    with unit_of_work() as session:
        service.mark_all_read(session, actor=current_actor(), now=request_now())
    return redirect(url_for("notices.index"), 303)


@blueprint.route("/notices/preferences", methods=["GET", "POST"])
@signed_in
def preferences() -> ResponseReturnValue:
    """Choose which kinds come by mail. Opening a mail's link changes nothing by itself: this page asks first."""
    form = CollabForm()
    if request.method == "POST" and form.validate():
        wanted = set(request.form.getlist("mail"))
        with unit_of_work() as session:
            service.set_muted(session, actor=current_actor(), kinds=set(MUTABLE) - wanted)
        flash(_("Your choice was saved."), "success")
        return redirect(url_for("notices.preferences"), 303)
    with reading() as session:
        muted = queries.muted_kinds(session, current_actor())
    return render_template("notices/preferences.html", form=form, kinds=MUTABLE, muted=muted)


@blueprint.get("/dev/mail")
@public
def sink() -> ResponseReturnValue:
    """List the mails of the local sink; only in the demo and in tests."""
    _only_in_demo()
    with reading() as session:
        page = queries.list_sunk(session, request.args.get("cursor"))
    return render_template("notices/sink.html", page=page)


@blueprint.get("/dev/mail/<uuid:sunk_id>")
@public
def sunk(sunk_id: UUID) -> ResponseReturnValue:
    """Show one mail of the local sink."""
    _only_in_demo()
    with reading() as session:
        mail = queries.get_sunk(session, sunk_id)
    return render_template("notices/sunk.html", mail=mail)


def _only_in_demo() -> None:
    if settings().env.value == "production":
        raise NotFound("page", request.path)
