"""The timeline: every change of the installation, of one object, of a person or for an organisation, narrowed in the address."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.audits import access_queries, presenters, queries, telling, trail, wording
from collab.audits.forms import NoteForm, TrailForm
from collab.audits.routes.blueprint import STREAM_KINDS, blueprint, visible_target
from collab.audits.routes.exports import take_away
from collab.audits.rules import Told
from collab.audits.targets import state_text
from collab.audits.trail import Filter
from collab.kernel import targets
from collab.kernel.access import Actor, Permission, can, could
from collab.kernel.dates import format_date, format_datetime
from collab.kernel.errors import InvalidInput
from collab.kernel.i18n import _, get_locale
from collab.kernel.ids import as_uuid
from collab.members import queries as members
from collab.members.rules import name_of
from collab.web.context import current_actor, reading
from collab.web.forms import options
from collab.web.routing import requires

#: How many changes one file holds at most.
MOST_EXPORTED = 20_000


@blueprint.get("/audit")
@requires(Permission.AUDIT_VIEW)
def index() -> ResponseReturnValue:
    """Show every change, newest first: decisions and runs of small changes, or each change by itself."""
    with reading() as session:
        form = trail_form(session)
        wanted = filter_of(form) if form.validate() else None
        told = _tell(session, current_actor(), wanted, form) if wanted else None
    page = _page_arguments(form, told, "audits.index", {})
    may_ask = ask_link if could(current_actor(), Permission.AUDIT_MANAGE) else None
    return render_template("audits/index.html", form=form, told=told, ask_link=may_ask, **page), 200 if told else 422


def ask_link(shown: presenters.Shown) -> str:
    """Return where a finding on the event is written; '' for a part that has no page of its own."""
    if shown.target.kind not in targets.kinds():
        return ""
    return url_for("audits.ask", kind=shown.target.kind, target_id=shown.target.id, event=shown.event_id)


@blueprint.get("/history/<kind>/<uuid:target_id>")
@requires(Permission.HISTORY_VIEW)
def timeline(kind: str, target_id: UUID) -> ResponseReturnValue:
    """Show the timeline of one object: with all its parts when it has any, or with ``own=1`` only its own events."""
    actor = current_actor()
    own = request.args.get("own") == "1" or kind not in STREAM_KINDS
    with reading() as session:
        info = visible_target(session, actor, kind, target_id)
        form = trail_form(session)
        wanted = filter_of(form) if form.validate() else None
        if wanted:
            wanted = replace(wanted, **_place(kind, target_id, own))
        told = _tell(session, actor, wanted, form) if wanted else None
        findings = queries.findings_on(session, actor, target_id)
        why = targets.why(session, actor, targets.Ref(kind, target_id))
        may_ask = can(actor, Permission.AUDIT_MANAGE, info)
        notes = access_queries.notes_on(session, actor, target_id) if may_ask else []
    fixed = {"kind": kind, "target_id": target_id, **({"own": "1"} if request.args.get("own") == "1" else {})}
    page = _page_arguments(form, told, "audits.timeline", fixed)
    return render_template(
        "audits/timeline.html", info=info, form=form, told=told, own=own, has_stream=kind in STREAM_KINDS, findings=findings,
        state_text=state_text, may_ask=may_ask, notes=notes, note_form=NoteForm(formdata=None), why=why if len(why) > 1 else [],
        may_audit=can(actor, Permission.AUDIT_VIEW),
        may_erase=could(actor, Permission.PRIVACY_ERASE), ask_link=_asker(kind, target_id) if may_ask else None, **page,
    ), 200 if told else 422  # fmt: skip


def _asker(kind: str, target_id: UUID) -> Any:
    return lambda shown: url_for("audits.ask", kind=kind, target_id=target_id, event=shown.event_id)


@blueprint.get("/audit/changes.<any(csv, xlsx):file>")
@requires(Permission.AUDIT_VIEW)
def export(file: str) -> ResponseReturnValue:
    """Take the changes away as the filter shows them, each by itself; of one object with ``object`` (kind/id)."""
    actor = current_actor()
    kind, _slash, key = request.args.get("object", "").partition("/")
    with reading() as session:
        form = trail_form(session)
        if not form.validate():
            raise InvalidInput(dict.fromkeys(form.errors, _("Check the filter.")))
        wanted, target = filter_of(form), None
        if kind:
            target = targets.Ref(kind, as_uuid(key) or UUID(int=0))
            visible_target(session, actor, target.kind, target.id)
            wanted = replace(wanted, **_place(kind, target.id, request.args.get("own") == "1"))
        events = presenters.visible_to(session, actor, trail.every(session, wanted, MOST_EXPORTED))
        rows = [row for start in range(0, len(events), 500) for row in _cells(session, actor, events[start : start + 500])]
    head = (
        _("When"),
        _("What was done"),
        _("Object"),
        _("Done by"),
        _("What changed"),
        _("Reason"),
        _("Authority"),
        _("Took effect"),
        _("Event"),
    )
    return take_away(file, _("Changes"), head, rows, target=target)


def _place(kind: str, target_id: UUID, own: bool) -> dict[str, Any]:
    return {"subject_id": target_id} if own or kind not in STREAM_KINDS else {"stream_id": f"{kind}/{target_id}"}


def _cells(session: Session, actor: Actor, events: list[Told]) -> list[tuple[str, ...]]:
    shown = telling.shown_of(session, actor, events)
    locale = get_locale()
    return [
        (
            format_datetime(row.at, locale), row.title, row.subject, row.actor, "; ".join(line.text for line in row.body_changes),
            row.reason, row.authority, format_datetime(row.occurred_at, locale), str(row.event_id),
        )
        for row in shown
    ]  # fmt: skip


def trail_form(session: Session) -> TrailForm:
    """Return the filter as the address has it, with its choices."""
    form = TrailForm(formdata=request.args)
    form.who.choices = options([("", _("Everybody")), *((str(row.id), name_of(row)) for row in queries.people(session))])
    organisations = ((str(row.id), name_of(row)) for row in members.list_organisations(session))
    form.organisation.choices = options([("", _("Every organisation")), *organisations])
    form.verb.choices = options([("", _("Everything")), *_sorted(wording.VERBS)])
    form.about.choices = options([("", _("Every kind")), *_sorted({name: kind.label for name, kind in targets.kinds().items()})])
    form.field.choices = options([("", _("Every field")), *_sorted(wording.FIELDS)])
    return form


def _sorted(words: Any) -> list[tuple[str, str]]:
    return sorted(((code, str(text)) for code, text in words.items()), key=lambda pair: pair[1])


def filter_of(form: TrailForm) -> Filter:
    """Return what a valid form asks for."""
    return Filter(
        who=UUID(form.who.data) if form.who.data else None,
        organisation=UUID(form.organisation.data) if form.organisation.data else None,
        verb=form.verb.data or "",
        kind=form.about.data or "",
        field=form.field.data or "",
        without_authority="no_authority" in (form.only.data or []),
        late="late" in (form.only.data or []),
        closed_day="closed_day" in (form.only.data or []),
        first=form.first.data,
        last=form.last.data,
    )


def arguments_of(wanted: Filter) -> dict[str, Any]:
    """Return the arguments of the address that ask for ``wanted``."""
    only = [name for name, is_set in (("no_authority", wanted.without_authority), ("late", wanted.late),
                                      ("closed_day", wanted.closed_day)) if is_set]  # fmt: skip
    found: dict[str, Any] = {
        "who": wanted.who, "organisation": wanted.organisation, "verb": wanted.verb, "about": wanted.kind, "field": wanted.field,
        "only": only,
    }  # fmt: skip
    for name, day in (("first", wanted.first), ("last", wanted.last)):
        if day:
            found |= {f"{name}-day": day.day, f"{name}-month": day.month, f"{name}-year": day.year + 543}
    return {name: value for name, value in found.items() if value}


def _tell(session: Session, actor: Actor, wanted: Filter, form: TrailForm) -> telling.Telling:
    tell = telling.tell_every if form.view.data == "every" else telling.tell
    return tell(session, actor, wanted, request.args.get("cursor"))


def _page_arguments(form: TrailForm, told: telling.Telling | None, endpoint: str, fixed: dict[str, Any]) -> dict[str, Any]:
    """Return the addresses that the page links to: older changes, the other view, and each row's own changes."""
    if told is None:
        return {
            "asked": {},
            "files": [],
            "older": "",
            "every": "",
            "rolled": "",
            "narrow": None,
            "fixed": fixed,
            "endpoint": endpoint,
        }
    asked = arguments_of(filter_of(form))

    def narrow(wanted: Filter) -> str:
        return url_for(endpoint, **fixed, **arguments_of(wanted), view="every")

    view: dict[str, Any] = {"view": "every"} if form.view.data == "every" else {}
    return {
        "asked_words": _asked_words(form),
        "older": url_for(endpoint, **fixed, **asked, **view, cursor=told.cursor) if told.cursor else "",
        "files": [(kind.upper(), url_for("audits.export", file=kind, **_whole(fixed), **asked)) for kind in ("csv", "xlsx")],
        "every": url_for(endpoint, **fixed, **asked, view="every"),
        "rolled": url_for(endpoint, **fixed, **asked),
        "narrow": narrow,
        "fixed": fixed,
        "endpoint": endpoint,
    }


def _whole(fixed: dict[str, Any]) -> dict[str, Any]:
    """Return what names the object of the page in the address of a file."""
    if not fixed:
        return {}
    return {"object": f"{fixed['kind']}/{fixed['target_id']}", **({"own": "1"} if fixed.get("own") else {})}


def _asked_words(form: TrailForm) -> list[str]:
    """Return the conditions of the filter in words, for the line above the changes."""
    found = []
    for item in (form.who, form.organisation, form.verb, form.about, form.field):
        chosen = next((str(choice.label) for choice in item.choices if item.data and choice.value == item.data), "")
        found += [f"{item.label.text}: {chosen}"] if chosen else []
    found += [str(choice.label) for choice in form.only.choices if choice.value in (form.only.data or [])]
    for item in (form.first, form.last):
        found += [f"{item.label.text} {format_date(item.data, get_locale())}"] if item.data else []
    return found
