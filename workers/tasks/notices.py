"""Sending the outbox."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from collab.kernel.access import job_actor
from collab.kernel.clock import utc_now
from collab.kernel.jobs import Job
from collab.notices import channel_delivery, delivery, digest, mailbox, reports, returns
from collab.notices.channel_way import AppriseWay, SinkWay
from collab.notices.mail import Post, Server, SinkPost, SmtpPost
from collab.notices.models import ReportSource
from workers.base import Counts, JobContext, job

logger = logging.getLogger(__name__)


@job(Job.NOTICES_DELIVER)
def deliver(context: JobContext) -> Counts:
    """Send what waits, the urgent first, batch by batch, until nothing is ready."""
    return _deliver(context, urgent_only=False)


@job(Job.NOTICES_DELIVER_URGENT)
def deliver_urgent(context: JobContext) -> Counts:
    """Send what is urgent, while mass mail may be under way elsewhere."""
    return _deliver(context, urgent_only=True)


@job(Job.NOTICES_DIGEST)
def gather(context: JobContext) -> Counts:
    """Compose digests and bundles, person by person, until nothing that is held is due."""
    composed = 0
    while not context.should_stop():
        people = digest.compose_due(context.database, now=context.now)
        composed += people
        if people < digest.BATCH:
            break
    return {"composed": composed}


@job(Job.NOTICES_POST)
def post(context: JobContext) -> Counts:
    """Post to further channels what their organisations' people are told; nothing here holds up mail."""
    with context.unit_of_work() as session:
        total = {"freed": channel_delivery.rescue(session)}
    with context.unit_of_work() as session:
        total["enlisted"] = channel_delivery.enlist(session, now=context.now)
    way = AppriseWay() if context.settings.smtp else SinkWay(context.database, utc_now)
    while not context.should_stop():
        counts = channel_delivery.post_batch(
            context.database, way, utc_now(), base_url=context.settings.base_url, worker=context.worker
        )
        for outcome, count in counts.items():
            total[outcome] = total.get(outcome, 0) + count
        if sum(counts.values()) < channel_delivery.BATCH:
            break
    return {outcome: count for outcome, count in total.items() if count}


@job(Job.NOTICES_READ_REPORTS)
def read_reports(context: JobContext) -> Counts:
    """Read what came back about our mail, each mail in a transaction of its own; one that cannot be read stops nothing."""
    total: dict[str, int] = {}
    if context.settings.report_mailbox:
        with mailbox.open_mailbox(context.settings.report_mailbox) as mails:
            for mail in mails:
                try:
                    outcome = _take_report(context, mail)
                except sa.exc.DBAPIError:
                    # It stays unread: the next run tries again, and the others are read now.
                    logger.exception("report not taken")
                    outcome = "failed"
                total[outcome] = total.get(outcome, 0) + 1
                if context.should_stop():
                    break
    with context.unit_of_work() as session:
        forgotten = returns.forget(session, now=context.now)
    return {**total, **({"forgotten": forgotten} if forgotten else {})}


def _take_report(context: JobContext, mail: mailbox.Returned) -> str:
    report = reports.read_mail(mail.raw)
    with context.unit_of_work() as session:
        actor = job_actor(Job.NOTICES_READ_REPORTS.value)
        found = returns.take(session, actor=actor, now=context.now, raw=mail.raw, report=report, source=ReportSource.MAILBOX)
    mail.settle()
    return found.value if found else "known"


def _deliver(context: JobContext, *, urgent_only: bool) -> Counts:
    total: dict[str, int] = {}
    with _post_office(context) as post:
        while not context.should_stop():
            counts = delivery.deliver_batch(
                context.database, post, utc_now(), sender=context.settings.mail_from, base_url=context.settings.base_url,
                urgent_only=urgent_only, worker=context.worker, stop=context.should_stop,
            )  # fmt: skip
            for outcome, count in counts.items():
                total[outcome] = total.get(outcome, 0) + count
            # Nothing left, or the mail server is not well: the next tick tries again.
            if sum(counts.values()) < delivery.BATCH or "released" in counts:
                break
    return total


@contextmanager
def _post_office(context: JobContext) -> Iterator[Post]:
    """Yield the way out of mail: one SMTP connection for the run, or the local sink."""
    smtp = context.settings.smtp
    if smtp is None:
        yield SinkPost(context.database, utc_now)
        return
    post = SmtpPost(Server(smtp.host, smtp.port, smtp.username, smtp.password, smtp.tls))
    try:
        yield post
    finally:
        post.close()
