"""The list of meetings, one meeting, planning, convening, and putting matters on the agenda."""

from datetime import timedelta
from uuid import UUID

import icalendar
from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from collab.kernel import targets
from collab.kernel.access import Permission, authorize, can, could
from collab.kernel.clock import today
from collab.kernel.errors import InvalidInput, NotAllowed, NotFound, StateConflict, VersionConflict
from collab.kernel.i18n import _
from collab.kernel.targets import Ref
from collab.meetings import queries, service, wording
from collab.meetings.forms import AgendaForm, ConveneForm, MeetingForm, PlaceForm, ReasonForm, StepForm, heading_choices
from collab.meetings.models import Meeting
from collab.meetings.routes.blueprint import blueprint
from collab.meetings.states import MACHINE, MeetingState, MeetingVerb
from collab.members import queries as members
from collab.members.rules import name_of
from collab.web.context import current_actor, reading, request_now, unit_of_work
from collab.web.downloads import CALENDAR, download
from collab.web.forms import options
from collab.web.once import AlreadySubmitted, claim, leads_to, to_first
from collab.web.routing import requires


@blueprint.get("/meetings")
@requires(Permission.MEETING_VIEW)
def index() -> ResponseReturnValue:
    """List the meetings that the person may see."""
    with reading() as session:
        page = queries.list_meetings(session, current_actor(), request.args.get("cursor"))
        committees = {row.id: name_of(row) for row in members.list_committees(session, current_actor())}
    may_plan = could(current_actor(), Permission.MEETING_MANAGE)
    return render_template("meetings/index.html", page=page, committees=committees, states=wording.STATES, may_plan=may_plan)


@blueprint.route("/meetings/new", methods=["GET", "POST"])
@requires(Permission.MEETING_MANAGE)
def new() -> ResponseReturnValue:
    """Plan a meeting."""
    form = MeetingForm()
    with reading() as session:
        form.committee_id.choices = options(
            (str(row.id), name_of(row)) for row in members.list_committees(session, current_actor())
        )
    if request.method == "GET":
        return render_template("meetings/new.html", form=form)
    if form.validate():
        try:
            return _plan(form)
        except InvalidInput as error:
            form.put_errors(error.errors)
        except AlreadySubmitted as fact:
            return to_first(fact)
    return render_template("meetings/new.html", form=form), 422


def _plan(form: MeetingForm) -> ResponseReturnValue:
    with unit_of_work() as session:
        claim(session, form, request_now())
        made = service.create_meeting(
            session, actor=current_actor(), now=request_now(), committee_id=UUID(form.committee_id.data), title=form.title.data,
            place=form.place.data, starts_at=form.starts_at(),
        )  # fmt: skip
        location = url_for("meetings.detail", meeting_id=made.id)
        leads_to(session, form, location)
    return redirect(location, 303)


@blueprint.get("/meetings/<uuid:meeting_id>")
@requires(Permission.MEETING_VIEW)
def detail(meeting_id: UUID) -> ResponseReturnValue:
    """Show one meeting."""
    return detail_page(meeting_id, AgendaForm(formdata=None), ConveneForm(formdata=None), 200)


def detail_page(meeting_id: UUID, agenda_form: AgendaForm, convene_form: ConveneForm, status: int) -> ResponseReturnValue:
    """Return the page of one meeting with its forms as they stand."""
    actor = current_actor()
    with reading() as session:
        meeting = queries.get_visible(session, actor, meeting_id)
        agenda = queries.agenda_of(session, meeting_id)
        attendance = queries.attendance_of(session, meeting_id)
        resolutions = {row.agenda_item_id: row for row in queries.resolutions_of(session, meeting_id)}
        quorum = service.quorum_of(session, meeting) if attendance else None
        refs = [Ref(row.target_kind, row.target_id) for row in agenda if row.target_kind and row.target_id]
        about = {ref.id: info for ref, info in targets.resolve(session, actor, refs).items()}
        names = members.organisation_names(session, {row.organisation_id for row in attendance.values()})
        committee = name_of(members.get_committee(session, meeting.committee_id))
    convene_form.version.data = str(meeting.version)
    return render_template(
        "meetings/detail.html", meeting=meeting, agenda=agenda, attendance=list(attendance.values()), resolutions=resolutions,
        about=about, names=names, committee=committee, state=wording.STATES[meeting.state], item_states=wording.ITEM_STATES,
        presences=wording.PRESENCES, quorum=wording.quorum_text(quorum) if quorum else "", may=_verbs(meeting), turn=wording.turn_text(meeting),
        agenda_form=agenda_form, convene_form=convene_form, step=StepForm(formdata=None), headings=dict(heading_choices()),
        form=agenda_form if agenda_form.errors else convene_form,
    ), status  # fmt: skip


