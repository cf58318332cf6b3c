"""Gathers held messages into one mail a person: the daily digest of working days, and bundles of what is late.

Never empty: what was read in the product meanwhile is left out, and a single message is mailed as it is. Safe to run twice, late, by
two at once, or killed: a message is carried by one mail, marked in the transaction that writes it.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.kernel.db import Database
from collab.kernel.i18n import _, ngettext, speaking
from collab.kernel.ids import new_id
from collab.kernel.jobs import Job, enqueue_after_commit
from collab.members.models import User
from collab.notices import quiet
from collab.notices.kinds import DIGEST, Mode, label_of
from collab.notices.letter import Entry, Group
from collab.notices.models import Message, MessageState, NoticePreference
from collab.notices.outbox import mail_id
from collab.notices.queries import may_leave

BATCH = 200
#: A digest lists so many of each kind and says how many more there are. Ten kinds then stay below the size that mail programs cut.
MOST_LISTED = 20

#: Of the messages with these ids, those that are no longer true at the instant.
Check = Callable[[Session, Sequence[UUID], datetime], set[UUID]]
_checks: dict[str, Check] = {}


def register_check(kind: str, check: Check) -> None:
    """Ask ``check`` before held messages of ``kind`` are mailed: hours may lie between their writing and the digest."""
    _checks[kind] = check


def compose_due(database: Database, *, now: datetime, size: int = BATCH) -> int:
    """Compose the mails of up to ``size`` people whose held messages are due at ``now``; return of how many. Not while offices sleep."""
    with database.unit_of_work() as session:
        quiet.put_off(session, now)
    with database.reading() as session:
        people = session.scalars(sa.select(Message.recipient_id).where(_is_due(now), may_leave()).distinct().limit(size)).all()
    for recipient_id in people:
        with database.unit_of_work() as session:
            compose(session, recipient_id=recipient_id, now=now)
    return len(people)


def compose(session: Session, *, recipient_id: UUID, now: datetime) -> UUID | None:
    """Compose one mail of all that is held for a person and due; return its message, None when there is nothing to say."""
    # Of two at once the second waits here, and then finds nothing.
    locked = sa.select(User).where(User.id == recipient_id).with_for_update(key_share=True)
    user = session.scalars(locked.execution_options(populate_existing=True)).one()
    mine = sa.and_(_is_due(now), Message.recipient_id == recipient_id)
    off = sa.exists().where(
        NoticePreference.user_id == recipient_id, NoticePreference.kind == Message.kind, NoticePreference.mode == Mode.OFF
    )
    _update(session, sa.and_(mine, off), state=MessageState.MUTED)
    _update(session, sa.and_(mine, Message.read_at.is_not(None), Message.kind != "reminder"), state=MessageState.SEEN)
    for kind, check in _checks.items():
        held = session.scalars(sa.select(Message.id).where(mine, Message.kind == kind)).all()
        stale = check(session, held, now) if held else set()
        _update(session, Message.id.in_(stale), state=MessageState.DROPPED)
    count, is_urgent, only = session.execute(
        sa.select(sa.func.count(), sa.func.bool_or(Message.is_urgent), sa.func.min(sa.cast(Message.id, sa.Text))).where(mine)
    ).one()
    if not count:
        return None
    if count == 1:
        _update(session, mine, state=MessageState.WAITING, next_attempt_at=now)
        key = UUID(only)
    else:
        key = _write(session, user, now, count, is_urgent=is_urgent)
        _update(session, mine, state=MessageState.DIGESTED, digest_id=key)
    enqueue_after_commit(session, Job.NOTICES_DELIVER_URGENT if is_urgent else Job.NOTICES_DELIVER)
    return key


def _is_due(now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(Message.state == MessageState.HELD, Message.next_attempt_at <= now)


def _update(session: Session, rows: sa.ColumnElement[bool], **values: object) -> None:
    session.execute(sa.update(Message).where(rows).values(values).execution_options(synchronize_session=False))


def _write(session: Session, user: User, now: datetime, count: int, *, is_urgent: bool) -> UUID:
    with speaking(user.locale):
        subject = ngettext("%(num)s notice", "%(num)s notices", count)
        if is_urgent:
            subject = ngettext("%(num)s notice, some of what is late", "%(num)s notices, some of what is late", count)
        text = _("This came up for you. Each line leads to the matter; all of it stands under Notifications.")
    key = new_id()
    session.execute(
        sa.insert(Message).values(
            id=key, recipient_id=user.id, kind=DIGEST, subject=subject, text=text, url="/notices", is_urgent=is_urgent,
            is_secret=False, mail_id=mail_id(key), state=MessageState.WAITING, created_at=now, next_attempt_at=now, attempts=0,
        )
    )  # fmt: skip
    return key


def groups_of(session: Session, digests: Mapping[UUID, str]) -> dict[UUID, tuple[Group, ...]]:
    """Return for each digest (its reader's language) the messages it carries by kind, what is late first, with one query.

    Of each kind a few are listed: five hundred reminders do not crowd out the one invitation.
    """
    of_kind = (Message.digest_id, Message.kind)
    place = sa.func.row_number().over(partition_by=of_kind, order_by=(Message.is_urgent.desc(), Message.created_at, Message.id))
    urgent = sa.func.bool_or(Message.is_urgent).over(partition_by=of_kind)
    carried = (
        sa.select(
            *of_kind, Message.subject, Message.url, place.label("place"), urgent.label("urgent"),
            sa.func.count().over(partition_by=of_kind).label("number"),
        )
        .where(Message.digest_id.in_(digests))
        .subquery()
    )  # fmt: skip
    listed = sa.select(carried).where(carried.c.place <= MOST_LISTED)
    rows = session.execute(listed.order_by(carried.c.digest_id, carried.c.urgent.desc(), carried.c.kind, carried.c.place))
    found: dict[UUID, list[Group]] = {}
    for (digest_id, kind), each in groupby(rows, lambda row: (row.digest_id, row.kind)):
        lines = list(each)
        with speaking(digests[digest_id]):
            group = Group(label_of(kind), tuple(Entry(row.subject, row.url) for row in lines), lines[0].number)
        found.setdefault(digest_id, []).append(group)
    return {digest_id: tuple(groups) for digest_id, groups in found.items()}
