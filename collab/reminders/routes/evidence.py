"""Pages of what became of reminders: about one object; and saying "I have seen it and work on it"."""

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.calendar import queries as calendar
from collab.kernel import targets
from collab.kernel.access import Actor, Permission, can
from collab.kernel.clock import today
from collab.kernel.errors import InvalidInput, NotAllowed, NotFound
from collab.kernel.i18n import _
from collab.kernel.targets import Ref, TargetInfo
from collab.members import queries as members
from collab.notices import links
from collab.notices.links import Link, LinkFault, Purpose
from collab.reminders import presenters, queries, rules, service
from collab.reminders.forms import AcknowledgeForm
from collab.reminders.routes.rules import blueprint
from collab.reminders.service import Reminded
from collab.web.context import current_actor, reading, request_now, unit_of_work
from collab.web.routing import public, signed_in


@blueprint.get("/reminders/about/<kind>/<uuid:target_id>")
@signed_in
def about(kind: str, target_id: UUID) -> ResponseReturnValue:
    """Show who was reminded of an object, and what is known of each reminder."""
    return _about_page(Ref(kind, target_id), None), 200


@blueprint.post("/reminders/about/<kind>/<uuid:target_id>")
@signed_in
def acknowledge(kind: str, target_id: UUID) -> ResponseReturnValue:
    """Say "I have seen it and work on it" until a day."""
    target, form = Ref(kind, target_id), AcknowledgeForm()
    _visible(target)
    if form.validate():
        try:
            with unit_of_work() as session:
                _acknowledge(session, current_actor(), target, form)
        except InvalidInput as error:
            form.put_errors(error.errors)
        else:
            flash(_("It was recorded. Until that day nobody is told that this is late."), "success")
            return redirect(url_for("reminders.about", kind=kind, target_id=target_id), 303)
    return _about_page(target, form), 422


def _acknowledge(session: Session, actor: Actor, target: Ref, form: AcknowledgeForm) -> None:
    service.acknowledge(
        session, actor=actor, now=request_now(), target=target, until_on=form.until_on.data, note=form.note.data or ""
    )


def _visible(target: Ref) -> TargetInfo:
    with reading() as session:
        found = targets.resolve(session, current_actor(), [target]).get(target)
    if found is None:
        raise NotFound(target.kind, target.id)
    return found


def _about_page(target: Ref, form: AcknowledgeForm | None) -> str:
    info = _visible(target)
    with reading() as session:
        page = queries.list_evidence(session, target, request.args.get("cursor"))
        pauses = queries.standstills_of(session, target)
        told = frozenset(row.recipient_id for row in queries.reminders_about(session, target))
        people = {row.recipient_id for row in page.rows} | {row.deputy_for_id for row in page.rows if row.deputy_for_id}
        names = members.user_names(session, people | {row.user_id for row in pauses})
        form = form or _fresh(session)
    return render_template(
        "reminders/about.html", info=info, page=page, pauses=pauses, names=names, form=form, text=presenters,
        may_acknowledge=can(current_actor(), Permission.REMINDER_ACKNOWLEDGE, Reminded(target, told)), day=today(request_now()),
        args={"kind": target.kind, "target_id": target.id},
    )  # fmt: skip


def _fresh(session: Session) -> AcknowledgeForm:
    day = today(request_now())
    return AcknowledgeForm(data={"until_on": rules.progress_pause(day, calendar.closed_days(session, *rules.span_for(day, day)))})


@blueprint.route("/reminders/acknowledge/<token>", methods=["GET", "POST"])
@public
def acknowledge_by_link(token: str) -> ResponseReturnValue:
    """Acknowledge by the link of a mail, without signing in: opening it asks, sending the form acts, and it works once."""
    try:
        link = links.read(Purpose.ACKNOWLEDGE, token, request_now())
        target, info = _of_link(link)
    except LinkFault as fault:
        return render_template("notices/link_fault.html", fault=fault), 410 if fault.is_expired else 404
    with reading() as session:
        if links.is_used(session, token):
            return render_template("notices/link_fault.html", fault=None), 410
        form = AcknowledgeForm() if request.method == "POST" else _fresh(session)
    if request.method == "POST" and form.validate():
        try:
            with unit_of_work() as session:
                if not links.use_once(session, token, request_now()):
                    return render_template("notices/link_fault.html", fault=None), 410
                user = members.get_user(session, link.user_id)
                actor = Actor(user_id=user.id, organisation_id=user.organisation_id, locale=user.locale, assurance=0)
                _acknowledge(session, actor, target, form)
        except InvalidInput as error:
            form.put_errors(error.errors)
        except (NotAllowed, NotFound):
            return render_template("notices/link_fault.html", fault=LinkFault()), 404
        else:
            return render_template("reminders/acknowledged.html", info=info, until_on=form.until_on.data)
    status = 422 if request.method == "POST" else 200
    return render_template("reminders/acknowledge.html", info=info, form=form), status


def _of_link(link: Link) -> tuple[Ref, TargetInfo]:
    """Return what the link is about. Raises LinkFault when that, or the person's account, is no more."""
    if link.target_id is None:
        raise LinkFault
    target = Ref(link.kind, link.target_id)
    with reading() as session:
        info, user = targets.load(session, [target]).get(target), members.find_user(session, link.user_id)
    if info is None or user is None or user.disabled_at is not None:
        raise LinkFault
    return target, info
