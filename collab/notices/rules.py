"""Pure decisions of the outbox: when a message is mailed, by itself or gathered with others."""

import hashlib
import hmac
from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from collab.calendar.rules import is_working_day, next_working_day
from collab.kernel.clock import BANGKOK, at_bangkok
from collab.notices.kinds import Mode, can_be_muted

#: The daily digest goes out at this hour in Bangkok on working days, before offices open.
DIGEST_HOUR = 8
#: Several changes of one object within this time are told in one message.
GATHERING = timedelta(minutes=10)
#: Mail about what is late leaves only while offices are open (Regulation of the Office of the Prime Minister on working hours and
#: public holidays, B.E. 2502).
OFFICE_OPENS, OFFICE_CLOSES = time(8, 30), time(16, 30)
_ONE_DAY = timedelta(days=1)


def next_digest(now: datetime, closed: Collection[date]) -> datetime:
    """Return the next instant after ``now`` at which a daily digest goes out; ``closed`` are the holidays around."""
    day = now.astimezone(BANGKOK).date()
    if now >= at_bangkok(day, DIGEST_HOUR):
        day += _ONE_DAY
    return at_bangkok(next_working_day(day, closed), DIGEST_HOUR)


def is_pressing(due_on: date, now: datetime) -> bool:
    """Say whether what is due on ``due_on`` can no longer wait for a digest: it is due or late, and today's digest has left."""
    day = now.astimezone(BANGKOK).date()
    return due_on <= day and now >= at_bangkok(day, DIGEST_HOUR)


def in_office_hours(now: datetime, closed: Collection[date]) -> bool:
    """Say whether offices are open at ``now``."""
    local = now.astimezone(BANGKOK)
    return is_working_day(local.date(), closed) and OFFICE_OPENS <= local.time() < OFFICE_CLOSES


def is_quiet(now: datetime, closed: Collection[date]) -> bool:
    """Say whether what the product writes by itself must wait: offices are closed, or open only after the morning's digest."""
    local = now.astimezone(BANGKOK)
    return not is_working_day(local.date(), closed) or not time(DIGEST_HOUR) <= local.time() < OFFICE_CLOSES


def next_bundle(now: datetime, closed: Collection[date]) -> datetime:
    """Return when what cannot wait for the digest goes out, bundled: the next ten minutes of office hours.

    Everybody's ten minutes end at the same instants, so that what one sweep records lies in one bundle.
    """
    local = now.astimezone(BANGKOK)
    minutes = (local.minute // 10 + 1) * 10
    at = local.replace(minute=0, second=0, microsecond=0) + timedelta(minutes=minutes)
    if in_office_hours(at, closed):
        return at.astimezone(now.tzinfo)
    day = local.date() if at.time() < OFFICE_OPENS and at.date() == local.date() else local.date() + _ONE_DAY
    return at_bangkok(next_working_day(day, closed), OFFICE_OPENS.hour, OFFICE_OPENS.minute)


class Haste(StrEnum):
    """How soon a message must be mailed by its nature: ``bundled`` is what is late, at once but not one by one."""

    GATHERED = "gathered"
    BUNDLED = "bundled"
    AT_ONCE = "at_once"


def mode_for(kind: str, chosen: Mode | None, haste: Haste, *, is_target_muted: bool) -> Mode:
    """Return whether a message is mailed by itself, gathered with others, or not at all: as chosen where that may be."""
    if can_be_muted(kind) and (chosen is Mode.OFF or is_target_muted):
        return Mode.OFF
    return Mode.AT_ONCE if haste is Haste.AT_ONCE or chosen is Mode.AT_ONCE else Mode.DIGEST


def mailed_at(mode: Mode, haste: Haste, now: datetime, closed: Collection[date]) -> datetime:
    """Return the earliest instant at which a message that came up at ``now`` is mailed."""
    if mode is Mode.DIGEST:
        return next_bundle(now, closed) if haste is Haste.BUNDLED else next_digest(now, closed)
    if haste is Haste.BUNDLED and not in_office_hours(now, closed):
        return next_bundle(now, closed)
    return now + GATHERING if haste is Haste.GATHERED else now


def is_signed(secret: str, moment: int, body: bytes, signature: str) -> bool:
    """Say whether ``signature`` is that of who knows ``secret``: "sha256=" and the HMAC-SHA-256 of "moment.body", in hexadecimal."""
    made = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(f"sha256={made}".encode(), signature.encode("utf-8", "replace"))
