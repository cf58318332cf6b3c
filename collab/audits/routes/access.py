"""Access of auditors for a period, what they read and took away, and their private notes."""

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.audits import access_queries, service
from collab.audits.forms import EndForm, GrantForm, NoteForm
from collab.audits.models import AuditAccess
from collab.audits.routes.blueprint import blueprint
from collab.audits.service.access import Mandate, Place
from collab.kernel import targets
from collab.kernel.access import Permission, Role, can, could
from collab.kernel.clock import today
from collab.kernel.errors import InvalidInput, NotAllowed, VersionConflict
from collab.kernel.i18n import _
from collab.kernel.targets import Ref
from collab.members import queries as members
from collab.members.rules import name_of
from collab.web.context import current_actor, reading, request_now, unit_of_work
from collab.web.forms import options
from collab.web.once import AlreadySubmitted, claim, leads_to, to_first
from collab.web.routing import requires, signed_in


def state_text(access: AuditAccess) -> str:
    """Return how a mandate stands today, in words."""
    words = {
        "upcoming": _("not yet begun"),
        "running": _("in force now"),
        "ended": _("taken back early"),
        "over": _("ended by itself"),
    }
    return words[access_queries.state_of(access, today(request_now()))]


@blueprint.get("/audit/access")
@signed_in
def access_list() -> ResponseReturnValue:
    """List who may read as an auditor, on which letter, until when."""
    with reading() as session:
        page = access_queries.list_access(session, current_actor(), request.args.get("cursor"))
        names = members.user_names(session, {row.auditor_id for row in page.rows} | {row.granted_by_id for row in page.rows})
        places = _places(session, page.rows)
    may_grant = could(current_actor(), Permission.AUDIT_GRANT)
    return render_template(
        "audits/access_list.html", page=page, names=names, places=places, state_text=state_text, may_grant=may_grant,
        may_audit=could(current_actor(), Permission.AUDIT_VIEW),
    )  # fmt: skip


def _places(session: Session, rows: list[AuditAccess]) -> dict[UUID | None, str]:
    committees = members.committees_by_ids(session, {row.committee_id for row in rows if row.committee_id})
    return {None: _("The whole installation"), **{key: name_of(row) for key, row in committees.items()}}


@blueprint.get("/audit/access/<uuid:access_id>")
@signed_in
def access(access_id: UUID) -> ResponseReturnValue:
    """Show one mandate."""
    return _access_page(access_id, EndForm(), 200)


def _access_page(access_id: UUID, form: EndForm, status: int) -> ResponseReturnValue:
    with reading() as session:
        found = access_queries.get_access(session, current_actor(), access_id)
        names = members.user_names(session, {found.auditor_id, found.granted_by_id})
        places = _places(session, [found])
    if not form.is_submitted():
        form.version.data = str(found.version)
    is_open = access_queries.state_of(found, today(request_now())) in ("running", "upcoming")
    may_end = is_open and can(current_actor(), Permission.AUDIT_GRANT, Place(found.committee_id))
    return render_template(
        "audits/access.html", access=found, names=names, places=places, state=state_text(found), form=form, may_end=may_end,
        may_read=_may_see_readings(found.auditor_id),
    ), status  # fmt: skip


@blueprint.post("/audit/access/<uuid:access_id>/end")
@requires(Permission.AUDIT_GRANT)
def end_access(access_id: UUID) -> ResponseReturnValue:
    """Take access back before its last day."""
    form = EndForm()
    if not form.validate():
        return _access_page(access_id, form, 422)
    try:
        with unit_of_work() as session:
            service.end_access(
                session, actor=current_actor(), now=request_now(), access_id=access_id, reason=form.reason.data,
                expected_version=form.expected_version,
            )  # fmt: skip
    except VersionConflict as conflict:
        form.version.data = str(conflict.current_version)
        form.form_errors.append(_("Somebody changed this meanwhile: read it again, then send."))
        return _access_page(access_id, form, 409)
    flash(_("The access has ended."), "success")
    return redirect(url_for("audits.access", access_id=access_id), 303)


