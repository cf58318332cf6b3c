"""Sending the outbox."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from collab.kernel.clock import utc_now
from collab.kernel.jobs import Job
from collab.notices import delivery
from collab.notices.mail import Post, Server, SinkPost, SmtpPost
from config import Settings
from workers.base import Counts, JobContext, job

#: A run ends after this many batches; the next tick goes on, so that no run outlives its time limit.
MOST_BATCHES = 40


@job(Job.NOTICES_DELIVER)
def deliver(context: JobContext) -> Counts:
    """Send what waits, batch by batch, until nothing is ready."""
    total: dict[str, int] = {}
    with _post_office(context.settings) as post_for:
        for _batch in range(MOST_BATCHES):
            counts = delivery.deliver_batch(
                context.database, post_for, utc_now(), sender=context.settings.mail_from, base_url=context.settings.base_url
            )
            for outcome, count in counts.items():
                total[outcome] = total.get(outcome, 0) + count
            if sum(counts.values()) < delivery.BATCH:
                break
    return total


@contextmanager
def _post_office(settings: Settings) -> Iterator[delivery.PostFor]:
    """Yield what gives each message its way out: one SMTP connection for the run, or the local sink."""
    smtp = settings.smtp
    if smtp is None:
        yield lambda session: _sink(session)
        return
    post = SmtpPost(Server(smtp.host, smtp.port, smtp.username, smtp.password, smtp.tls))
    try:
        yield lambda _session: post
    finally:
        post.close()


def _sink(session: Session) -> Post:
    return SinkPost(session, utc_now)