def _verbs(meeting: Meeting) -> dict[str, bool]:
    """Return which steps the person may take now."""
    actor, state = current_actor(), meeting.state
    manages, presides = can(actor, Permission.MEETING_MANAGE, meeting), can(actor, Permission.MEETING_PRESIDE, meeting)
    found = {verb.value: MACHINE.allows(state, verb) and (manages or presides) for verb in MeetingVerb}
    for verb in (MeetingVerb.EDIT_AGENDA, MeetingVerb.CONVENE, MeetingVerb.CANCEL):
        found[verb.value] = MACHINE.allows(state, verb) and manages
    found["open"] = found["open"] and today(request_now()) >= today(meeting.starts_at)
    found["adopt_minutes"] = found["adopt_minutes"] and presides and meeting.minutes_adopted_at is None
    return found


@blueprint.post("/meetings/<uuid:meeting_id>/agenda")
@requires(Permission.MEETING_MANAGE)
def add_item(meeting_id: UUID) -> ResponseReturnValue:
    """Put a matter without an object on the agenda."""
    form = AgendaForm()
    if not form.validate():
        return detail_page(meeting_id, form, ConveneForm(formdata=None), 422)
    location = url_for("meetings.detail", meeting_id=meeting_id)
    try:
        with unit_of_work() as session:
            claim(session, form, request_now())
            service.place_on_agenda(
                session, actor=current_actor(), now=request_now(), meeting_id=meeting_id, title=form.title.data,
                heading=int(form.heading.data), is_for_decision=form.is_for_decision.data,
            )  # fmt: skip
            leads_to(session, form, location)
    except AlreadySubmitted as fact:
        return to_first(fact)
    return redirect(location, 303)


@blueprint.route("/agenda/place/<kind>/<uuid:target_id>", methods=["GET", "POST"])
@requires(Permission.MEETING_MANAGE)
def place(kind: str, target_id: UUID) -> ResponseReturnValue:
    """Put an object on the agenda of one of its committee's meetings."""
    ref = Ref(kind, target_id)
    with reading() as session:
        info = targets.resolve(session, current_actor(), [ref]).get(ref)
        if info is None or info.committee_id is None:
            raise NotFound(kind, target_id)
        open_meetings = queries.placeable_meetings(session, current_actor(), info.committee_id)
    if not any(can(current_actor(), Permission.MEETING_MANAGE, meeting) for meeting in open_meetings) and open_meetings:
        raise NotAllowed(Permission.MEETING_MANAGE.value)
    form = PlaceForm(heading="5", is_for_decision=True, title=info.title[:300])
    form.meeting_id.choices = options((str(row.id), f"{row.title} {row.number}") for row in open_meetings)
    if request.method == "GET" or not form.validate():
        status = 200 if request.method == "GET" else 422
        return render_template("meetings/place.html", form=form, info=info, open_meetings=open_meetings), status
    try:
        return _place(form, ref)
    except AlreadySubmitted as fact:
        return to_first(fact)
    except StateConflict as error:
        form.put_errors({"": str(error)})
    return render_template("meetings/place.html", form=form, info=info, open_meetings=open_meetings), 409


