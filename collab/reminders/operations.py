"""The operations page: does the scheduler run, what waits, what failed and why; and the same as metrics."""

import ipaddress
from uuid import UUID

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from collab.kernel.access import Permission, can
from collab.kernel.errors import NotFound
from collab.kernel.i18n import _
from collab.kernel.jobs import Job
from collab.members import queries as members
from collab.notices import queries as notice_queries
from collab.notices import service as notices
from collab.reminders import presenters, queries, service
from collab.web.context import current_actor, reading, request_now, unit_of_work
from collab.web.forms import CollabForm
from collab.web.routing import public, requires

blueprint = Blueprint("operations", __name__)
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP")


@blueprint.get("/operations")
@requires(Permission.OPERATIONS_VIEW)
def index() -> ResponseReturnValue:
    """Show how the background work is."""
    now = request_now()
    with reading() as session:
        beats = queries.heartbeats(session)
        failed = queries.list_failed(session)
        dead = notice_queries.list_dead(session)
        people = members.user_names(
            session, {row.recipient_id for row in failed} | {message.recipient_id for message, _a in dead}
        )
        oldest_reminder = queries.oldest_undone(session)
        oldest_mail = notice_queries.oldest_waiting(session, now)
        reminders, messages = queries.count_by_state(session), notice_queries.count_by_state(session)
    jobs = [
        (presenters.job_text(job), job.value, beats.get(job.value), presenters.job_state(beats.get(job.value), now))
        for job in Job
    ]
    return render_template(
        "operations/index.html", jobs=jobs, failed=failed, dead=dead, people=people, oldest_reminder=oldest_reminder,
        oldest_mail=oldest_mail, reminders=reminders, messages=messages, form=CollabForm(),
        may_manage=can(current_actor(), Permission.OPERATIONS_MANAGE),
    )  # fmt: skip


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


@blueprint.get("/metrics")
@public
def metrics() -> ResponseReturnValue:
    """Return Prometheus metrics, to callers on this machine only; to others the page does not exist."""
    # A proxy on this machine that nobody declared would make every caller look local.
    if not _is_local(request.remote_addr) or any(name in request.headers for name in FORWARDED):
        raise NotFound("page", request.path)
    now, registry = request_now(), CollectorRegistry()
    age = Gauge("collab_job_age_seconds", "Seconds since a job last succeeded", ["job"], registry=registry)
    reminders = Gauge("collab_reminders", "Reminders by state", ["state"], registry=registry)
    messages = Gauge("collab_messages", "Messages by state", ["state"], registry=registry)
    oldest = Gauge("collab_oldest_undone_seconds", "Age of the oldest undone row", ["queue"], registry=registry)
    with reading() as session:
        for name, beat in queries.heartbeats(session).items():
            if beat.succeeded_at is not None:
                age.labels(name).set((now - beat.succeeded_at).total_seconds())
        for state, count in queries.count_by_state(session).items():
            reminders.labels(state).set(count)
        for state, count in notice_queries.count_by_state(session).items():
            messages.labels(state).set(count)
        for queue, since in (
            ("reminders", queries.oldest_undone(session)),
            ("messages", notice_queries.oldest_waiting(session, now)),
        ):
            oldest.labels(queue).set((now - since).total_seconds() if since else 0)
    return Response(generate_latest(registry), mimetype="text/plain; version=0.0.4")


def _is_local(address: str | None) -> bool:
    try:
        return ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False
