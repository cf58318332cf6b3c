"""Sealing the history, bringing checkpoints to witnesses, comparing tables with events, making evidence bundles."""

from collab.audits.bundles import making
from collab.history.integrity import reconcile as reconciling
from collab.history.sealing import rounds, worker
from collab.history.sealing.keys import LogSigner
from collab.kernel.jobs import Job
from collab.reminders import evidence
from workers.base import Counts, JobContext, job


@job(Job.HISTORY_SEAL)
def seal(context: JobContext) -> Counts:
    """Seal what was recorded; a run while another is at it does nothing."""
    done = worker.seal_all(context.unit_of_work, _signer(context), now=context.now)
    return {"sealed": done.events, "size": done.size, "signed": int(done.signed)} if done else {}


@job(Job.HISTORY_WITNESS)
def witness(context: JobContext) -> Counts:
    """Bring the newest checkpoint to the witnesses that have an address."""
    return rounds.bring_to_all(context.unit_of_work, now=context.now)


@job(Job.HISTORY_RECONCILE)
def reconcile(context: JobContext) -> Counts:
    """Compare every tracked table with the history, and reminders with their receipts, once a night (Bangkok)."""
    with context.unit_of_work() as session:
        alarms = reconciling.reconcile(session, now=context.now) + evidence.raise_alarms(session, now=context.now)
        return {"alarms": alarms}


@job(Job.AUDITS_MAKE_BUNDLES)
def make_bundles(context: JobContext) -> Counts:
    """Make the evidence bundles that were asked for."""
    return making.make_asked(context.database, _signer(context), now=context.now)


def _signer(context: JobContext) -> LogSigner:
    return worker.open_signer(context.settings.log_key_file, may_make=context.settings.is_demo)
