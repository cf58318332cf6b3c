"""The operations page: does the scheduler run, what waits, what failed and why; and the same as metrics."""

import ipaddress
from uuid import UUID

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from collab.kernel.access import Permission, can, could
from collab.kernel.errors import InvalidInput, NotFound
from collab.kernel.i18n import _, ngettext
from collab.kernel.jobs import Job
from collab.members import queries as members
from collab.notices import queries as notice_queries
from collab.notices import service as notices
from collab.reminders import monitoring, presenters, queries, service
from collab.reminders.forms import PauseForm
from collab.reminders.monitoring import Snapshot
from collab.web.context import current_actor, reading, request_now, unit_of_work
from collab.web.forms import CollabForm
from collab.web.routing import public, requires

blueprint = Blueprint("operations", __name__)
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP")


@blueprint.get("/operations")
@requires(Permission.OPERATIONS_VIEW)
def index() -> ResponseReturnValue:
    """Show how the background work is."""
    with reading() as session:
        state = monitoring.snapshot(session, request_now())
        reasons = monitoring.failures_by_reason(session)
        failed = queries.list_failed(session)
        dead = notice_queries.list_dead(session)
        wanted = {row.recipient_id for row in failed} | {message.recipient_id for message, _answer in dead}
        wanted |= {pause.changed_by_id for pause in state.pauses.values() if pause.changed_by_id}
        people = members.user_names(session, wanted)
    return render_template(
        "operations/index.html", jobs=[_job_line(state, job) for job in Job], state=state, reasons=reasons, failed=failed, dead=dead,
        people=people, form=CollabForm(), words=presenters, may_manage=can(current_actor(), Permission.OPERATIONS_MANAGE),
        keeps_members=could(current_actor(), Permission.MEMBERS_MANAGE),
    )  # fmt: skip


def _job_line(state: Snapshot, job: Job) -> dict[str, object]:
    beat, pause = state.beats.get(job), state.pauses.get(job)
    words, tone = presenters.job_state(job, beat, state.now, is_paused=pause is not None)
    return {
        "code": job.value, "text": presenters.job_text(job), "beat": beat, "pause": pause, "words": words, "tone": tone,
        "counts": presenters.counts_text(beat.counts) if beat else "", "failure": presenters.run_outcome_text(beat.failure) if beat else "",
    }  # fmt: skip


@blueprint.route("/operations/jobs/<job>/pause", methods=["GET", "POST"])
@requires(Permission.OPERATIONS_MANAGE)
def pause(job: str) -> ResponseReturnValue:
    """Ask why a job is to be paused, and pause it."""
    if job not in set(Job):
        raise NotFound("job", job)
    form = PauseForm()
    title = presenters.job_text(Job(job))
    if request.method == "GET" or not form.validate():
        status = 200 if request.method == "GET" else 422
        return render_template("operations/pause.html", form=form, title=title), status
    try:
        with unit_of_work() as session:
            service.switch_job(
                session, actor=current_actor(), now=request_now(), job=job, pause=True, reason=form.reason.data or ""
            )
    except InvalidInput as error:
        form.put_errors(error.errors)
        return render_template("operations/pause.html", form=form, title=title), 422
    flash(_("The job is paused. What becomes due meanwhile is done when it goes on."), "success")
    return redirect(url_for("operations.index"), 303)


@blueprint.post("/operations/jobs/<job>/resume")
@requires(Permission.OPERATIONS_MANAGE)
def resume(job: str) -> ResponseReturnValue:
    """Let a paused job go on."""
    with unit_of_work() as session:
        service.switch_job(session, actor=current_actor(), now=request_now(), job=job, pause=False, reason="")
    flash(_("The job goes on."), "success")
    return redirect(url_for("operations.index"), 303)


@blueprint.post("/operations/reminders/<uuid:reminder_id>/again")
@requires(Permission.OPERATIONS_MANAGE)
def reminder_again(reminder_id: UUID) -> ResponseReturnValue:
    """Give a failed reminder another chance."""
    with unit_of_work() as session:
        service.send_again(session, actor=current_actor(), now=request_now(), reminder_id=reminder_id)
    flash(_("It will be tried again."), "success")
    return redirect(url_for("operations.index"), 303)


@blueprint.post("/operations/messages/<uuid:message_id>/again")
@requires(Permission.OPERATIONS_MANAGE)
def message_again(message_id: UUID) -> ResponseReturnValue:
    """Give a dead message another chance."""
    with unit_of_work() as session:
        notices.send_again(session, actor=current_actor(), now=request_now(), message_id=message_id)
    flash(_("It will be tried again."), "success")
    return redirect(url_for("operations.index"), 303)


@blueprint.post("/operations/<any(reminders, messages):queue>/again")
@requires(Permission.OPERATIONS_MANAGE)
def all_again(queue: str) -> ResponseReturnValue:
    """Give everything that failed for one reason another chance."""
    reason = request.form.get("reason", "").replace("\x00", "")
    again = service.send_all_again if queue == "reminders" else notices.send_all_again
    with unit_of_work() as session:
        number = again(session, actor=current_actor(), now=request_now(), reason=reason)
    flash(ngettext("%(num)s will be tried again.", "%(num)s will be tried again.", number), "success")
    return redirect(url_for("operations.index"), 303)


@blueprint.get("/metrics")
@public
def metrics() -> ResponseReturnValue:
    """Return Prometheus metrics, to callers on this machine only; to others the page does not exist."""
    # A proxy on this machine that nobody declared would make every caller look local.
    if not _is_local(request.remote_addr) or any(name in request.headers for name in FORWARDED):
        raise NotFound("page", request.path)
    with reading() as session:
        state = monitoring.snapshot(session, request_now())
    return Response(generate_latest(_registry_of(state)), mimetype="text/plain; version=0.0.4")


def _registry_of(state: Snapshot) -> CollectorRegistry:
    registry = CollectorRegistry()

    def gauge(name: str, text: str, label: str, values: dict[str, float]) -> None:
        made = Gauge(f"collab_{name}", text, [label], registry=registry)
        for key, value in values.items():
            made.labels(key).set(value)

    ages = {name: (state.now - beat.succeeded_at).total_seconds() for name, beat in state.beats.items() if beat.succeeded_at}
    gauge("job_age_seconds", "Seconds since a job last succeeded", "job", ages)
    gauge(
        "job_seconds",
        "Seconds that the last run of a job took",
        "job",
        {name: beat.seconds for name, beat in state.beats.items()},
    )
    gauge("job_silent", "1 when a job has not succeeded for too long", "job", {job: float(job in state.silent) for job in Job})
    gauge("job_paused", "1 when somebody paused a job", "job", {job: float(job in state.pauses) for job in Job})
    gauge("reminders", "Reminders by state", "state", {name: float(count) for name, count in state.reminders.items()})
    gauge("messages", "Messages by state", "state", {name: float(count) for name, count in state.messages.items()})
    gauge("oldest_undone_seconds", "Age of the oldest undone row", "queue", state.waiting_seconds())
    flagged = {"flagged": float(state.flagged)}
    gauge("addresses", "Addresses to which no mail goes because it came back", "state", flagged)
    done = {
        "reminders_settled": state.rates.settled,
        "mails_accepted": state.rates.accepted,
        "mails_refused": state.rates.refused,
    }
    gauge("last_hour", "What was done in the last hour", "what", {name: float(count) for name, count in done.items()})
    return registry


def _is_local(address: str | None) -> bool:
    try:
        return ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False
