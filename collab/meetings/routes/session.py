"""The session: opening, attendance, votes, notes, closing, minutes, and the page of a resolution."""

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from collab.documents.typesetting import render_pdf
from collab.history.sealing.seal import newest_checkpoint
from collab.kernel import targets
from collab.kernel.access import Permission, can
from collab.kernel.errors import InvalidInput, NotAllowed, NotFound, StateConflict, VersionConflict
from collab.kernel.i18n import _
from collab.kernel.targets import Ref
from collab.meetings import documents, queries, service, wording
from collab.meetings.forms import ReasonForm, SheetForm, StepForm, VoteForm
from collab.meetings.models import Meeting
from collab.meetings.routes.blueprint import blueprint
from collab.meetings.states import MACHINE, Choice, ItemState, MeetingVerb, Presence
from collab.members import queries as members
from collab.web.context import current_actor, reading, request_now, unit_of_work
from collab.web.downloads import PDF, download
from collab.web.once import AlreadySubmitted, claim, leads_to, to_first
from collab.web.routing import requires

STEPS = {"open": service.open_meeting, "close": service.close_meeting, "adopt": service.adopt_minutes}


@blueprint.post("/meetings/<uuid:meeting_id>/<any(open, close, adopt):step>")
@requires(Permission.MEETING_VIEW)
def take_step(meeting_id: UUID, step: str) -> ResponseReturnValue:
    """Open or close the session, or adopt its minutes; the service says who may."""
    form = StepForm()
    with unit_of_work() as session:
        STEPS[step](
            session, actor=current_actor(), now=request_now(), meeting_id=meeting_id, expected_version=form.expected_version
        )
    flash(_("Recorded."), "success")
    return redirect(url_for("meetings.detail", meeting_id=meeting_id), 303)


@blueprint.route("/meetings/<uuid:meeting_id>/attendance", methods=["GET", "POST"])
@requires(Permission.MEETING_VIEW)
def attendance(meeting_id: UUID) -> ResponseReturnValue:
    """Record who is present."""
    form = SheetForm()
    with reading() as session:
        meeting = _recordable(queries.get_visible(session, current_actor(), meeting_id))
        rows = queries.attendance_of(session, meeting_id)
        names = members.organisation_names(session, {row.organisation_id for row in rows.values()})
    status = 200 if request.method == "GET" else 422
    sheet = form.sheet(rows, request.form)
    if request.method == "POST" and form.validate():
        try:
            with unit_of_work() as session:
                found = service.record_attendance(
                    session, actor=current_actor(), now=request_now(), meeting_id=meeting_id, sheet=sheet,
                    expected_version=form.expected_version,
                )  # fmt: skip
            flash(wording.quorum_text(found), "success" if found.is_met else "warning")
            return redirect(url_for("meetings.detail", meeting_id=meeting_id), 303)
        except VersionConflict:
            form.put_errors({"": _("Somebody else saved this meanwhile")})
            status = 409
    form.version.data = str(service.sheet_version(rows.values()))
    typed = sheet if request.method == "POST" else {}
    return render_template(
        "meetings/attendance.html", form=form, meeting=meeting, rows=list(rows.values()), names=names,
        presences=wording.PRESENCES, typed=typed, is_conflict=status == 409,
    ), status  # fmt: skip


def _recordable(meeting: Meeting) -> Meeting:
    """Return the meeting when the person may record it now. Raises NotAllowed, StateConflict."""
    if not any(
        can(current_actor(), permission, meeting) for permission in (Permission.MEETING_MANAGE, Permission.MEETING_PRESIDE)
    ):
        raise NotAllowed(Permission.MEETING_MANAGE.value)
    MACHINE.advance(meeting.state, MeetingVerb.RECORD)
    return meeting


