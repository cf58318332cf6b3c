"""Pages on which the parties act: the council's decision, its correction, approvals, the signature."""

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.agreements import legal, presenters, queries, service
from collab.agreements.forms import ApprovalForm, CorrectionForm, RatificationForm, SignForm
from collab.agreements.models import Agreement, Ratification
from collab.agreements.pages import form_page, managed
from collab.agreements.rules import status_on
from collab.agreements.states import MACHINE, AgreementVerb, Outcome
from collab.kernel.access import Permission, authorize
from collab.kernel.clock import today
from collab.kernel.errors import InvalidInput, NotFound, StateConflict
from collab.kernel.i18n import _
from collab.members import queries as members
from collab.web.context import current_actor, reading, request_now, unit_of_work
from collab.web.once import AlreadySubmitted, claim, leads_to, to_first
from collab.web.routing import requires

blueprint = Blueprint("councils", __name__)


@blueprint.route("/agreements/<uuid:agreement_id>/ratify/<uuid:organisation_id>", methods=["GET", "POST"])
@requires(Permission.AGREEMENT_RATIFY)
def ratify(agreement_id: UUID, organisation_id: UUID) -> ResponseReturnValue:
    """Record what the organisation's council decided."""
    agreement, name, current = _place(agreement_id, organisation_id, Permission.AGREEMENT_RATIFY, AgreementVerb.RATIFY)
    form = RatificationForm()
    if request.method == "GET":
        if current is not None:
            raise StateConflict(_("The council's decision is recorded already: correct that record instead."))
        return _ratify_page(form, agreement, name, 200)
    return _record(form, agreement, name, organisation_id, None)


@blueprint.route("/agreements/<uuid:agreement_id>/correct/<uuid:ratification_id>", methods=["GET", "POST"])
@requires(Permission.AGREEMENT_RATIFY)
def correct(agreement_id: UUID, ratification_id: UUID) -> ResponseReturnValue:
    """Correct a record by a new one that names it."""
    with reading() as session:
        queries.get_visible(session, current_actor(), agreement_id)
        found = [row for row in queries.ratifications_of(session, agreement_id) if row.id == ratification_id]
    if not found:
        raise NotFound("ratification", ratification_id)
    old = found[0]
    agreement, name, _current = _place(agreement_id, old.organisation_id, Permission.AGREEMENT_RATIFY, AgreementVerb.RATIFY)
    if request.method == "GET":
        form = CorrectionForm(obj=old)
        return _ratify_page(form, agreement, name, 200)
    return _record(CorrectionForm(), agreement, name, old.organisation_id, ratification_id)


@blueprint.route("/agreements/<uuid:agreement_id>/approvals/new", methods=["GET", "POST"])
@requires(Permission.AGREEMENT_MANAGE)
def approve(agreement_id: UUID) -> ResponseReturnValue:
    """Record an approval that the law demands."""
    agreement = managed(agreement_id, AgreementVerb.APPROVE)
    form = ApprovalForm()
    with reading() as session:
        granted = [row.demand for row in queries.approvals_of(session, agreement_id)]
    lacking = legal.missing_approvals(agreement.acts, granted)
    form.demand.choices = [(item.demand.value, str(legal.DEMANDS[item.demand])) for item in lacking]
    back = url_for("agreements.detail", agreement_id=agreement_id)
    title, button = _("Record an approval"), _("Record")
    if not lacking:
        raise StateConflict(_("No approval is missing."))
    if request.method == "GET":
        return form_page(form, 200, title=title, agreement=agreement, button=button, back=back)
    if not form.validate() or form.granted_on.data is None:
        return form_page(form, 422, title=title, agreement=agreement, button=button, back=back)
    try:
        with unit_of_work() as session:
            claim(session, form, request_now())
            service.record_approval(
                session, actor=current_actor(), now=request_now(), agreement_id=agreement_id,
                demand=legal.Demand(form.demand.data), reference=form.reference.data or "", granted_on=form.granted_on.data,
            )  # fmt: skip
            leads_to(session, form, back)
    except AlreadySubmitted as fact:
        return to_first(fact)
    except InvalidInput as error:
        form.put_errors(error.errors)
        return form_page(form, 422, title=title, agreement=agreement, button=button, back=back)
    flash(_("Recorded."), "success")
    return redirect(back, 303)


