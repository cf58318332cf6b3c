"""How the background work is: read once, shown on the operations page, as metrics, and by ``flask doctor``."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.kernel.jobs import Job
from collab.kernel.models import Heartbeat
from collab.members.address_queries import count_flagged
from collab.notices import queries as notices
from collab.notices.models import DeliveryAttempt, Message, MessageState
from collab.reminders import presenters, queries
from collab.reminders.models import JobPause, Reminder, ReminderState

#: What should have been done and was not for so long needs somebody to look.
TOO_OLD = timedelta(minutes=15)
WINDOW = timedelta(hours=1)


@dataclass(frozen=True)
class Rates:
    """What was done in the last hour."""

    settled: int
    accepted: int
    refused: int


@dataclass(frozen=True)
class Snapshot:
    """The state of the background work at ``now``. ``oldest_…`` say since when the oldest undone row is waiting, None without one."""

    now: datetime
    beats: dict[str, Heartbeat]
    pauses: dict[str, JobPause]
    reminders: dict[str, int]
    messages: dict[str, int]
    oldest_reminder: datetime | None
    oldest_message: datetime | None
    rates: Rates
    #: Addresses to which no mail goes because it came back.
    flagged: int

    @property
    def silent(self) -> list[Job]:
        """The jobs that nobody paused and that have not succeeded for too long."""
        return [job for job in Job if job not in self.pauses and presenters.is_late(job, self.beats.get(job), self.now)]

    @property
    def is_behind(self) -> bool:
        """Whether something waits that should have been done long ago."""
        since = [moment for moment in (self.oldest_reminder, self.oldest_message) if moment is not None]
        return any(self.now - moment > TOO_OLD for moment in since)

    def waiting_seconds(self) -> dict[str, float]:
        """Return the age of the oldest undone row of each queue in seconds, 0 when nothing waits."""
        oldest = {"reminders": self.oldest_reminder, "messages": self.oldest_message}
        return {name: (self.now - since).total_seconds() if since else 0.0 for name, since in oldest.items()}


def snapshot(session: Session, now: datetime) -> Snapshot:
    """Return the state of the background work."""
    return Snapshot(
        now, queries.heartbeats(session), queries.pauses(session), queries.count_by_state(session), notices.count_by_state(session),
        queries.oldest_undone(session), notices.oldest_waiting(session, now), _rates(session, now),
        count_flagged(session),
    )  # fmt: skip


def _rates(session: Session, now: datetime) -> Rates:
    since = now - WINDOW
    settled = sa.select(sa.func.count()).select_from(Reminder).where(Reminder.settled_at > since).scalar_subquery()
    tried = DeliveryAttempt.tried_at > since
    statement = sa.select(
        settled, sa.func.count().filter(DeliveryAttempt.is_accepted), sa.func.count().filter(~DeliveryAttempt.is_accepted)
    ).where(tried)
    return Rates(*session.execute(statement).one())


def failures_by_reason(session: Session, most: int = 20) -> list[tuple[str, str, int]]:
    """Return what failed, grouped: ("reminders" or "messages", reason, how many), the most frequent first."""
    found: list[tuple[str, str, int]] = []
    for queue, model, failed in (
        ("reminders", Reminder, Reminder.state == ReminderState.FAILED),
        ("messages", Message, Message.state == MessageState.DEAD),
    ):
        number = sa.func.count().label("number")
        statement = sa.select(model.reason, number).where(failed).group_by(model.reason).order_by(number.desc(), model.reason)
        found.extend((queue, row.reason, row.number) for row in session.execute(statement.limit(most)))
    return found
