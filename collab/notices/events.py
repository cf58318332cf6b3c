"""What became known of a mail after it was handed over, for those who told something by it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Fate(StrEnum):
    """What was reported of a mail that the mail server had accepted; without a report it is unknown."""

    DELIVERED = "delivered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


@dataclass(frozen=True)
class MailReported:
    """A report said what became of the mail that carried the messages ``message_ids``; ``note`` is its code, '' for none."""

    message_ids: tuple[UUID, ...]
    fate: Fate
    note: str
    now: datetime


@dataclass(frozen=True)
class PostAccepted:
    """A further channel, ``service`` by name, took the post that told the messages ``message_ids``."""

    message_ids: tuple[UUID, ...]
    service: str
    now: datetime
