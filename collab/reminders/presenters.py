"""Rules and jobs in words."""

from datetime import datetime, timedelta

from collab.kernel.i18n import _, lazy, ngettext
from collab.kernel.jobs import Job
from collab.kernel.models import Heartbeat
from collab.reminders.models import Audience

AUDIENCES = {
    Audience.OWNER: lazy("The person responsible"),
    Audience.CLERK: lazy("The clerk of the organisation"),
    Audience.EXECUTIVE: lazy("The executive of the organisation"),
    Audience.CHAIR: lazy("The chair of the committee"),
    Audience.COORDINATOR: lazy("The coordinator of the nanny agency"),
}

JOBS = {
    Job.NOTICES_DELIVER: lazy("Sends the mail that waits"),
    Job.OPERATIONS_TICK: lazy("Shows that scheduler and worker are alive"),
    Job.REMINDERS_DELIVER: lazy("Delivers recorded reminders"),
    Job.REMINDERS_RESCUE: lazy("Frees what a killed worker had claimed"),
    Job.REMINDERS_SWEEP: lazy("Records what has become due"),
}
#: A job is late when it has not succeeded for this long; the longest interval of the timetable is five minutes.
LATE_AFTER = timedelta(minutes=6)


def audience_text(audience: Audience) -> str:
    """Return who is reminded."""
    return str(AUDIENCES[audience])


def rule_text(offset_days: int, repeat_days: int) -> str:
    """Return when a rule fires: "7 days before the due day"."""
    if offset_days < 0:
        when = ngettext("%(num)s day before the due day", "%(num)s days before the due day", -offset_days)
    elif offset_days == 0:
        when = _("on the due day")
    else:
        when = ngettext("%(num)s day after the due day", "%(num)s days after the due day", offset_days)
    if not repeat_days:
        return when
    return when + ", " + ngettext("again every day", "again every %(num)s days", repeat_days)


def job_text(job: Job) -> str:
    """Return what a job does."""
    return str(JOBS[job])


def job_state(beat: Heartbeat | None, now: datetime) -> tuple[str, str]:
    """Return how a job is in words, and the tone of its tag."""
    if beat is None:
        return _("has never run"), "rust"
    if beat.failed_at is not None and (beat.succeeded_at is None or beat.failed_at > beat.succeeded_at):
        return _("failed at its last run"), "rust"
    if beat.succeeded_at is None or now - beat.succeeded_at > LATE_AFTER:
        return _("has not run for too long"), "rust"
    return _("runs"), "green"
