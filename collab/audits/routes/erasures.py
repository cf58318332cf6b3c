"""Erasing personal values from the history: asked on an object's history, decided by a second person."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from collab.audits import service, wording
from collab.audits.forms import DecideForm, ErasureForm
from collab.audits.models import RequestState
from collab.audits.routes.blueprint import blueprint, visible_target
from collab.history import erasure
from collab.kernel import targets
from collab.kernel.access import Permission, could
from collab.kernel.errors import InvalidInput
from collab.kernel.i18n import _, lazy
from collab.kernel.targets import Ref
from collab.members import queries as members
from collab.web.context import current_actor, reading, request_now, unit_of_work
from collab.web.forms import options
from collab.web.once import AlreadySubmitted, claim, leads_to, to_first
from collab.web.routing import requires

STATES = {
    RequestState.ASKED: (lazy("Waits for a second person"), "yellow"),
    RequestState.CARRIED_OUT: (lazy("Erased"), "green"),
    RequestState.DECLINED: (lazy("Declined: the record is kept"), "grey"),
}


@blueprint.get("/audit/erasures")
@requires(Permission.AUDIT_VIEW)
def erasures() -> ResponseReturnValue:
    """List the requests to erase, with who asked, who decided, and on which ground."""
    with reading() as session:
        rows = service.list_requests(session)
        infos = targets.resolve(session, current_actor(), {Ref(row.target_kind, row.target_id) for row in rows})
        people = {row.asked_by_id for row in rows} | {row.decided_by_id for row in rows if row.decided_by_id}
        names = members.user_names(session, people)
    forms = {row.id: _version_form(row) for row in rows if row.state is RequestState.ASKED}
    about: dict[Any, Any] = {row.id: infos.get(Ref(row.target_kind, row.target_id)) for row in rows}
    return render_template(
        "audits/erasures.html", rows=rows, names=names, about=about, states=STATES, path_text=wording.path_text, forms=forms,
        may_decide=could(current_actor(), Permission.PRIVACY_ERASE), me=current_actor().user_id,
    )  # fmt: skip


def _version_form(row: Any) -> DecideForm:
    form = DecideForm(formdata=None)
    form.version.data = str(row.version)
    return form


@blueprint.route("/history/<kind>/<uuid:target_id>/erase", methods=["GET", "POST"])
@requires(Permission.PRIVACY_ERASE)
def ask_erasure(kind: str, target_id: UUID) -> ResponseReturnValue:
    """Ask that a field's values be erased from the history of an object."""
    form = ErasureForm()
    with reading() as session:
        info = visible_target(session, current_actor(), kind, target_id)
        found = erasure.open_paths(session, target_id)
    form.path.choices = options((path, f"{wording.path_text(path)} ({count})") for path, count in found.items())
    status = 200
    if form.is_submitted():
        status = 422
        if form.validate():
            try:
                with unit_of_work() as session:
                    claim(session, form, request_now())
                    service.ask_erasure(
                        session, actor=current_actor(), now=request_now(), target=Ref(kind, target_id), path=form.path.data,
                        ground=form.ground.data,
                    )  # fmt: skip
                    leads_to(session, form, url_for("audits.erasures"))
            except InvalidInput as error:
                form.put_errors(error.errors)
            except AlreadySubmitted as fact:
                return to_first(fact)
            else:
                flash(_("Asked. A second administrator must carry it out."), "success")
                return redirect(url_for("audits.erasures"), 303)
    return render_template("audits/ask_erasure.html", info=info, form=form, found=found), status


@blueprint.post("/audit/erasures/<uuid:request_id>/carry-out")
@requires(Permission.PRIVACY_ERASE)
def carry_out_erasure(request_id: UUID) -> ResponseReturnValue:
    """Erase what was asked, as a second person."""
    return _decide(service.carry_out, request_id, _("The values are erased from the history."))


@blueprint.post("/audit/erasures/<uuid:request_id>/decline")
@requires(Permission.PRIVACY_ERASE)
def decline_erasure(request_id: UUID) -> ResponseReturnValue:
    """Decline a request, as a second person."""
    return _decide(service.decline, request_id, _("Declined: the record is kept."))


def _decide(verb: Callable[..., Any], request_id: UUID, words: str) -> ResponseReturnValue:
    form = DecideForm()
    with unit_of_work() as session:
        verb(session, actor=current_actor(), now=request_now(), request_id=request_id, expected_version=form.expected_version)
    flash(words, "success")
    return redirect(url_for("audits.erasures"), 303)
