"""The notice centre, its preferences, the links of mails that switch them off, and the developers' view of the local mail sink."""

from email import message_from_bytes, policy
from uuid import UUID

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from collab.kernel import targets
from collab.kernel.errors import NotFound
from collab.kernel.i18n import _
from collab.kernel.targets import Ref
from collab.members.address_queries import find_flag
from collab.notices import links, queries, service
from collab.notices.forms import PreferencesForm
from collab.notices.kinds import KINDS
from collab.notices.links import LinkFault, Purpose
from collab.notices.routes.base import blueprint
from collab.web.context import current_actor, reading, request_now, settings, unit_of_work
from collab.web.forms import CollabForm
from collab.web.routing import local_path, public, signed_in

#: A mail's looks stand at its elements; it may do nothing else.
MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@blueprint.get("/notices")
@signed_in
def index() -> ResponseReturnValue:
    """Show the person's messages, all or of one kind, also only the unread ones."""
    kind, unread = request.args.get("kind", ""), request.args.get("unread") == "1"
    kind = kind if kind in KINDS else ""
    with reading() as session:
        page = queries.list_messages(session, current_actor(), request.args.get("cursor"), kind=kind, unread_only=unread)
        muted = set(queries.muted_targets(session, current_actor()))
        user_id = current_actor().user_id
        flag = find_flag(session, user_id) if user_id else None
    return render_template(
        "notices/index.html", page=page, form=CollabForm(), kinds=KINDS, kind=kind, unread=unread,
        muted={ref.id for ref in muted}, flag=flag,
    )  # fmt: skip


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


@blueprint.post("/notices/<any(mute, unmute):position>/<kind>/<uuid:target_id>")
@signed_in
def mute(position: str, kind: str, target_id: UUID) -> ResponseReturnValue:
    """Want no mail about an object, or want it again."""
    if kind not in targets.kinds():
        raise NotFound(kind, target_id)
    with unit_of_work() as session:
        service.mute_target(
            session, actor=current_actor(), now=request_now(), target=Ref(kind, target_id), mute=position == "mute"
        )
    if position == "mute":
        flash(_("No more mail about this. What your duty asks of you still comes."), "success")
    else:
        flash(_("Mail about this comes again."), "success")
    return redirect(url_for("notices.preferences" if position == "unmute" else "notices.index"), 303)


@blueprint.route("/notices/preferences", methods=["GET", "POST"])
@signed_in
def preferences() -> ResponseReturnValue:
    """Choose how each kind comes by mail, and see of which objects no mail is wanted."""
    with reading() as session:
        chosen = queries.preferences(session, current_actor())
        muted = targets.resolve(session, current_actor(), queries.muted_targets(session, current_actor()))
    form = PreferencesForm(data={kind: mode.value for kind, mode in chosen.items()})
    if request.method == "POST" and form.validate():
        with unit_of_work() as session:
            service.set_preferences(session, actor=current_actor(), modes=form.modes())
        flash(_("Your choice was saved."), "success")
        return redirect(url_for("notices.preferences"), 303)
    status = 422 if request.method == "POST" else 200
    return render_template("notices/preferences.html", form=form, kinds=KINDS, muted=list(muted.values())), status


@blueprint.route("/notices/unsubscribe/<token>", methods=["GET", "POST"])
@public
def unsubscribe(token: str) -> ResponseReturnValue:
    """Ask whether mail of this kind is to stop, and stop it when the answer is sent; opening the link changes nothing.

    A mail program sends the answer by itself when its user presses its button. Doing it twice changes nothing.
    """
    try:
        link = links.read(Purpose.UNSUBSCRIBE, token, request_now())
    except LinkFault as fault:
        return render_template("notices/link_fault.html", fault=fault), 410 if fault.is_expired else 404
    label = KINDS[link.kind].label if link.kind in KINDS else _("all notices that may be switched off")
    if request.method == "POST":
        with unit_of_work() as session:
            service.unsubscribe(session, link=link)
    return render_template("notices/unsubscribe.html", label=label, done=request.method == "POST")


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


@blueprint.get("/dev/mail/<uuid:sunk_id>/file")
@public
def sunk_file(sunk_id: UUID) -> ResponseReturnValue:
    """Show the page of a mail of the local sink as a mail program does: with its own looks, and nothing else."""
    _only_in_demo()
    with reading() as session:
        page = message_from_bytes(queries.get_sunk(session, sunk_id).source, policy=policy.SMTP).get_body(("html",))
    if page is None:
        raise NotFound("mail", sunk_id)
    return Response(page.get_content(), headers={"Content-Security-Policy": MAIL_POLICY})


def _only_in_demo() -> None:
    if settings().env.value == "production":
        raise NotFound("page", request.path)
