"""Posts to channels what people of their organisations are told: enlist what is new, claim, post, record. A way beside mail.

The same rules as the outbox: rows are the truth, a claim is a lease, nothing is open while a service is spoken to. What becomes of a
post changes nothing for the mail.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from collab.calendar import queries as calendar
from collab.kernel.clock import today
from collab.kernel.db import Database
from collab.kernel.events import publish
from collab.kernel.i18n import _, ngettext, speaking
from collab.kernel.jobs import LEASE
from collab.kernel.retry import back_off, patiently
from collab.members.models import User
from collab.notices import rules
from collab.notices.channel_models import Channel, ChannelPost, PostState
from collab.notices.channel_rules import service_name
from collab.notices.channel_way import NO_ANSWER, UNREADABLE, PostFailed, Way
from collab.notices.channels import open_address
from collab.notices.events import PostAccepted
from collab.notices.models import Message, MessageState
from collab.notices.outbox import LOOK_AHEAD

logger = logging.getLogger(__name__)
BATCH = 100
MOST_ATTEMPTS = 6
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=2), timedelta(hours=2)
#: What is older is not posted any more, for example after days without a worker: it stands under Notifications, and was mailed.
STILL_NEWS = timedelta(days=2)
#: A post lists so many subjects and says how many more there are.
MOST_LISTED = 20


def enlist(session: Session, *, now: datetime) -> int:
    """Record for every channel that is on the messages to its organisation's people that are not recorded yet; return how many.

    Posts leave bundled, every ten minutes of office hours. Run twice, or by two at once, it records each once.
    """
    day = today(now)
    leaves_at = rules.next_bundle(now, calendar.closed_days(session, day, day + LOOK_AHEAD))
    wanted = (
        sa.select(
            sa.func.gen_random_uuid(), Channel.id, Message.id, sa.literal(PostState.WAITING.value),
            sa.literal(now, sa.DateTime(timezone=True)), sa.literal(leaves_at, sa.DateTime(timezone=True)), sa.literal(0), sa.literal(""),
        )
        .join(User, User.organisation_id == Channel.organisation_id)
        .join(Message, Message.recipient_id == User.id)
        .where(
            Channel.removed_at.is_(None), Channel.on_since.is_not(None), Message.created_at >= Channel.on_since,
            Message.created_at >= now - STILL_NEWS, Message.is_secret.is_(False), Message.state != MessageState.DROPPED,
            Message.kind == sa.any_(sa.func.string_to_array(Channel.kinds, ",")),
        )
    )  # fmt: skip
    columns = ["id", "channel_id", "message_id", "state", "created_at", "next_attempt_at", "attempts", "reason"]
    statement = postgresql.insert(ChannelPost).from_select(columns, wanted, include_defaults=False)
    once = statement.on_conflict_do_nothing(constraint="uq_channel_post_once").returning(ChannelPost.id)
    return len(session.execute(once).all())


@dataclass(frozen=True)
class _Bundle:
    """What goes to one channel as one text."""

    posts: Sequence[UUID]
    messages: tuple[UUID, ...]
    attempts: int
    service: str
    address: str | None
    title: str
    body: str


def post_batch(database: Database, way: Way, now: datetime, *, base_url: str, worker: str) -> dict[str, int]:
    """Claim what is ready and post it, one text a channel; return counts of posts by outcome."""
    with database.unit_of_work() as session:
        keys = _claim(session, now, worker)
    with database.reading() as session:
        bundles = _bundles(session, keys, base_url)
    counts: dict[str, int] = {}
    for bundle in bundles:
        outcome = _post(database, way, bundle, now, worker)
        counts[outcome] = counts.get(outcome, 0) + len(bundle.posts)
    return counts


def rescue(session: Session) -> int:
    """Give back what a worker claimed and never settled; what was tried too often is given up. Returns how many."""
    stuck = sa.and_(ChannelPost.state == PostState.CLAIMED, ChannelPost.leased_until < sa.func.clock_timestamp())
    state = sa.case((ChannelPost.attempts >= MOST_ATTEMPTS, PostState.DEAD.value), else_=PostState.WAITING.value)
    freed = sa.update(ChannelPost).where(stuck).values(state=state, claimed_by=None, leased_until=None, reason=NO_ANSWER)
    return len(session.execute(freed.returning(ChannelPost.id).execution_options(synchronize_session=False)).all())


def _claim(session: Session, now: datetime, worker: str) -> list[UUID]:
    ready = sa.and_(ChannelPost.state == PostState.WAITING, ChannelPost.next_attempt_at <= now)
    chosen = (
        sa.select(ChannelPost.id)
        .where(ready)
        .order_by(ChannelPost.next_attempt_at, ChannelPost.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
        .cte("chosen")
    )
    claimed = (
        sa.update(ChannelPost)
        .where(ChannelPost.id == chosen.c.id)
        .values(
            state=PostState.CLAIMED, claimed_by=worker, leased_until=sa.func.clock_timestamp() + LEASE, attempts=ChannelPost.attempts + 1
        )
        .returning(ChannelPost.id)
    )  # fmt: skip
    return sorted(session.scalars(claimed.execution_options(synchronize_session=False)))


def _bundles(session: Session, keys: Sequence[UUID], base_url: str) -> list[_Bundle]:
    rows = session.execute(
        sa.select(ChannelPost, Channel, Message)
        .join(Channel, Channel.id == ChannelPost.channel_id)
        .outerjoin(Message, Message.id == ChannelPost.message_id)
        .where(ChannelPost.id.in_(keys))
        .order_by(ChannelPost.created_at, ChannelPost.message_id, ChannelPost.id)
    ).all()
    # A test goes by itself, and so does what failed before: one text that a service cannot take holds nothing else up.
    grouped: dict[tuple[UUID, UUID | None], list[tuple[ChannelPost, Channel, Message | None]]] = {}
    for post, channel, message in rows:
        alone = post.id if message is None or post.attempts > 1 else None
        grouped.setdefault((channel.id, alone), []).append((post, channel, message))
    return [_bundle(group, base_url) for group in grouped.values()]


def _bundle(group: Sequence[tuple[ChannelPost, Channel, Message | None]], base_url: str) -> _Bundle:
    channel = group[0][1]
    # Several people of the organisation were told the same: it is said once.
    told = {(row.kind, row.target_id or row.id): row for _post, _channel, row in group if row is not None}
    with speaking("th"):
        title, body = _words(list(told.values()), channel, base_url)
    return _Bundle(
        [post.id for post, _channel, _row in group], tuple(row.id for _post, _channel, row in group if row is not None),
        max(post.attempts for post, _channel, _row in group), channel.service,
        None if channel.removed_at else open_address(channel), title, body,
    )  # fmt: skip


def _words(messages: Sequence[Message], channel: Channel, base_url: str) -> tuple[str, str]:
    """Return title and text: subjects and links, whose pages ask who one is."""
    if not messages:
        return _("Test of the channel “%(name)s”", name=channel.name), _("Collab can post here.")
    lines = [f"- {row.subject}\n  {base_url}{row.url}" if row.url else f"- {row.subject}" for row in messages[:MOST_LISTED]]
    if len(messages) > MOST_LISTED:
        rest = len(messages) - MOST_LISTED
        lines.append(ngettext("and %(num)s more", "and %(num)s more", rest))
    return ngettext("%(num)s notice", "%(num)s notices", len(messages)), "\n".join(lines)


def _post(database: Database, way: Way, bundle: _Bundle, now: datetime, worker: str) -> str:
    if bundle.address is None:
        return _fail(database, bundle, PostFailed(UNREADABLE, is_final=True), now, worker)
    try:
        way.post(service_name(bundle.service), bundle.address, bundle.title, bundle.body)
    except PostFailed as failure:
        return _fail(database, bundle, failure, now, worker)
    except Exception:  # one channel must not stop the others; the reason is in the log
        logger.exception("post not delivered")
        return _fail(database, bundle, PostFailed(NO_ANSWER), now, worker)
    values: dict[str, object] = {"state": PostState.ACCEPTED, "accepted_at": now, "reason": ""}
    return "accepted" if _mark(database, bundle, worker, values, told_at=now) else "passed"


def _fail(database: Database, bundle: _Bundle, failure: PostFailed, now: datetime, worker: str) -> str:
    is_over = failure.is_final or bundle.attempts >= MOST_ATTEMPTS
    later = now + back_off(bundle.attempts, bundle.posts[0], first=FIRST_WAIT, longest=LONGEST_WAIT)
    values: dict[str, object] = {
        "state": PostState.DEAD if is_over else PostState.WAITING,
        "next_attempt_at": later,
        "reason": failure.reason[:100],
    }
    outcome = "dead" if is_over else "postponed"
    return outcome if _mark(database, bundle, worker, values) else "passed"


def _mark(
    database: Database, bundle: _Bundle, worker: str, values: dict[str, object], *, told_at: datetime | None = None
) -> bool:
    """Record what became of a bundle, if it is still this worker's; say whether it was."""

    def record() -> bool:
        with database.unit_of_work() as session:
            mine = sa.and_(
                ChannelPost.id.in_(bundle.posts), ChannelPost.state == PostState.CLAIMED, ChannelPost.claimed_by == worker
            )
            marked = sa.update(ChannelPost).where(mine).values(claimed_by=None, leased_until=None, **values)
            rows = session.execute(marked.returning(ChannelPost.id).execution_options(synchronize_session=False)).all()
            if rows and told_at is not None and bundle.messages:
                publish(session, PostAccepted(bundle.messages, service_name(bundle.service), told_at))
            return bool(rows)

    return patiently(record)
