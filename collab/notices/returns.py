"""What is done with a report about mail of ours: the fate of the mail is noted, a dead address flagged, a complaint heeded.

A report can only touch the person whom the mail that it names went to, and flags an address only when it names that address too: a
forged one harms nobody but whoever got that mail.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from collab.kernel.access import Actor
from collab.kernel.events import publish
from collab.kernel.ids import new_id
from collab.members.models import User
from collab.members.service.addresses import flag_address
from collab.notices import envelope, links, service
from collab.notices.events import Fate, MailReported
from collab.notices.models import Finding, MailReport, Message, MessageState, ReportSource
from collab.notices.reports import Line, Report, ReportKind, is_lasting

#: So many failures within this time flag an address even when each of them might have passed.
MOST_FAILURES = 3
WITHIN = timedelta(days=30)
#: What named no mail of ours is forgotten after this time.
KEPT = timedelta(days=30)


def take(session: Session, *, actor: Actor, now: datetime, raw: bytes, report: Report, source: ReportSource) -> Finding | None:
    """Do what ``report`` (read from ``raw``) asks for; return what it led to, None when the same bytes came before."""
    key = new_id()
    values = {
        "id": key, "digest": hashlib.sha256(raw).digest(), "source": source, "kind": report.lines[0].kind, "status": report.lines[0].status,
        "finding": Finding.UNMATCHED, "received_at": now,
    }  # fmt: skip
    once = postgresql.insert(MailReport).values(values).on_conflict_do_nothing(index_elements=["digest"]).returning(MailReport.id)
    if session.execute(once).first() is None:
        return None
    message = _mail_of(session, report)
    if message is None:
        return Finding.UNMATCHED
    user = session.get_one(User, message.recipient_id)
    line, is_named = _line_about(report, user)
    finding = _heed(session, actor, now, message, user, line, is_named=is_named)
    known = {"finding": finding, "kind": line.kind, "status": line.status, "message_id": message.id, "user_id": user.id}
    session.execute(sa.update(MailReport).where(MailReport.id == key).values(known))
    return finding


def forget(session: Session, *, now: datetime) -> int:
    """Forget old reports that named no mail of ours, so that strangers cannot fill the table; return how many."""
    old = sa.and_(MailReport.finding == Finding.UNMATCHED, MailReport.received_at < now - KEPT)
    return len(session.execute(sa.delete(MailReport).where(old).returning(MailReport.id)).all())


def _mail_of(session: Session, report: Report) -> Message | None:
    """Return the mail that a report is about, by the address it came to or the Message-ID it names; it must have left."""
    named = [*map(envelope.read, report.envelopes), *map(envelope.message_of, report.mail_ids)]
    keys = {key for key in named if key is not None}
    if len(keys) != 1:
        return None
    return session.scalar(
        sa.select(Message).where(Message.id.in_(keys), Message.state == MessageState.ACCEPTED).with_for_update()
    )


def _line_about(report: Report, user: User) -> tuple[Line, bool]:
    """Return what the report says of the person's address, and whether it names that address."""
    named = next((line for line in report.lines if user.email.lower() in line.addresses), None)
    return (named, True) if named else (report.lines[0], False)


def _heed(session: Session, actor: Actor, now: datetime, message: Message, user: User, line: Line, *, is_named: bool) -> Finding:
    if line.kind is ReportKind.DELIVERED and message.fate is None:
        _note_fate(session, now, message, Fate.DELIVERED, "")
        return Finding.DELIVERED
    if line.kind is ReportKind.COMPLAINT and message.fate is not Fate.COMPLAINED:
        _note_fate(session, now, message, Fate.COMPLAINED, "")
        service.unsubscribe(session, link=links.Link(user.id, message.kind, None, message.id, now))
        return Finding.COMPLAINED
    if line.kind is not ReportKind.FAILED:
        return Finding.NOTED
    if message.fate is not Fate.BOUNCED:
        _note_fate(session, now, message, Fate.BOUNCED, line.status)
    if not is_named or not (is_lasting(line.status) or _fails_often(session, user, now)):
        return Finding.BOUNCED
    flag_address(session, actor=actor, now=now, user_id=user.id, status=line.status)
    return Finding.FLAGGED


def _fails_often(session: Session, user: User, now: datetime) -> bool:
    """Say whether this failure is the last of so many to the person that it will happen again."""
    earlier = sa.and_(MailReport.user_id == user.id, MailReport.finding == Finding.BOUNCED, MailReport.received_at > now - WITHIN)
    count = session.scalar(sa.select(sa.func.count()).select_from(MailReport).where(earlier)) or 0
    return count >= MOST_FAILURES - 1


def _note_fate(session: Session, now: datetime, message: Message, fate: Fate, note: str) -> None:
    """Note what became of a mail on the message and, of a digest, on every message that it carried."""
    told = sa.or_(Message.id == message.id, Message.digest_id == message.id)
    changed = sa.update(Message).where(told).values(fate=fate).returning(Message.id)
    keys: Sequence[UUID] = session.scalars(changed.execution_options(synchronize_session=False)).all()
    publish(session, MailReported(tuple(keys), fate, note, now))
