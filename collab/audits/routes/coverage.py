"""Pages on the whole: authority named or not, deadlines that slipped, reminders with their evidence."""

from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from collab.audits import coverage as audit_coverage
from collab.audits import queries, wording
from collab.audits.evidence_words import step_words
from collab.audits.forms import PeriodForm, RemindedForm
from collab.audits.routes.blueprint import blueprint
from collab.audits.routes.timeline import arguments_of
from collab.audits.trail import Filter
from collab.kernel import targets
from collab.kernel.access import Permission
from collab.kernel.clock import today
from collab.kernel.dates import fiscal_year, fiscal_year_bounds
from collab.kernel.i18n import _
from collab.kernel.ids import as_uuid
from collab.kernel.targets import Ref
from collab.members import queries as members
from collab.members.rules import name_of
from collab.web.context import current_actor, reading, request_now
from collab.web.forms import options
from collab.web.routing import requires


@blueprint.get("/audit/authority")
@requires(Permission.AUDIT_VIEW)
def coverage() -> ResponseReturnValue:
    """Show how many changes of a period name no authority, by what they belong to and by verb; each figure opens its changes."""
    now = today(request_now())
    form = PeriodForm(formdata=request.args, first=fiscal_year_bounds(fiscal_year(now))[0], last=now)
    valid = not request.args or form.validate()
    wanted = Filter(first=form.first.data, last=form.last.data)
    found = None
    if valid:
        with reading() as session:
            found = audit_coverage.coverage(session, current_actor(), wanted)
    period = arguments_of(wanted) | {"view": "every"}

    def of_verb(verb: str, without: bool) -> str:
        return url_for("audits.index", **period, verb=verb, **_only(without))

    def of_whole(info: targets.TargetInfo, without: bool) -> str:
        return url_for("audits.timeline", kind=info.kind, target_id=info.id, **period, **_only(without))

    return render_template(
        "audits/coverage.html", form=form, found=found, of_verb=of_verb, of_whole=of_whole, verb_text=wording.verb_text
    ), 200 if valid else 422


def _only(without: bool) -> dict[str, Any]:
    return {"only": "no_authority"} if without else {}


@blueprint.get("/audit/postponements")
@requires(Permission.AUDIT_VIEW)
def slips() -> ResponseReturnValue:
    """List the items whose deadline moved, across all plans, the most days first."""
    with reading() as session:
        page = audit_coverage.list_slips(session, current_actor(), request.args.get("cursor"))
        names = members.organisation_names(session, {row.lead_organisation_id for row in page.rows})
    return render_template("audits/slips.html", page=page, names=names)


@blueprint.get("/audit/reminders")
@requires(Permission.AUDIT_VIEW)
def reminders() -> ResponseReturnValue:
    """Answer "was this person reminded of this?": every reminder with what is proved of it, and what is not."""
    form = RemindedForm(formdata=request.args)
    target_id = as_uuid(request.args.get("target"))
    with reading() as session:
        form.who.choices = options([("", _("Everybody")), *((str(row.id), name_of(row)) for row in queries.people(session))])
        valid = form.validate()
        rows: list[Any] = []
        page = None
        if valid:
            page = audit_coverage.list_reminders(
                session, current_actor(), recipient_id=as_uuid(form.who.data), target_id=target_id, first=form.first.data,
                last=form.last.data, cursor=request.args.get("cursor"),
            )  # fmt: skip
            people = members.user_names(session, {row.evidence.recipient_id for row in page.rows} | _stood_in_for(page.rows))
            about = targets.load(session, {Ref(row.evidence.target_kind, row.evidence.target_id) for row in page.rows})
            rows = [_reminder_row(row, people, about) for row in page.rows]
    asked = arguments_of(Filter(who=as_uuid(form.who.data), first=form.first.data, last=form.last.data)) if valid else {}
    asked |= {"target": target_id} if target_id else {}
    return render_template(
        "audits/reminders.html", form=form, page=page, rows=rows, asked=asked, target=target_id
    ), 200 if valid else 422


def _stood_in_for(rows: list[audit_coverage.Reminded]) -> set[Any]:
    return {row.evidence.deputy_for_id for row in rows if row.evidence.deputy_for_id}


def _reminder_row(row: audit_coverage.Reminded, people: dict[Any, str], about: dict[Ref, targets.TargetInfo]) -> dict[str, Any]:
    evidence = row.evidence
    return {
        "id": evidence.id,
        "about": about.get(Ref(evidence.target_kind, evidence.target_id)),
        "who": people.get(evidence.recipient_id, ""),
        "in_place_of": people.get(evidence.deputy_for_id, "") if evidence.deputy_for_id else "",
        "due_on": evidence.due_on,
        "steps": [(step_words(code), at) for code, at in audit_coverage.evidence_steps(row)],
        "note": evidence.note,
    }
