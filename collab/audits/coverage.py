"""What an audit asks of the whole: which changes name no authority, which deadlines slipped, who was reminded of what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from collab.action_plans import queries as action_plans
from collab.action_plans.models import ActionItem, ActionPlan, DeadlineChange
from collab.action_plans.states import ChangeState
from collab.audits import trail
from collab.kernel import targets
from collab.kernel.access import Actor
from collab.kernel.clock import at_bangkok
from collab.kernel.ids import as_uuid
from collab.kernel.paging import Key, Page, keyset
from collab.kernel.targets import Ref, TargetInfo
from collab.notices.models import DeliveryAttempt, Message
from collab.reminders.models import Outcome, ReminderEvidence

#: How many changes of a period are counted; of more, the newest.
MOST_COUNTED = 200_000
#: Streams in which a change is expected to name its authority.
BOUND_KINDS = ("action_plan", "agreement", "committee", "meeting", "proposal", "service_plan")


@dataclass(frozen=True)
class Tally:
    """Changes counted: all of them, and those that name no authority."""

    total: int
    without: int

    def __add__(self, other: "Tally") -> "Tally":
        """Return the sum of two tallies."""
        return Tally(self.total + other.total, self.without + other.without)


@dataclass(frozen=True)
class Coverage:
    """How far changes name their authority: by verb, and by plan or other whole; ``is_cut`` when there were more than counted."""

    by_verb: dict[str, Tally]
    by_whole: list[tuple[TargetInfo, Tally]]
    is_cut: bool


def coverage(session: Session, actor: Actor, wanted: trail.Filter) -> Coverage:
    """Count the changes of a period by what they belong to and by verb, of what ``actor`` may see; most without authority first."""
    inner = trail.candidates(wanted, most=MOST_COUNTED)
    statement = sa.select(
        inner.c.stream_id, inner.c.verb, sa.func.count().label("total"),
        sa.func.count().filter(inner.c.authority_kind.is_(None)).label("without"),
    ).where(sa.func.split_part(inner.c.stream_id, "/", 1).in_(BOUND_KINDS)).group_by(inner.c.stream_id, inner.c.verb)  # fmt: skip
    rows = session.execute(statement).all()
    refs = {row.stream_id: _ref(row.stream_id) for row in rows}
    infos = targets.resolve(session, actor, {ref for ref in refs.values() if ref})
    by_verb: dict[str, Tally] = {}
    by_ref: dict[Ref, Tally] = {}
    for row in rows:
        ref, tally = refs[row.stream_id], Tally(row.total, row.without)
        if ref not in infos or ref is None:
            continue
        by_verb[row.verb] = by_verb.get(row.verb, Tally(0, 0)) + tally
        by_ref[ref] = by_ref.get(ref, Tally(0, 0)) + tally
    wholes = [(infos[ref], tally) for ref, tally in by_ref.items()]
    return Coverage(
        by_verb=dict(sorted(by_verb.items(), key=lambda pair: (-pair[1].without, pair[0]))),
        by_whole=sorted(wholes, key=lambda pair: (-pair[1].without, pair[0].title)),
        is_cut=sum(row.total for row in rows) >= MOST_COUNTED,
    )


def _ref(stream_id: str) -> Ref | None:
    kind, _slash, key = stream_id.partition("/")
    found = as_uuid(key)
    return Ref(kind, found) if found else None


def list_slips(session: Session, actor: Actor, cursor: str | None = None) -> Page[Any]:
    """Return a page of the items whose deadline moved: how often, from when to when, by how many days; the most days first.

    Counts what was approved, in the plans that ``actor`` may see.
    """
    change, item, plan = DeadlineChange, ActionItem, ActionPlan
    first = sa.func.min(change.old_due_on)
    slipped = (
        sa.select(change.item_id, sa.func.count().label("times"), first.label("first_due_on"))
        .where(change.state == ChangeState.APPROVED)
        .group_by(change.item_id)
        .subquery()
    )
    days = sa.type_coerce(item.due_on - slipped.c.first_due_on, sa.Integer).label("days")
    statement = (
        sa.select(item.id, item.title, item.lead_organisation_id, item.due_on, item.budget_planned, plan.id.label("plan_id"),
                  plan.title.label("plan_title"), slipped.c.times, slipped.c.first_due_on, days)
        .join(slipped, slipped.c.item_id == item.id)
        .join(plan, plan.id == item.plan_id)
        .where(action_plans.visible_clause(actor), item.removed_at.is_(None))
    )  # fmt: skip
    keys = (Key(days, lambda row: row.days, descending=True), Key(item.id, lambda row: row.id, descending=True))
    return keyset(session, statement, keys, cursor)


@dataclass(frozen=True)
class Reminded:
    """One reminder with its evidence: the first row, the message it became (None: none), the last attempt to hand that over, and
    what was recorded of the reminder after it was queued, oldest first."""

    evidence: ReminderEvidence
    message: Message | None
    attempt: DeliveryAttempt | None
    further: tuple[ReminderEvidence, ...] = ()


def list_reminders(session: Session, actor: Actor, *, recipient_id: UUID | None, target_id: UUID | None, first: date | None,
                   last: date | None, cursor: str | None = None) -> Page[Reminded]:  # fmt: skip
    """Return a page of reminders, newest first, to one person, about one object, within days; of what ``actor`` may see."""
    row = ReminderEvidence
    # One line a reminder: what became known later belongs to the row with which it was queued.
    statement = sa.select(row).where(sa.or_(row.outcome == Outcome.QUEUED, row.message_id.is_(None)))
    if recipient_id:
        # Reminding the deputy reminds the person: both ask "was Y reminded?".
        statement = statement.where(sa.or_(row.recipient_id == recipient_id, row.deputy_for_id == recipient_id))
    if target_id:
        statement = statement.where(row.target_id == target_id)
    if first:
        statement = statement.where(row.happened_at >= at_bangkok(first))
    if last:
        statement = statement.where(row.happened_at < at_bangkok(last + timedelta(days=1)))
    page = keyset(session, statement, (Key(row.id, lambda found: found.id, descending=True),), cursor, scalars=True)
    seen = targets.visible(session, actor, {Ref(found.target_kind, found.target_id) for found in page.rows})
    rows = [found for found in page.rows if Ref(found.target_kind, found.target_id) in seen]
    return Page(_with_messages(session, rows), page.next_cursor, page.previous_cursor)


def _with_messages(session: Session, rows: Sequence[ReminderEvidence]) -> list[Reminded]:
    keys = {row.message_id for row in rows if row.message_id}
    messages = {found.id: found for found in session.scalars(sa.select(Message).where(Message.id.in_(keys)))}
    attempts = session.scalars(
        sa.select(DeliveryAttempt)
        .ext(postgresql.distinct_on(DeliveryAttempt.message_id))
        .where(DeliveryAttempt.message_id.in_(keys))
        .order_by(DeliveryAttempt.message_id, DeliveryAttempt.tried_at.desc())
    )
    last = {found.message_id: found for found in attempts}
    further = _further(session, rows)
    return [
        Reminded(row, messages.get(row.message_id), last.get(row.message_id), tuple(further.get(row.reminder_id, ())))
        if row.message_id
        else Reminded(row, None, None)
        for row in rows
    ]


def _further(session: Session, rows: Sequence[ReminderEvidence]) -> dict[UUID, list[ReminderEvidence]]:
    later = sa.and_(ReminderEvidence.outcome != Outcome.QUEUED, ReminderEvidence.message_id.is_not(None))
    # The index is on the object.
    about = ReminderEvidence.target_id.in_({row.target_id for row in rows})
    statement = sa.select(ReminderEvidence).where(
        about, ReminderEvidence.reminder_id.in_({row.reminder_id for row in rows}), later
    )
    found: dict[UUID, list[ReminderEvidence]] = {}
    for row in session.scalars(statement.order_by(ReminderEvidence.id)):
        found.setdefault(row.reminder_id, []).append(row)
    return found


def evidence_steps(reminded: Reminded) -> list[tuple[str, datetime | None]]:
    """Return what is proved of a reminder, step by step, as (code, instant); an unknown step has no instant."""
    steps: list[tuple[str, datetime | None]] = [(reminded.evidence.outcome.value, reminded.evidence.happened_at)]
    message = reminded.message
    if message is None:
        return steps
    if reminded.further:
        steps += [(row.outcome.value, row.happened_at) for row in reminded.further]
    elif message.accepted_at:
        steps.append(("accepted", message.accepted_at))
    elif reminded.attempt:
        steps.append(("not_accepted", reminded.attempt.tried_at))
    else:
        steps.append(("not_handed_over", None))
    steps.append(("read", message.read_at) if message.read_at else ("unknown", None))
    return steps
