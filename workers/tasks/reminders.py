"""Recording, delivering and rescuing reminders; and the pulse of the whole chain."""

from collab.kernel.access import job_actor
from collab.kernel.jobs import Job
from collab.notices import delivery as mail
from collab.reminders import delivery, evidence
from collab.reminders.sweep import sweep_in_batches
from workers.base import Counts, JobContext, job


@job(Job.REMINDERS_SWEEP)
def sweep(context: JobContext) -> Counts:
    """Record what has become due."""
    return {"recorded": sweep_in_batches(context.database, now=context.now)}


@job(Job.REMINDERS_DELIVER)
def deliver(context: JobContext) -> Counts:
    """Deliver what is recorded, batch by batch, until nothing is left or the run has done its share."""
    total: dict[str, int] = {}
    while not context.should_stop():
        counts = delivery.deliver_batch(context.database, context.now, worker=context.worker, stop=context.should_stop)
        for outcome, count in counts.items():
            total[outcome] = total.get(outcome, 0) + count
        if sum(counts.values()) < delivery.BATCH:
            break
    return total


@job(Job.REMINDERS_RESCUE)
def rescue(context: JobContext) -> Counts:
    """Free what killed workers had claimed, reminders and messages."""
    with context.unit_of_work() as session:
        reminders = delivery.rescue(session, now=context.now)
    with context.unit_of_work() as session:
        return {"freed": reminders + mail.rescue(session, now=context.now)}


@job(Job.REMINDERS_FOLLOW)
def follow(context: JobContext) -> Counts:
    """Record what became of the mails of reminders, batch by batch."""
    total = 0
    while not context.should_stop():
        with context.unit_of_work() as session:
            followed = evidence.follow(session, actor=job_actor(Job.REMINDERS_FOLLOW.value), now=context.now)
        total += followed
        if followed < evidence.BATCH:
            break
    return {"followed": total}


@job(Job.OPERATIONS_TICK)
def tick(context: JobContext) -> Counts:
    """Do nothing but be seen: scheduler, broker and worker are alive together."""
    return {}
