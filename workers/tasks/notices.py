"""Sending the outbox."""

from collections.abc import Iterator
from contextlib import contextmanager

from collab.kernel.clock import utc_now
from collab.kernel.jobs import Job
from collab.notices import delivery, digest
from collab.notices.mail import Post, Server, SinkPost, SmtpPost
from workers.base import Counts, JobContext, job


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
