"""Recording, delivering and rescuing reminders; and the pulse of the whole chain."""

from collab.kernel.jobs import Job
from collab.reminders import delivery
from collab.reminders.sweep import sweep as record_due
from workers.base import Counts, JobContext, job

MOST_BATCHES = 40


@job(Job.REMINDERS_SWEEP)
def sweep(context: JobContext) -> Counts:
    """Record what has become due."""
    with context.unit_of_work() as session:
        return {"recorded": record_due(session, now=context.now)}


@job(Job.REMINDERS_DELIVER)
def deliver(context: JobContext) -> Counts:
    """Deliver what is recorded, batch by batch, until nothing is left or the run has done its share."""
    total: dict[str, int] = {}
    for _batch in range(MOST_BATCHES):
        counts = delivery.deliver_batch(context.database, context.now)
        for outcome, count in counts.items():
            total[outcome] = total.get(outcome, 0) + count
        if sum(counts.values()) < delivery.BATCH:
            break
    return total


@job(Job.REMINDERS_RESCUE)
def rescue(context: JobContext) -> Counts:
    """Free what a killed worker had claimed."""
    with context.unit_of_work() as session:
        return {"freed": delivery.rescue(session, now=context.now)}


@job(Job.OPERATIONS_TICK)
def tick(context: JobContext) -> Counts:
    """Do nothing but be seen: scheduler, broker and worker are alive together."""
    return {}
