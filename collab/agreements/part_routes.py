"""Forms of an agreement's parts: parties, clauses, obligations."""

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.agreements import presenters, queries, service
from collab.agreements.forms import ClauseForm, FulfilForm, ObligationForm, PartyForm, StepForm
from collab.agreements.models import Agreement, AgreementParty, Clause, Obligation
from collab.agreements.pages import form_page, managed, shown
from collab.agreements.states import AgreementVerb, PartyRole, Recurrence
from collab.kernel.access import Permission, authorize
from collab.kernel.clock import today
from collab.kernel.errors import InvalidInput, VersionConflict
from collab.kernel.i18n import LazyText, _, lazy
from collab.members import queries as members
from collab.web.context import current_actor, reading, request_now, unit_of_work
from collab.web.once import AlreadySubmitted, claim, leads_to, to_first
from collab.web.routing import requires

blueprint = Blueprint("agreement_parts", __name__)
TITLES: dict[str, LazyText] = {"parties": lazy("Party"), "clauses": lazy("Clause")}
_FIELDS = {"parties": ("organisation_id", "role", "signatory_name", "signatory_position"), "clauses": ("number", "title", "text")}
_MODELS: dict[str, Any] = {"parties": AgreementParty, "clauses": Clause}


@blueprint.route("/agreements/<uuid:agreement_id>/<any(parties, clauses):kind>/new", methods=["GET", "POST"])
@requires(Permission.AGREEMENT_MANAGE)
def add(agreement_id: UUID, kind: str) -> ResponseReturnValue:
    """Add a party or a clause to a draft."""
    agreement = managed(agreement_id, AgreementVerb.EDIT)
    form = _form(agreement, kind)
    if request.method == "GET":
        return _page(form, agreement, kind, None, None, 200)
    return _save(form, agreement, kind, None)


@blueprint.route("/agreements/<uuid:agreement_id>/<any(parties, clauses):kind>/<uuid:part_id>", methods=["GET", "POST"])
@requires(Permission.AGREEMENT_MANAGE)
def change(agreement_id: UUID, kind: str, part_id: UUID) -> ResponseReturnValue:
    """Change a party or a clause of a draft; on a conflict both texts are shown."""
    agreement = managed(agreement_id, AgreementVerb.EDIT)
    form = _form(agreement, kind)
    if request.method == "GET":
        for name, value in _saved(agreement_id, kind, part_id).items():
            form[name].data = str(value) if name in ("organisation_id", "version") else value
        return _page(form, agreement, kind, part_id, None, 200)
    return _save(form, agreement, kind, part_id)


@blueprint.post("/agreements/<uuid:agreement_id>/<any(parties, clauses, obligations):kind>/<uuid:part_id>/remove")
@requires(Permission.AGREEMENT_MANAGE)
def remove(agreement_id: UUID, kind: str, part_id: UUID) -> ResponseReturnValue:
    """Take a party or clause out of a draft, or an obligation that was written down in error."""
    form = StepForm()
    common: dict[str, Any] = {
        "actor": current_actor(), "now": request_now(), "agreement_id": agreement_id, "expected_version": form.expected_version,
    }  # fmt: skip
    with unit_of_work() as session:
        if kind == "parties":
            service.remove_party(session, party_id=part_id, **common)
        elif kind == "clauses":
            service.remove_clause(session, clause_id=part_id, **common)
        else:
            service.remove_obligation(session, obligation_id=part_id, **common)
    flash(_("Taken out."), "success")
    return redirect(url_for("agreements.detail", agreement_id=agreement_id), 303)


@blueprint.route("/agreements/<uuid:agreement_id>/clauses/<uuid:clause_id>/oblige", methods=["GET", "POST"])
@requires(Permission.AGREEMENT_MANAGE)
def oblige(agreement_id: UUID, clause_id: UUID) -> ResponseReturnValue:
    """Write down what a clause obliges a party to do."""
    agreement = managed(agreement_id, AgreementVerb.OBLIGE)
    form = ObligationForm()
    with reading() as session:
        clause = queries.get_part(session, Clause, agreement_id, clause_id)
        parties = [row.organisation_id for row in queries.parties_of(session, agreement_id)]
        names = members.organisation_names(session, parties)
    form.offer([(key, names[key]) for key in parties])
    frame: dict[str, Any] = {
        "title": _("Obligation from clause %(number)s", number=clause.number), "agreement": agreement, "button": _("Save"),
        "back": url_for("agreements.detail", agreement_id=agreement_id), "lines": [(clause.title, clause.text)],
    }  # fmt: skip
    if request.method == "GET":
        return form_page(form, 200, **frame)
    if not form.validate() or form.due_on.data is None:
        return form_page(form, 422, **frame)
    location = url_for("agreements.detail", agreement_id=agreement_id)
    try:
        with unit_of_work() as session:
            claim(session, form, request_now())
            service.add_obligation(
                session, actor=current_actor(), now=request_now(), agreement_id=agreement_id, clause_id=clause_id,
                organisation_id=UUID(form.organisation_id.data), text=form.text.data or "", due_on=form.due_on.data,
                recurrence=Recurrence(form.recurrence.data),
            )  # fmt: skip
            leads_to(session, form, location)
    except AlreadySubmitted as fact:
        return to_first(fact)
    flash(_("Saved."), "success")
    return redirect(location, 303)


