"""How a long history is told: decisions stand by themselves, a run of small changes by one person is one row.

Pure: works on plain events in the order newest first, as the timeline reads them.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

#: So many small changes by one person in a row are told as one.
RUN_LENGTH = 3

#: What decides, obliges or proves; everything else is a small change on the way there.
DECISIONS = frozenset({
    "action_item.cancelled", "action_item.ended", "action_plan.activated", "action_plan.closed", "agreement.approval_recorded",
    "agreement.circulated", "agreement.entered_into_force", "agreement.signed", "agreement.terminated", "agreement.withdrawn",
    "audit_access.ended", "audit_access.granted", "committee.created", "committee_rules.set", "deadline.approved", "deadline.refused",
    "finding.closed", "finding.followed_up", "finding.issued", "finding.reopened", "finding.withdrawn", "meeting.cancelled", "minutes.adopted", "obligation.fulfilled",
    "opinion.given", "progress.returned", "progress.verified", "proposal.adopted", "proposal.opinions_closed", "proposal.rejected",
    "proposal.returned", "proposal.submitted", "proposal.withdrawn", "ratification.corrected", "ratification.recorded",
    "resolution.made", "role_assignment.made", "role_assignment.removed", "service_plan.approved", "service_plan.returned",
})  # fmt: skip


@dataclass(frozen=True)
class Told:
    """What of an event the telling needs: enough to group it, nothing to show it."""

    event_id: UUID
    stream_id: str
    seq: int
    subject_kind: str
    subject_id: UUID
    verb: str
    actor_id: UUID | None
    recorded_at: datetime


@dataclass(frozen=True)
class Act:
    """One act with the changes it made: the event of its subject, and how many parts changed with it."""

    head: Told
    events: int

    @property
    def is_decision(self) -> bool:
        """Whether the act decides something."""
        return self.head.verb in DECISIONS


@dataclass(frozen=True)
class Run:
    """Small acts of one person in a row: how many, from when to when, and how often each verb."""

    actor_id: UUID | None
    acts: int
    first_at: datetime
    last_at: datetime
    verbs: tuple[tuple[str, int], ...]
    #: The oldest event of the run: what comes after it in the telling is older.
    head: Told


def fold_acts(events: Iterable[Told]) -> list[Act]:
    """Join the events that one act wrote (same verb, person, stream and instant) into one; its head is the first written."""
    acts: list[Act] = []
    for event in events:
        last = acts[-1] if acts else None
        if last and _same_act(last.head, event):
            acts[-1] = Act(event, last.events + 1)
        else:
            acts.append(Act(event, 1))
    return acts


def _same_act(one: Told, other: Told) -> bool:
    return (one.verb, one.actor_id, one.stream_id, one.recorded_at) == (
        other.verb,
        other.actor_id,
        other.stream_id,
        other.recorded_at,
    )


def roll_up(acts: Sequence[Act]) -> list[Act | Run]:
    """Return the acts with every run of at least `RUN_LENGTH` small ones by one person as one `Run`; order is kept."""
    rows: list[Act | Run] = []
    run: list[Act] = []
    for act in acts:
        if run and (act.is_decision or act.head.actor_id != run[-1].head.actor_id):
            rows.extend(_told(run))
            run = []
        if act.is_decision:
            rows.append(act)
        else:
            run.append(act)
    return [*rows, *_told(run)]


def _told(run: list[Act]) -> list[Act | Run]:
    if len(run) < RUN_LENGTH:
        return list(run)
    times = [act.head.recorded_at for act in run]
    verbs = Counter(act.head.verb for act in run).most_common()
    return [Run(run[0].head.actor_id, len(run), min(times), max(times), tuple(verbs), run[-1].head)]
