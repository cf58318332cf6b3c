"""Putting messages into the outbox: any number of them within the caller's transaction, with the same few queries."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from collab.calendar import queries as calendar
from collab.kernel.clock import today
from collab.kernel.i18n import _, speaking
from collab.kernel.ids import new_id
from collab.kernel.jobs import Job, enqueue_after_commit
from collab.kernel.targets import Ref
from collab.members import queries as members
from collab.members import standing_queries
from collab.notices import rules
from collab.notices.kinds import KINDS, Mode
from collab.notices.models import Message, MessageKey, MessageState, MutedTarget, NoticePreference
from collab.notices.rules import Haste

LONGEST_SUBJECT = 200
#: No run of closed days is longer: mail is put off to the first working day within so many days.
LOOK_AHEAD = timedelta(days=45)
#: Where messages gather: a person, a kind, an object.
Place = tuple[UUID, str, UUID]


@dataclass(frozen=True)
class Draft:
    """A message to be said to ``recipient_id``; what was said under ``dedupe_key`` before is not said again."""

    recipient_id: UUID
    kind: str
    subject: str
    text: str
    target: Ref | None = None
    url: str = ""
    dedupe_key: str | None = None
    haste: Haste = Haste.GATHERED
    is_secret: bool = False
    #: Why it comes to this person, in their language; '' for what its kind says.
    because: str = ""

    @property
    def place(self) -> Place | None:
        """Where the message may join another; None when it stands for itself."""
        return None if self.is_secret or self.target is None else (self.recipient_id, self.kind, self.target.id)

    @property
    def is_urgent(self) -> bool:
        """Whether it is mailed at once: such a message joins no digest."""
        return self.haste is Haste.AT_ONCE


@dataclass(frozen=True)
class _Planned:
    """A draft with the message that will say it, and when that is mailed; ``joined`` is one that was there before."""

    draft: Draft
    key: UUID
    state: MessageState
    mailed_at: datetime
    joined: Message | None = None

    def may_take(self, draft: Draft, now: datetime) -> bool:
        """Say whether ``draft`` may join the message that this one makes."""
        if self.state is MessageState.WAITING:
            return self.mailed_at > now
        return not draft.is_urgent


def queue_messages(session: Session, *, now: datetime, drafts: Sequence[Draft]) -> list[UUID | None]:
    """Put ``drafts`` into the outbox, within the caller's transaction; return for each its message, None when it was said before.

    Each is mailed as the person chose, and joins a message of the same kind about the same object of the last ten minutes that has
    not left; what is urgent waits for the end of these ten minutes when another has left. What calls the holder of an office goes
    to the deputy too while that one is away.
    """
    asked = len(drafts)
    drafts = [*drafts, *_for_deputies(session, drafts, now)]
    planned = _join(drafts, _mails_of(session, drafts, now), _gathering(session, drafts, now), now)
    said = _first_times(session, planned)
    rows: dict[UUID, dict[str, Any]] = {}
    for plan, is_new in zip(planned, said, strict=True):
        if is_new:
            _say(rows, plan, now)
    if rows:
        session.execute(sa.insert(Message), list(rows.values()))
    if any(row["state"] is MessageState.WAITING and row["next_attempt_at"] <= now for row in rows.values()):
        enqueue_after_commit(session, Job.NOTICES_DELIVER_URGENT)
    return [plan.key if is_new else None for plan, is_new in zip(planned[:asked], said[:asked], strict=True)]


def _for_deputies(session: Session, drafts: Sequence[Draft], now: datetime) -> list[Draft]:
    """Return the drafts that go to deputies too: of what calls the holder of an office who is away today and has one who is there."""
    calling = [draft for draft in drafts if draft.kind in KINDS and KINDS[draft.kind].for_office and not draft.is_secret]
    if not calling:
        return []
    acting = standing_queries.deputies_on(session, {draft.recipient_id for draft in calling}, today(now))
    if not acting:
        return []
    names = {locale: _names(session, acting, locale) for locale in {deputy.locale for deputy in acting.values()}}
    found = []
    for draft in calling:
        deputy = acting.get(draft.recipient_id)
        if deputy is None:
            continue
        with speaking(deputy.locale):
            because = _("You get this because you act for %(name)s, who is away.", name=names[deputy.locale][draft.recipient_id])
        key = None if draft.dedupe_key is None else f"{draft.dedupe_key}:deputy:{deputy.id}"
        found.append(replace(draft, recipient_id=deputy.id, dedupe_key=key, because=because))
    return found


def _names(session: Session, people: Iterable[UUID], locale: str) -> dict[UUID, str]:
    with speaking(locale):
        return members.user_names(session, people)


def mail_id(key: UUID) -> str:
    """Return the Message-ID of the message ``key``: the same at every attempt, from whatever worker."""
    return f"<{key}@collab>"


def _mails_of(session: Session, drafts: Sequence[Draft], now: datetime) -> list[tuple[MessageState, datetime]]:
    """Return for each draft with which state its message begins, and when it is mailed, as the person chose."""
    chosen, muted = _choices(session, drafts)
    day = today(now)
    may_wait = any(not draft.is_urgent for draft in drafts)
    closed = calendar.closed_days(session, day, day + LOOK_AHEAD) if may_wait else frozenset()
    told = _last_urgent(session, drafts, now)
    found = []
    for draft in drafts:
        is_muted = draft.target is not None and (draft.recipient_id, draft.target.id) in muted
        mode = rules.mode_for(draft.kind, chosen.get((draft.recipient_id, draft.kind)), draft.haste, is_target_muted=is_muted)
        if mode is Mode.OFF:
            found.append((MessageState.MUTED, now))
        elif draft.is_urgent:
            last = told.get(draft.place) if draft.place else None
            found.append((MessageState.WAITING, last + rules.GATHERING if last else now))
        else:
            state = MessageState.HELD if mode is Mode.DIGEST else MessageState.WAITING
            found.append((state, rules.mailed_at(mode, draft.haste, now, closed)))
    return found


def _choices(session: Session, drafts: Sequence[Draft]) -> tuple[dict[tuple[UUID, str], Mode], set[tuple[UUID, UUID]]]:
    """Return how the recipients want these kinds, and of which of these objects they want no mail."""
    people = {draft.recipient_id for draft in drafts}
    objects = {draft.target.id for draft in drafts if draft.target is not None}
    kinds = {draft.kind for draft in drafts}
    own = sa.select(NoticePreference.user_id, NoticePreference.kind, NoticePreference.mode).where(
        NoticePreference.user_id.in_(people), NoticePreference.kind.in_(kinds)
    )
    mutes = sa.select(MutedTarget.user_id, MutedTarget.target_id).where(
        MutedTarget.user_id.in_(people), MutedTarget.target_id.in_(objects)
    )
    chosen = {(row.user_id, row.kind): row.mode for row in session.execute(own)}
    return chosen, {(row.user_id, row.target_id) for row in session.execute(mutes)} if objects else set()


def _last_urgent(session: Session, drafts: Sequence[Draft], now: datetime) -> dict[Place, datetime]:
    """Return when something urgent was last told in the places of the urgent ``drafts``, if in the last ten minutes."""
    places = {draft.place for draft in drafts if draft.is_urgent} - {None}
    if not places:
        return {}
    where = (Message.recipient_id, Message.kind, Message.target_id)
    found = session.execute(
        sa.select(*where, sa.func.max(Message.created_at))
        .where(
            sa.tuple_(*where).in_(places), Message.is_urgent, Message.state != MessageState.MUTED,
            Message.created_at > now - rules.GATHERING,
        )
        .group_by(*where)
    )  # fmt: skip
    return {(recipient_id, kind, target_id): last for recipient_id, kind, target_id, last in found if target_id is not None}


def _gathering(session: Session, drafts: Sequence[Draft], now: datetime) -> dict[Place, list[Message]]:
    """Return, locked and the newest last, the messages that still gather what happens to the objects of ``drafts``."""
    places = {draft.place for draft in drafts} - {None}
    if not places:
        return {}
    found = session.scalars(
        sa.select(Message)
        .where(
            sa.tuple_(Message.recipient_id, Message.kind, Message.target_id).in_(places),
            Message.state.in_([MessageState.HELD, MessageState.WAITING, MessageState.MUTED]), Message.attempts == 0,
            Message.created_at > now - rules.GATHERING, Message.read_at.is_(None), Message.is_secret.is_(False),
            sa.or_(Message.state != MessageState.WAITING, Message.next_attempt_at > now),
        )
        .order_by(Message.created_at, Message.id)
        .with_for_update(skip_locked=True)
    )  # fmt: skip
    gathered: dict[Place, list[Message]] = {}
    for row in found:
        if row.target_id is not None:
            gathered.setdefault((row.recipient_id, row.kind, row.target_id), []).append(row)
    return gathered


def _join(
    drafts: Sequence[Draft], mails: Sequence[tuple[MessageState, datetime]], gathering: dict[Place, list[Message]], now: datetime
) -> list[_Planned]:
    """Return which message says each draft: one that gathers already, one that an earlier draft makes, or a new one."""
    planned: list[_Planned] = []
    made: dict[Place, _Planned] = {}
    for draft, (state, mailed_at) in zip(drafts, mails, strict=True):
        place = draft.place
        joined = _open_to(draft, gathering.get(place, []) if place else [])
        earlier = made.get(place) if place else None
        if joined is not None:
            plan = _Planned(draft, joined.id, state, mailed_at, joined)
        elif earlier is not None and earlier.may_take(draft, now):
            plan = replace(earlier, draft=draft)
        else:
            both_urgent = draft.is_urgent and earlier is not None and earlier.draft.is_urgent
            if both_urgent and state is MessageState.WAITING:
                mailed_at = max(mailed_at, now + rules.GATHERING)
            plan = _Planned(draft, new_id(), state, mailed_at)
            if place:
                made[place] = plan
        planned.append(plan)
    return planned


def _open_to(draft: Draft, gathering: Sequence[Message]) -> Message | None:
    """Return the newest message that ``draft`` may join: what is urgent joins none that a digest will carry."""
    fitting = [row for row in gathering if row.state is MessageState.WAITING or not draft.is_urgent]
    return fitting[-1] if fitting else None


def _first_times(session: Session, planned: Sequence[_Planned]) -> list[bool]:
    """Take the keys of what is said; return for each draft whether it is the first. Of several transactions at once, one is."""
    values = {plan.draft.dedupe_key: plan.key for plan in reversed(planned) if plan.draft.dedupe_key is not None}
    # In the order of the keys: two transactions that take the same ones then wait for each other one way only.
    rows = [{"key": key, "message_id": values[key]} for key in sorted(key for key in values if key is not None)]
    taken: set[str] = set()
    if rows:
        statement = postgresql.insert(MessageKey).values(rows).on_conflict_do_nothing(index_elements=["key"])
        taken = set(session.scalars(statement.returning(MessageKey.key)))
    firsts = []
    for plan in planned:
        key = plan.draft.dedupe_key
        firsts.append(key is None or key in taken)
        taken.discard(key or "")
    return firsts


def _say(rows: dict[UUID, dict[str, Any]], plan: _Planned, now: datetime) -> None:
    """Add to ``rows`` the message that says a draft, or its text to the one that it joins."""
    draft = plan.draft
    if plan.joined is not None:
        plan.joined.text = _with(plan.joined.text, draft.text)
    elif plan.key in rows:
        rows[plan.key]["text"] = _with(rows[plan.key]["text"], draft.text)
    else:
        rows[plan.key] = {
            "id": plan.key, "recipient_id": draft.recipient_id, "kind": draft.kind, "subject": draft.subject[:LONGEST_SUBJECT],
            "text": draft.text, "url": draft.url, "target_kind": draft.target.kind if draft.target else None,
            "target_id": draft.target.id if draft.target else None, "is_urgent": draft.haste is not Haste.GATHERED,
            "is_secret": draft.is_secret, "mail_id": mail_id(plan.key), "state": plan.state, "created_at": now,
            "next_attempt_at": plan.mailed_at, "attempts": 0, "because": draft.because,
        }  # fmt: skip


def _with(text: str, more: str) -> str:
    return text if more in text.split("\n\n") else f"{text}\n\n{more}"
