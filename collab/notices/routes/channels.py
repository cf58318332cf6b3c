"""Pages of an organisation's further channels."""

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from collab.kernel import access
from collab.kernel.access import Permission
from collab.kernel.errors import InvalidInput, VersionConflict
from collab.kernel.i18n import _
from collab.members import queries as members
from collab.members.policy import Place
from collab.notices import channels as service
from collab.notices import presenters
from collab.notices.channel_models import Channel
from collab.notices.channel_rules import FIXED, OWN, service_name
from collab.notices.forms import ChangedChannelForm, ChannelForm
from collab.notices.kinds import KINDS
from collab.notices.routes.base import blueprint
from collab.web.context import current_actor, reading, request_now, settings, unit_of_work
from collab.web.forms import CollabForm
from collab.web.once import AlreadySubmitted, claim, leads_to, to_first
from collab.web.routing import requires


def _require_keeper(organisation_id: UUID) -> str:
    """Return the organisation's name; raise NotFound, or NotAllowed for who does not keep its channels."""
    with reading() as session:
        found = members.get_organisation(session, organisation_id)
        names = members.organisation_names(session, [found.id])
    access.authorize(current_actor(), Permission.CHANNEL_MANAGE, Place(organisation_id))
    return names[organisation_id]


@blueprint.get("/notices/organisations/<uuid:organisation_id>/channels")
@requires(Permission.CHANNEL_MANAGE)
def channels(organisation_id: UUID) -> ResponseReturnValue:
    """List the channels with what was last posted to each."""
    name = _require_keeper(organisation_id)
    with reading() as session:
        rows = service.list_channels(session, organisation_id)
        posts = service.last_posts(session, [row.id for row in rows])
    return render_template(
        "notices/channels.html", rows=rows, posts=posts, organisation=name, organisation_id=organisation_id, form=CollabForm(),
        service_name=service_name, words=presenters, kinds=KINDS,
    )  # fmt: skip


@blueprint.route("/notices/organisations/<uuid:organisation_id>/channels/new", methods=["GET", "POST"])
@requires(Permission.CHANNEL_MANAGE)
def new_channel(organisation_id: UUID) -> ResponseReturnValue:
    """Add a channel."""
    name, form = _require_keeper(organisation_id), ChannelForm()
    if request.method == "GET" or not form.validate():
        return _form_page(form, organisation_id, name, 200 if request.method == "GET" else 422)
    location = url_for("notices.channels", organisation_id=organisation_id)
    try:
        with unit_of_work() as session:
            claim(session, form, request_now())
            service.add_channel(
                session, actor=current_actor(), now=request_now(), organisation_id=organisation_id, name=form.name.data,
                address=form.address.data, kinds=form.kinds.data,
            )  # fmt: skip
            leads_to(session, form, location)
    except AlreadySubmitted as fact:
        return to_first(fact)
    except InvalidInput as fault:
        form.put_errors(fault.errors)
        return _form_page(form, organisation_id, name, 422)
    flash(_("The channel was added. Test it, then switch it on."), "success")
    return redirect(location, 303)


@blueprint.route("/notices/channels/<uuid:channel_id>/edit", methods=["GET", "POST"])
@requires(Permission.CHANNEL_MANAGE)
def edit_channel(channel_id: UUID) -> ResponseReturnValue:
    """Change a channel; its address is never shown, only replaced."""
    channel = _get(channel_id)
    name = _require_keeper(channel.organisation_id)
    form = ChangedChannelForm(data={"name": channel.name, "kinds": channel.kinds.split(","), "version": channel.version})
    if request.method == "GET" or not form.validate():
        return _form_page(form, channel.organisation_id, name, 200 if request.method == "GET" else 422, channel)
    try:
        with unit_of_work() as session:
            service.change_channel(
                session, actor=current_actor(), now=request_now(), channel_id=channel_id, name=form.name.data,
                address=form.address.data or "", kinds=form.kinds.data, expected_version=form.expected_version,
            )  # fmt: skip
    except InvalidInput as fault:
        form.put_errors(fault.errors)
        return _form_page(form, channel.organisation_id, name, 422, channel)
    except VersionConflict as conflict:
        form.version.data = str(conflict.current_version)
        form.form_errors.append(_("Somebody changed the channel meanwhile: it is called “%(name)s” now.", name=channel.name))
        return _form_page(form, channel.organisation_id, name, 409, channel)
    flash(_("Saved."), "success")
    return redirect(url_for("notices.channels", organisation_id=channel.organisation_id), 303)


@blueprint.post("/notices/channels/<uuid:channel_id>/<any(test, on, off):verb>")
@requires(Permission.CHANNEL_MANAGE)
def use_channel(channel_id: UUID, verb: str) -> ResponseReturnValue:
    """Test a channel, or switch it on or off."""
    actor, now = current_actor(), request_now()
    with unit_of_work() as session:
        channel = service.get_channel(session, actor, channel_id)
        if verb == "test":
            service.ask_for_test(session, actor=actor, now=now, channel_id=channel_id)
        else:
            service.switch_channel(session, actor=actor, now=now, channel_id=channel_id, on=verb == "on")
    said = {
        "test": _("A test is on its way. Look at the result below in a minute."),
        "on": _("The channel is on. What comes up from now on is posted there."),
        "off": _("The channel is off."),
    }
    flash(said[verb], "success")
    return redirect(url_for("notices.channels", organisation_id=channel.organisation_id), 303)


@blueprint.route("/notices/channels/<uuid:channel_id>/remove", methods=["GET", "POST"])
@requires(Permission.CHANNEL_MANAGE)
def remove_channel(channel_id: UUID) -> ResponseReturnValue:
    """Ask whether a channel is to be removed, and remove it."""
    channel = _get(channel_id)
    if request.method == "GET":
        return render_template("notices/channel_remove.html", channel=channel, form=CollabForm())
    with unit_of_work() as session:
        service.remove_channel(session, actor=current_actor(), now=request_now(), channel_id=channel_id)
    flash(_("The channel was removed."), "success")
    return redirect(url_for("notices.channels", organisation_id=channel.organisation_id), 303)


def _get(channel_id: UUID) -> Channel:
    with reading() as session:
        return service.get_channel(session, current_actor(), channel_id)


def _form_page(
    form: ChannelForm, organisation_id: UUID, name: str, status: int, channel: Channel | None = None
) -> ResponseReturnValue:
    return render_template(
        "notices/channel_form.html", form=form, organisation=name, organisation_id=organisation_id, channel=channel,
        services=sorted(FIXED.values()), own=sorted(OWN.values()) if settings().channel_hosts else [],
        hosts=sorted(settings().channel_hosts),
    ), status  # fmt: skip
