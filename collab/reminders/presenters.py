"""Rules and jobs in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from collab.kernel.i18n import _, lazy, ngettext
from collab.kernel.jobs import Job
from collab.kernel.models import Heartbeat
from collab.kernel.timetable import SCHEDULE
from collab.reminders.models import Audience, Outcome, ReminderRule
from collab.reminders.registry import due_kinds
from collab.reminders.rehearsal import Rehearsed
from collab.reminders.rules import Effective, Layer

AUDIENCES = {
    Audience.OWNER: lazy("The person responsible"),
    Audience.CLERK: lazy("The clerk of the organisation"),
    Audience.EXECUTIVE: lazy("The executive of the organisation"),
    Audience.CHAIR: lazy("The chair of the committee"),
    Audience.COORDINATOR: lazy("The coordinator of the nanny agency"),
}

JOBS = {
    Job.ACTION_PLANS_APPLY_IMPORTS: lazy("Applies large sheets to action plans"),
    Job.AUDITS_MAKE_BUNDLES: lazy("Makes evidence bundles"),
    Job.HISTORY_RECONCILE: lazy("Compares the tables with the history"),
    Job.HISTORY_SEAL: lazy("Seals the history"),
    Job.HISTORY_WITNESS: lazy("Brings checkpoints to the witnesses"),
    Job.NOTICES_DELIVER: lazy("Sends the mail that waits"),
    Job.NOTICES_DELIVER_URGENT: lazy("Sends urgent mail at once"),
    Job.NOTICES_DIGEST: lazy("Gathers notices into digests"),
    Job.NOTICES_POST: lazy("Posts to further channels"),
    Job.NOTICES_READ_REPORTS: lazy("Reads what came back about mail"),
    Job.OPERATIONS_TICK: lazy("Shows that scheduler and worker are alive"),
    Job.REMINDERS_DELIVER: lazy("Delivers recorded reminders"),
    Job.REMINDERS_FOLLOW: lazy("Records what became of the mails of reminders"),
    Job.REMINDERS_RESCUE: lazy("Frees what a killed worker had claimed"),
    Job.REMINDERS_SWEEP: lazy("Records what has become due"),
}


def age_text(seconds: float) -> str:
    """Return how long something has been waiting: in minutes below two hours, then in hours."""
    minutes = int(seconds // 60)
    if minutes < 120:
        return ngettext("%(num)s minute", "%(num)s minutes", minutes)
    return ngettext("%(num)s hour", "%(num)s hours", minutes // 60)


def audience_text(audience: Audience) -> str:
    """Return who is reminded."""
    return str(AUDIENCES[audience])


def rule_text(offset_days: int, repeat_days: int) -> str:
    """Return when a rule fires: "5 working days before the due day"."""
    if offset_days < 0:
        when = ngettext("%(num)s working day before the due day", "%(num)s working days before the due day", -offset_days)
    elif offset_days == 0:
        when = _("on the due day")
    else:
        when = ngettext("%(num)s working day after the due day", "%(num)s working days after the due day", offset_days)
    if not repeat_days:
        return when
    return _(
        "%(when)s, %(again)s",
        when=when,
        again=ngettext("again every working day", "again every %(num)s working days", repeat_days),
    )


LAYERS = {
    Layer.INSTALLATION: lazy("from the installation"),
    Layer.COMMITTEE: lazy("from the committee"),
    Layer.PLAN: lazy("from the plan"),
}


def source_text(layer: Layer, here: Layer) -> str:
    """Return where a value comes from, seen from a place: "from the committee", or "set here"."""
    return _("set here") if layer is here else str(LAYERS[layer])


@dataclass(frozen=True)
class RuleLine:
    """One rule as it holds in a place, in words, each value with where it comes from."""

    rule: ReminderRule
    kind: str
    whom: str
    when: str
    when_source: str
    again: str
    again_source: str
    since: date | None
    state_source: str


def rule_line(rule: ReminderRule, effective: Effective, here: Layer) -> RuleLine:
    """Return ``rule`` with the values ``effective`` in a place of the layer ``here``."""
    kind = due_kinds().get(rule.due_kind or "")
    again = (
        ngettext("every working day", "every %(num)s working days", effective.repeat_days) if effective.repeat_days else _("once")
    )
    return RuleLine(
        rule, str(kind.label) if kind else _("Everything that can be due"), audience_text(rule.audience),
        rule_text(effective.offset_days, 0), source_text(effective.offset_layer, here), again,
        source_text(effective.repeat_layer, here), effective.effective_from, source_text(effective.enabled_layer, here),
    )  # fmt: skip


def why_text(row: Rehearsed) -> str:
    """Return why somebody would be told: the day, as which rung, and that it is told again."""
    if row.day < row.due_on:
        when = _("is due soon")
    elif row.day == row.due_on:
        when = _("is due on this day")
    else:
        when = _("is late")
    if row.occurrence:
        when = _("%(when)s, told again", when=when)
    return f"{audience_text(row.audience)}: {when}"


OUTCOMES = {
    Outcome.QUEUED: (lazy("queued for sending"), "grey"),
    Outcome.ACCEPTED: (lazy("accepted by the mail server"), "blue"),
    Outcome.DELIVERED: (lazy("delivered, as the other mail server reports"), "green"),
    Outcome.BOUNCED: (lazy("came back: not delivered"), "rust"),
    Outcome.POSTED: (lazy("accepted by a further channel of the organisation"), "blue"),
    Outcome.EXPIRED: (lazy("given up: no mail server took it"), "rust"),
    Outcome.ACKNOWLEDGED: (lazy("acknowledged by the person"), "green"),
    Outcome.SKIPPED: (lazy("no longer needed"), "grey"),
    Outcome.FAILED: (lazy("could not be told"), "rust"),
}


def outcome_text(outcome: Outcome) -> str:
    """Return what is known of a reminder. "Accepted" is never called received: nobody reported that it was read."""
    return str(OUTCOMES[outcome][0])


def outcome_tone(outcome: Outcome) -> str:
    """Return the tone of its tag."""
    return OUTCOMES[outcome][1]


def note_text(note: str) -> str:
    """Return the machine's note on a piece of evidence in words, as it is when it is somebody else's answer."""
    rung = note.removeprefix("nobody there: ")
    if rung != note and rung in set(Audience):
        return _("In the place of “%(whom)s”: nobody of them nor a deputy was there.", whom=audience_text(Audience(rung)))
    return note


def job_text(job: Job) -> str:
    """Return what a job does."""
    return str(JOBS[job])


def is_late(job: Job, beat: Heartbeat | None, now: datetime) -> bool:
    """Return whether ``job`` has not succeeded for longer than its line of the timetable allows."""
    late_after = {line.job: line.late_after for line in SCHEDULE}[job]
    return beat is None or beat.succeeded_at is None or now - beat.succeeded_at > late_after


def job_state(job: Job, beat: Heartbeat | None, now: datetime, *, is_paused: bool = False) -> tuple[str, str]:
    """Return how a job is in words, and the tone of its tag."""
    if is_paused:
        return _("is paused"), "yellow"
    if beat is None:
        return _("has never run"), "rust"
    if beat.failed_at is not None and (beat.succeeded_at is None or beat.failed_at > beat.succeeded_at):
        return _("failed at its last run"), "rust"
    if is_late(job, beat, now):
        return _("has not run for too long"), "rust"
    return _("runs"), "green"


_COUNTS = {
    "accepted": lazy("accepted by the mail server"),
    "alarms": lazy("new differences"),
    "applied": lazy("sheets applied"),
    "bounced": lazy("mails that came back"),
    "complained": lazy("complaints"),
    "composed": lazy("digests written"),
    "cosigned": lazy("cosigned"),
    "dead": lazy("given up"),
    "delivered": lazy("delivered"),
    "enlisted": lazy("new for channels"),
    "failed": lazy("failed"),
    "flagged": lazy("addresses that get no more mail"),
    "followed": lazy("followed up"),
    "freed": lazy("freed"),
    "made": lazy("made"),
    "forgotten": lazy("forgotten"),
    "known": lazy("came before"),
    "muted": lazy("not wanted by mail"),
    "noted": lazy("nothing to do"),
    "passed": lazy("done by another"),
    "postponed": lazy("postponed"),
    "queued": lazy("queued"),
    "recorded": lazy("recorded"),
    "refused": lazy("refused"),
    "released": lazy("given back"),
    "sealed": lazy("sealed"),
    "signed": lazy("signed"),
    "silent": lazy("without an answer"),
    "size": lazy("events in the log"),
    "skipped": lazy("no longer needed"),
    "unmatched": lazy("about no mail of ours"),
}
_OUTCOMES = {"failed": lazy("The job ended with an error; the log says which."), "too_long": lazy("The job took too long.")}
_REASONS = {
    "account disabled": lazy("The account is disabled"),
    "interrupted too often": lazy("The worker was interrupted too often"),
    "no address": lazy("The account has no mail address"),
    "no longer there": lazy("The object is no longer there"),
    "no mail address in the account": lazy("What the account has is no mail address"),
    "settled or moved meanwhile": lazy("Settled or moved meanwhile"),
    "the account is disabled": lazy("The account is disabled"),
    "unforeseen error, see the log": lazy("An unforeseen error; the log says which"),
}


def counts_text(counts: Mapping[str, int]) -> str:
    """Return what a run did: "accepted by the mail server 12, postponed 1"; what is not known by name keeps its code."""
    return ", ".join(f"{_COUNTS.get(name, name)} {number}" for name, number in sorted(counts.items()))


def run_outcome_text(failure: str) -> str:
    """Return how the last run failed; an empty text when it did not."""
    return str(_OUTCOMES.get(failure, failure))


def reason_text(reason: str) -> str:
    """Return why something failed; what a mail server or the database said stays as it was said."""
    return str(_REASONS.get(reason, reason)) or _("Unknown reason")