@blueprint.route("/agreements/<uuid:agreement_id>/sign/<uuid:organisation_id>", methods=["GET", "POST"])
@requires(Permission.AGREEMENT_SIGN)
def sign(agreement_id: UUID, organisation_id: UUID) -> ResponseReturnValue:
    """Sign for one's organisation: a page that says in one sentence what it does."""
    agreement, name, _current = _place(agreement_id, organisation_id, Permission.AGREEMENT_SIGN, AgreementVerb.SIGN)
    form = SignForm()
    with reading() as session:
        text = queries.text_of(session, agreement_id)
    back = url_for("agreements.detail", agreement_id=agreement_id)
    frame: dict[str, Any] = {
        "title": _("Sign the agreement"), "agreement": agreement, "button": _("Sign"), "back": back,
        "intro": service.signing_statement(agreement, name),
        "lines": [(_("Fingerprint of the text (SHA-256)"), text.sha256 if text else "")],
    }  # fmt: skip
    if request.method == "GET":
        return form_page(form, 200, **frame)
    if not form.validate():
        return form_page(form, 422, **frame)
    try:
        with unit_of_work() as session:
            claim(session, form, request_now())
            service.sign(
                session, actor=current_actor(), now=request_now(), agreement_id=agreement_id, organisation_id=organisation_id,
                typed_name=form.typed_name.data or "",
            )  # fmt: skip
            leads_to(session, form, back)
    except AlreadySubmitted as fact:
        return to_first(fact)
    except InvalidInput as error:
        form.put_errors(error.errors)
        return form_page(form, 422, **frame)
    flash(_("The agreement is signed for %(organisation)s.", organisation=name), "success")
    return redirect(back, 303)


def _place(agreement_id: UUID, organisation_id: UUID, permission: Permission, verb: AgreementVerb,
           ) -> tuple[Agreement, str, Ratification | None]:  # fmt: skip
    """Return the agreement, the party's name and its record, to who may act for that party now."""
    with reading() as session:
        agreement = queries.get_visible(session, current_actor(), agreement_id)
        party = service.party_of(session, agreement_id, organisation_id)
        authorize(current_actor(), permission, party)
        MACHINE.advance(status_on(agreement, today(request_now())), verb)
        name = members.organisation_names(session, [organisation_id])[organisation_id]
        current = queries.current_ratifications(session, [agreement_id]).get(party.id)
    return agreement, name, current


def _record(form: RatificationForm, agreement: Agreement, name: str, organisation_id: UUID, corrects_id: UUID | None,
            ) -> ResponseReturnValue:  # fmt: skip
    if not form.validate() or form.resolved_on.data is None:
        return _ratify_page(form, agreement, name, 422)
    location = url_for("agreements.detail", agreement_id=agreement.id)
    try:
        with unit_of_work() as session:
            claim(session, form, request_now())
            _call(session, form, agreement.id, organisation_id, corrects_id)
            leads_to(session, form, location)
    except AlreadySubmitted as fact:
        return to_first(fact)
    except InvalidInput as error:
        form.put_errors(error.errors)
        return _ratify_page(form, agreement, name, 422)
    flash(_("The council's decision was recorded."), "success")
    return redirect(location, 303)


def _call(session: Session, form: RatificationForm, agreement_id: UUID, organisation_id: UUID, corrects_id: UUID | None) -> None:
    assert form.resolved_on.data is not None
    decision = service.CouncilDecision(
        outcome=Outcome(form.outcome.data), council_session=form.council_session.data or "",
        resolution_number=form.resolution_number.data or "", resolved_on=form.resolved_on.data,
        reservation=form.reservation.data or "", reason=form.reason.data or "", signatory_mandate=form.signatory_mandate.data or "",
    )  # fmt: skip
    service.record_ratification(
        session, actor=current_actor(), now=request_now(), agreement_id=agreement_id, organisation_id=organisation_id,
        decision=decision, corrects_id=corrects_id,
        correction_reason=(form.correction_reason.data or "") if isinstance(form, CorrectionForm) else "",
    )  # fmt: skip


def _ratify_page(form: RatificationForm, agreement: Agreement, name: str, status: int) -> ResponseReturnValue:
    correcting = isinstance(form, CorrectionForm)
    intro = (
        _("The earlier record stays in the history; this one takes its place.")
        if correcting
        else _("You record what the council of %(organisation)s decided. The record cannot be changed, only corrected by another.",
               organisation=name)
    )  # fmt: skip
    title = _("Correct the council's decision") if correcting else _("Record the council's decision")
    return form_page(
        form, status, title=title, agreement=agreement, button=_("Record"), intro=intro,
        back=url_for("agreements.detail", agreement_id=agreement.id),
        lines=[(_("Entry into force"), presenters.rule_text(agreement))],
    )  # fmt: skip
