"""Findings as lists and numbers, and the writing of them: drafted, changed, issued, withdrawn."""

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.audits import queries, service
from collab.audits.forms import FindingFilter, FindingForm
from collab.audits.models import Finding
from collab.audits.routes.blueprint import blueprint, visible_target
from collab.audits.states import FindingState, Severity
from collab.audits.targets import SEVERITIES, STATES, severity_text, state_text
from collab.kernel.access import Permission, authorize, can
from collab.kernel.clock import today
from collab.kernel.errors import InvalidInput, StateConflict, VersionConflict
from collab.kernel.i18n import _
from collab.kernel.ids import as_uuid
from collab.kernel.targets import Ref
from collab.members import queries as members
from collab.members.rules import name_of
from collab.web.context import current_actor, reading, request_now, unit_of_work
from collab.web.forms import options
from collab.web.once import AlreadySubmitted, claim, leads_to, to_first
from collab.web.routing import requires, signed_in


@blueprint.get("/audit/findings")
@signed_in
def findings() -> ResponseReturnValue:
    """List the findings that the person may see, narrowed by state and severity."""
    form = FindingFilter(formdata=request.args)
    valid = form.validate()
    asked = {"state": form.state.data or "", "severity": form.severity.data or ""} if valid else {"state": "", "severity": ""}
    with reading() as session:
        page = queries.list_findings(session, current_actor(), request.args.get("cursor"), **asked)
        names = members.organisation_names(session, {row.organisation_id for row in page.rows})
    return render_template(
        "audits/findings.html", page=page, names=names, form=form, asked=asked, state_text=state_text, severity_text=severity_text,
        may_audit=can(current_actor(), Permission.AUDIT_VIEW), day=today(request_now()),
    ), 200 if valid else 422  # fmt: skip


@blueprint.get("/audit/findings/statistics")
@signed_in
def statistics() -> ResponseReturnValue:
    """Show the findings that the person may see in numbers, and their lessons."""
    with reading() as session:
        found = queries.statistics(session, current_actor(), today(request_now()))
        names = members.organisation_names(session, {key for key, _counts in found.by_organisation})
    return render_template(
        "audits/statistics.html", found=found, names=names, states=STATES, severities=SEVERITIES,
        may_audit=can(current_actor(), Permission.AUDIT_VIEW),
    )  # fmt: skip


def _organisations(session: Session, form: FindingForm) -> None:
    form.organisation_id.choices = options((str(row.id), name_of(row)) for row in members.list_organisations(session))


@blueprint.route("/history/<kind>/<uuid:target_id>/ask", methods=["GET", "POST"])
@requires(Permission.AUDIT_MANAGE)
def ask(kind: str, target_id: UUID) -> ResponseReturnValue:
    """Write a finding on an object or one of its events; issue it or keep it as a draft."""
    form = FindingForm()
    event_id = as_uuid(request.args.get("event"))
    with reading() as session:
        info = visible_target(session, current_actor(), kind, target_id)
        authorize(current_actor(), Permission.AUDIT_MANAGE, info)
        _organisations(session, form)
    if request.method == "GET":
        form.organisation_id.data = str(info.organisation_id or "")
        form.severity.data = Severity.MEDIUM.value
        return render_template("audits/ask.html", form=form, info=info, title=_("Ask a question (finding)"))
    if form.validate():
        try:
            return _write(form, Ref(kind, target_id), event_id)
        except InvalidInput as error:
            form.put_errors(error.errors)
        except AlreadySubmitted as fact:
            return to_first(fact)
    return render_template("audits/ask.html", form=form, info=info, title=_("Ask a question (finding)")), 422


def _write(form: FindingForm, target: Ref, event_id: UUID | None) -> ResponseReturnValue:
    write = service.draft_finding if form.draft.data else service.raise_finding
    with unit_of_work() as session:
        claim(session, form, request_now())
        made = write(
            session, actor=current_actor(), now=request_now(), target=target, statement=_statement(form), event_id=event_id
        )
        location = url_for("audits.finding", finding_id=made.id)
        leads_to(session, form, location)
    flash(
        _("Kept as a draft that only you see.") if form.draft.data else _("The question was sent to the organisation."), "success"
    )
    return redirect(location, 303)


def _statement(form: FindingForm) -> service.Statement:
    return service.Statement(
        organisation_id=UUID(form.organisation_id.data), question=form.question.data, due_on=form.due_on.data,
        severity=Severity(form.severity.data), criteria=form.criteria.data or "", condition=form.condition.data or "",
        cause=form.cause.data or "", effect=form.effect.data or "", recommendation=form.recommendation.data or "",
    )  # fmt: skip


@blueprint.route("/audit/findings/<uuid:finding_id>/edit", methods=["GET", "POST"])
@requires(Permission.AUDIT_MANAGE)
def edit_finding(finding_id: UUID) -> ResponseReturnValue:
    """Change a draft; issue it with the same button row."""
    with reading() as session:
        found = queries.get_finding(session, current_actor(), finding_id)
        authorize(current_actor(), Permission.AUDIT_MANAGE, found)
        form = FindingForm(obj=found)
        _organisations(session, form)
        info = visible_target(session, current_actor(), found.target_kind, found.target_id)
    if found.state is not FindingState.DRAFT:
        raise StateConflict(_("An issued finding is no longer changed: ask again or close it."))
    if request.method == "GET":
        form.organisation_id.data, form.version.data = str(found.organisation_id), str(found.version)
    elif form.validate():
        try:
            return _save(form, found)
        except InvalidInput as error:
            form.put_errors(error.errors)
        except VersionConflict as conflict:
            return _edit_conflict(form, conflict, finding_id)
    return render_template(
        "audits/ask.html", form=form, info=info, title=_("Draft finding")
    ), 200 if request.method == "GET" else 422


def _save(form: FindingForm, found: Finding) -> ResponseReturnValue:
    with unit_of_work() as session:
        saved = service.edit_finding(
            session, actor=current_actor(), now=request_now(), finding_id=found.id, statement=_statement(form),
            expected_version=form.expected_version,
        )  # fmt: skip
        if not form.draft.data:
            service.issue_finding(session, actor=current_actor(), now=request_now(), finding_id=saved.id, expected_version=None)
    flash(
        _("Kept as a draft that only you see.") if form.draft.data else _("The question was sent to the organisation."), "success"
    )
    return redirect(url_for("audits.finding", finding_id=found.id), 303)


def _edit_conflict(form: FindingForm, conflict: VersionConflict, finding_id: UUID) -> ResponseReturnValue:
    with reading() as session:
        theirs = queries.get_finding(session, current_actor(), finding_id)
        info = visible_target(session, current_actor(), theirs.target_kind, theirs.target_id)
    form.version.data = str(conflict.current_version)
    form.form_errors.append(_("Somebody changed this meanwhile: read it again, then send."))
    return render_template("audits/ask.html", form=form, info=info, title=_("Draft finding"), theirs=theirs), 409
