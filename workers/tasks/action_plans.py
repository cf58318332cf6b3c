"""Applying large sheets to plans."""

from collab.action_plans import exchange_queue
from collab.kernel.jobs import Job
from workers.base import Counts, JobContext, job


@job(Job.ACTION_PLANS_APPLY_IMPORTS)
def apply_imports(context: JobContext) -> Counts:
    """Apply the sheets that were confirmed."""
    return exchange_queue.apply_asked(context.database, now=context.now, stop=context.should_stop)