@blueprint.route("/audit/access/new", methods=["GET", "POST"])
@requires(Permission.AUDIT_GRANT)
def grant() -> ResponseReturnValue:
    """Grant an auditor access for a period."""
    form = GrantForm()
    actor = current_actor()
    with reading() as session:
        people = access_queries.possible_auditors(session)
        form.auditor_id.choices = options((str(row.id), f"{name_of(row)} · {row.email}") for row in people)
        form.where.choices = options(_grantable(session))
    if request.method == "GET":
        form.valid_from.process(None, today(request_now()))
        return render_template("audits/grant.html", form=form)
    if form.validate() and form.valid_from.data and form.valid_to.data:
        mandate = Mandate(
            UUID(form.auditor_id.data), UUID(form.where.data) if form.where.data else None, form.reference.data, form.purpose.data,
            form.valid_from.data, form.valid_to.data,
        )  # fmt: skip
        try:
            with unit_of_work() as session:
                claim(session, form, request_now())
                made = service.grant_access(session, actor=actor, now=request_now(), mandate=mandate)
                location = url_for("audits.access", access_id=made.id)
                leads_to(session, form, location)
        except InvalidInput as error:
            form.put_errors(error.errors)
        except AlreadySubmitted as fact:
            return to_first(fact)
        else:
            flash(_("Access granted. It ends by itself after its last day."), "success")
            return redirect(location, 303)
    return render_template("audits/grant.html", form=form), 422


def _grantable(session: Session) -> list[tuple[str, str]]:
    actor = current_actor()
    whole = [("", _("The whole installation"))] if can(actor, Permission.AUDIT_GRANT, Place(None)) else []
    committees = members.list_committees(session, actor)
    return whole + [(str(row.id), name_of(row)) for row in committees if can(actor, Permission.AUDIT_GRANT, Place(row.id))]


def _may_see_readings(auditor_id: UUID) -> bool:
    actor = current_actor()
    return auditor_id == actor.user_id or could(actor, Permission.AUDIT_GRANT) or actor.has(Role.AUDITOR)


@blueprint.get("/audit/readings/<uuid:auditor_id>")
@signed_in
def readings(auditor_id: UUID) -> ResponseReturnValue:
    """List what one auditor read and took away: for the auditor, for auditors, and for those who grant access."""
    if not _may_see_readings(auditor_id):
        raise NotAllowed(Permission.AUDIT_GRANT.value)
    with reading() as session:
        name = name_of(members.get_user(session, auditor_id))
        page = access_queries.list_readings(session, auditor_id, request.args.get("cursor"))
        refs = {Ref(row.target_kind, row.target_id) for row in page.rows if row.target_kind and row.target_id}
        infos = targets.resolve(session, current_actor(), refs)
    about: dict[Any, Any] = {
        row.id: infos.get(Ref(row.target_kind, row.target_id)) for row in page.rows if row.target_kind and row.target_id
    }
    return render_template("audits/readings.html", page=page, about=about, name=name, auditor_id=auditor_id)


@blueprint.post("/audit/notes/<kind>/<uuid:target_id>")
@requires(Permission.AUDIT_MANAGE)
def write_note(kind: str, target_id: UUID) -> ResponseReturnValue:
    """Keep a private note on an object."""
    form = NoteForm()
    back = url_for("audits.timeline", kind=kind, target_id=target_id, _anchor="notes")
    if not form.validate():
        return render_template("audits/note.html", form=form, back=back), 422
    try:
        with unit_of_work() as session:
            claim(session, form, request_now())
            service.write_note(
                session, actor=current_actor(), now=request_now(), target=Ref(kind, target_id), text=form.text.data
            )
            leads_to(session, form, back)
    except AlreadySubmitted as fact:
        return to_first(fact)
    return redirect(back, 303)


@blueprint.post("/audit/notes/<uuid:note_id>/remove")
@requires(Permission.AUDIT_MANAGE)
def remove_note(note_id: UUID) -> ResponseReturnValue:
    """Take one's own note out of sight."""
    with unit_of_work() as session:
        note = service.remove_note(session, actor=current_actor(), now=request_now(), note_id=note_id)
        location = url_for("audits.timeline", kind=note.target_kind, target_id=note.target_id, _anchor="notes")
    return redirect(location, 303)