@blueprint.route("/agreements/<uuid:agreement_id>/obligations/<uuid:obligation_id>/fulfil", methods=["GET", "POST"])
@requires(Permission.OBLIGATION_FULFIL)
def fulfil(agreement_id: UUID, obligation_id: UUID) -> ResponseReturnValue:
    """Record that an obligation was met."""
    form = FulfilForm()
    with reading() as session:
        agreement = queries.get_visible(session, current_actor(), agreement_id)
        row = queries.get_part(session, Obligation, agreement_id, obligation_id)
    authorize(current_actor(), Permission.OBLIGATION_FULFIL, service.Duty(row.organisation_id, agreement.committee_id))
    frame: dict[str, Any] = {
        "title": _("Record that the obligation was met"), "agreement": agreement, "button": _("Record"),
        "back": url_for("agreements.detail", agreement_id=agreement_id), "intro": row.text,
    }  # fmt: skip
    if request.method == "GET":
        form.version.data = str(row.version)
        return form_page(form, 200, **frame)
    if not form.validate():
        return form_page(form, 422, **frame)
    try:
        with unit_of_work() as session:
            service.fulfil_obligation(
                session, actor=current_actor(), now=request_now(), agreement_id=agreement_id, obligation_id=obligation_id,
                note=form.note.data or "", expected_version=form.expected_version,
            )  # fmt: skip
    except VersionConflict as conflict:
        form.version.data = str(conflict.current_version)
        form.form_errors.append(_("Somebody recorded this meanwhile: check the next due day, then record again if it is right."))
        return form_page(form, 409, **frame)
    flash(_("Recorded."), "success")
    return redirect(url_for("agreements.detail", agreement_id=agreement_id), 303)


def _form(agreement: Agreement, kind: str) -> Any:
    if kind == "clauses":
        return ClauseForm()
    form = PartyForm()
    with reading() as session:
        form.offer(presenters.party_choices(session, agreement, today(request_now())))
    return form


def _saved(agreement_id: UUID, kind: str, part_id: UUID) -> dict[str, Any]:
    with reading() as session:
        row = queries.get_part(session, _MODELS[kind], agreement_id, part_id)
        return {"version": row.version, **{name: getattr(row, name) for name in _FIELDS[kind]}}


def _save(form: Any, agreement: Agreement, kind: str, part_id: UUID | None) -> ResponseReturnValue:
    if not form.validate():
        return _page(form, agreement, kind, part_id, None, 422)
    location = url_for("agreements.detail", agreement_id=agreement.id)
    try:
        with unit_of_work() as session:
            claim(session, form, request_now())
            _call(session, form, agreement.id, kind, part_id)
            leads_to(session, form, location)
    except AlreadySubmitted as fact:
        return to_first(fact)
    except InvalidInput as error:
        form.put_errors(error.errors)
        return _page(form, agreement, kind, part_id, None, 422)
    except VersionConflict as conflict:
        form.version.data = str(conflict.current_version)
        saved = (
            {name: value for name, value in _saved(agreement.id, kind, part_id).items() if name != "version"} if part_id else {}
        )
        return _page(form, agreement, kind, part_id, shown(form, saved), 409)
    flash(_("Saved."), "success")
    return redirect(location, 303)


def _call(session: Session, form: Any, agreement_id: UUID, kind: str, part_id: UUID | None) -> None:
    common: dict[str, Any] = {
        "actor": current_actor(), "now": request_now(), "agreement_id": agreement_id, "expected_version": form.expected_version,
    }  # fmt: skip
    if kind == "clauses":
        service.save_clause(
            session, clause_id=part_id, number=form.number.data, title=form.title.data, text=form.text.data, **common
        )
        return
    party = service.PartyInput(
        UUID(form.organisation_id.data), PartyRole(form.role.data), form.signatory_name.data, form.signatory_position.data
    )
    service.save_party(session, party_id=part_id, party=party, **common)


def _page(form: Any, agreement: Agreement, kind: str, part_id: UUID | None, saved: dict[str, str] | None, status: int,
          ) -> ResponseReturnValue:  # fmt: skip
    remove_url = url_for("agreement_parts.remove", agreement_id=agreement.id, kind=kind, part_id=part_id) if part_id else ""
    return form_page(
        form, status, title=str(TITLES[kind]), agreement=agreement, button=_("Save"), saved=saved, remove=remove_url,
        back=url_for("agreements.detail", agreement_id=agreement.id),
    )  # fmt: skip