def _place(form: PlaceForm, ref: Ref) -> ResponseReturnValue:
    location = url_for("meetings.detail", meeting_id=form.meeting_id.data)
    with unit_of_work() as session:
        claim(session, form, request_now())
        service.place_on_agenda(
            session, actor=current_actor(), now=request_now(), meeting_id=UUID(form.meeting_id.data), title=form.title.data,
            heading=int(form.heading.data), is_for_decision=form.is_for_decision.data, target=ref,
        )  # fmt: skip
        leads_to(session, form, location)
    flash(_("It was put on the agenda."), "success")
    return redirect(location, 303)


@blueprint.post("/meetings/<uuid:meeting_id>/convene")
@requires(Permission.MEETING_MANAGE)
def convene(meeting_id: UUID) -> ResponseReturnValue:
    """Convene: number the meeting and send the invitations."""
    form = ConveneForm()
    version = form.expected_version
    if not form.validate():
        return detail_page(meeting_id, AgendaForm(formdata=None), form, 422)
    try:
        with unit_of_work() as session:
            service.convene(
                session, actor=current_actor(), now=request_now(), meeting_id=meeting_id, short_notice_reason=form.reason.data or "",
                expected_version=version,
            )  # fmt: skip
    except InvalidInput as error:
        form.put_errors(error.errors)
        return detail_page(meeting_id, AgendaForm(formdata=None), form, 422)
    except VersionConflict:
        form.put_errors({"": _("Somebody else saved this meanwhile")})
        return detail_page(meeting_id, AgendaForm(formdata=None), form, 409)
    flash(_("The meeting was convened and the invitations are on their way."), "success")
    return redirect(url_for("meetings.detail", meeting_id=meeting_id), 303)


@blueprint.route("/meetings/<uuid:meeting_id>/cancel", methods=["GET", "POST"])
@requires(Permission.MEETING_MANAGE)
def cancel(meeting_id: UUID) -> ResponseReturnValue:
    """Cancel the meeting with a reason."""
    form = ReasonForm()
    with reading() as session:
        meeting = queries.get_visible(session, current_actor(), meeting_id)
    authorize(current_actor(), Permission.MEETING_MANAGE, meeting)
    if request.method == "GET" or not form.validate():
        form.version.data = form.version.data or str(meeting.version)
        return render_template("meetings/cancel.html", form=form, meeting=meeting), 200 if request.method == "GET" else 422
    try:
        with unit_of_work() as session:
            service.cancel(
                session, actor=current_actor(), now=request_now(), meeting_id=meeting_id, reason=form.reason.data,
                expected_version=form.expected_version,
            )  # fmt: skip
    except VersionConflict as conflict:
        form.version.data = str(conflict.current_version)
        form.put_errors({"": _("Somebody else saved this meanwhile")})
        return render_template("meetings/cancel.html", form=form, meeting=meeting), 409
    return redirect(url_for("meetings.detail", meeting_id=meeting_id), 303)


@blueprint.get("/meetings/<uuid:meeting_id>/calendar.ics")
@requires(Permission.MEETING_VIEW)
def calendar(meeting_id: UUID) -> ResponseReturnValue:
    """Return the meeting as a calendar entry; its UID stays, its sequence grows with each change."""
    with reading() as session:
        meeting = queries.get_visible(session, current_actor(), meeting_id)
    event = icalendar.Event()
    event.add("uid", f"{meeting.id}@collab")
    event.add("sequence", meeting.version)
    event.add("dtstamp", request_now())
    event.add("dtstart", meeting.starts_at)
    event.add("dtend", meeting.starts_at + timedelta(hours=3))
    event.add("summary", meeting.title)
    event.add("location", meeting.place)
    event.add("status", "CANCELLED" if meeting.state is MeetingState.CANCELLED else "CONFIRMED")
    whole = icalendar.Calendar()
    whole.add("prodid", "-//Collab//Meetings//TH")
    whole.add("version", "2.0")
    whole.add_component(event)
    return download(whole.to_ical(), CALENDAR, "meeting.ics")