@blueprint.route("/agenda-items/<uuid:item_id>/vote", methods=["GET", "POST"])
@requires(Permission.MEETING_VIEW)
def vote(item_id: UUID) -> ResponseReturnValue:
    """Record the vote on an item."""
    form = VoteForm()
    with reading() as session:
        item = queries.get_item(session, item_id)
        meeting = _recordable(queries.get_visible(session, current_actor(), item.meeting_id))
        rows = queries.attendance_of(session, meeting.id)
        names = members.organisation_names(session, {row.organisation_id for row in rows.values()})
        quorum = service.quorum_of(session, meeting) if rows else None
    if request.method == "GET" and item.state is not ItemState.OPEN:
        raise StateConflict(_("This item is decided already."))
    if request.method == "POST" and form.validate():
        try:
            with unit_of_work() as session:
                claim(session, form, request_now())
                made = service.record_votes(
                    session, actor=current_actor(), now=request_now(), item_id=item_id, vote=form.vote(rows, request.form)
                )
                location = url_for("meetings.resolution", resolution_id=made.id)
                leads_to(session, form, location)
            return redirect(location, 303)
        except AlreadySubmitted as fact:
            return to_first(fact)
        except InvalidInput as error:
            form.put_errors(error.errors)
    if request.method == "GET":
        form.motion.data = item.title
    present = [row for row in rows.values() if row.is_voting and row.presence is not Presence.ABSENT]
    return render_template(
        "meetings/vote.html", form=form, item=item, meeting=meeting, present=present, names=names, choices=wording.CHOICES,
        quorum=wording.quorum_text(quorum) if quorum else "", posted=request.form,
    ), 200 if request.method == "GET" else 422  # fmt: skip


@blueprint.post("/agenda-items/<uuid:item_id>/note")
@requires(Permission.MEETING_VIEW)
def note(item_id: UUID) -> ResponseReturnValue:
    """Note an item for information."""
    with unit_of_work() as session:
        item = service.settle_item(session, actor=current_actor(), now=request_now(), item_id=item_id, state=ItemState.NOTED)
    return redirect(url_for("meetings.detail", meeting_id=item.meeting_id), 303)


@blueprint.route("/agenda-items/<uuid:item_id>/postpone", methods=["GET", "POST"])
@requires(Permission.MEETING_VIEW)
def postpone(item_id: UUID) -> ResponseReturnValue:
    """Postpone an item with a reason."""
    form = ReasonForm()
    with reading() as session:
        item = queries.get_item(session, item_id)
        meeting = _recordable(queries.get_visible(session, current_actor(), item.meeting_id))
    if request.method == "GET" or not form.validate():
        return render_template(
            "meetings/postpone.html", form=form, item=item, meeting=meeting
        ), 200 if request.method == "GET" else 422
    with unit_of_work() as session:
        service.settle_item(
            session, actor=current_actor(), now=request_now(), item_id=item_id, state=ItemState.POSTPONED, reason=form.reason.data
        )
    return redirect(url_for("meetings.detail", meeting_id=meeting.id), 303)


@blueprint.get("/resolutions/<uuid:resolution_id>")
@requires(Permission.MEETING_VIEW)
def resolution(resolution_id: UUID) -> ResponseReturnValue:
    """Show one resolution with its arithmetic and what it is about."""
    ref = Ref("resolution", resolution_id)
    with reading() as session:
        if ref not in targets.visible(session, current_actor(), [ref]):
            raise NotFound("resolution", resolution_id)
        found = queries.get_resolution(session, resolution_id)
        ballots = [row for row in queries.ballots_of(session, found.meeting_id) if row.agenda_item_id == found.agenda_item_id]
        names = members.organisation_names(session, {row.organisation_id for row in ballots})
        why = targets.why(session, current_actor(), ref)
        meeting = queries.get_visible(session, current_actor(), found.meeting_id)
    return render_template(
        "meetings/resolution.html", resolution=found, ballots=ballots, names=names, why=why, meeting=meeting,
        tally=wording.tally_text(found.arithmetic), choices=wording.CHOICES, carried_for=Choice.FOR,
    )  # fmt: skip


@blueprint.get("/meetings/<uuid:meeting_id>/minutes")
@requires(Permission.MEETING_VIEW)
def minutes(meeting_id: UUID) -> ResponseReturnValue:
    """Show the minutes as a page to print."""
    with reading() as session:
        meeting = queries.get_visible(session, current_actor(), meeting_id)
    if not meeting.minutes:
        raise NotFound("minutes", meeting_id)
    return render_template("meetings/minutes.html", meeting=meeting)


@blueprint.get("/meetings/<uuid:meeting_id>/minutes.pdf")
@requires(Permission.MEETING_VIEW)
def minutes_pdf(meeting_id: UUID) -> ResponseReturnValue:
    """Return the minutes as PDF."""
    with reading() as session:
        meeting = queries.get_visible(session, current_actor(), meeting_id)
        checkpoint = newest_checkpoint(session)
    if not meeting.minutes:
        raise NotFound("minutes", meeting_id)
    anchor = checkpoint.note.split("\n")[:3] if checkpoint else ()
    return download(
        render_pdf(documents.minutes_paper(meeting, anchor), request_now()), PDF, f"รายงานการประชุม {meeting.number}.pdf"
    )
