"""Keys of the log over time: each is announced by an event in the log, and by a note that the key before it signed."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.history.log_models import LogHead, LogKey
from collab.history.origin import origin
from collab.history.sealing.keys import KeyTrouble, SigningKey
from collab.history.tracking import act
from collab.kernel.access import job_actor
from collab.kernel.ids import new_id

_ACTOR = job_actor("history.seal")


def endorsement_text(new_vkey: str, from_size: int) -> str:
    """Return what the old key signs when it hands over."""
    return f"{origin()} key change\n{new_vkey}\nfrom size {from_size}\n"


def keys(session: Session) -> list[LogKey]:
    """Return the log's keys, the first first."""
    return list(session.scalars(sa.select(LogKey).order_by(LogKey.from_size, LogKey.announced_at)))


def announce_first(session: Session, key: SigningKey, *, now: datetime) -> None:
    """Record ``key`` as the log's first; nothing when it is known. Raises KeyTrouble for a key that no earlier key endorsed."""
    known = keys(session)
    if any(row.vkey == str(key.verifier) for row in known):
        if known[-1].vkey != str(key.verifier):
            raise KeyTrouble("the key in the file is not the log's newest; it was replaced")
        return
    if known:
        raise KeyTrouble("the key in the file is unknown to the log; hand over with: flask history rotate-key")
    _announce(session, key, 0, "", now)


def hand_over(session: Session, old: SigningKey, new: SigningKey, *, now: datetime) -> LogKey:
    """Record that ``new`` signs from the next head on, endorsed by ``old``. Raises KeyTrouble when ``old`` is not the newest key."""
    known = keys(session)
    if not known or known[-1].vkey != str(old.verifier):
        raise KeyTrouble("only the newest key can hand over")
    if new.name != old.name:
        raise KeyTrouble("the new key must carry the log's name")
    size = session.scalar(sa.select(sa.func.max(LogHead.size))) or 0
    endorsement = old.sign_note(endorsement_text(str(new.verifier), size + 1))
    return _announce(session, new, size + 1, endorsement, now)


def _announce(session: Session, key: SigningKey, from_size: int, endorsement: str, now: datetime) -> LogKey:
    row = LogKey(id=new_id(), vkey=str(key.verifier), from_size=from_size, announced_at=now, endorsement=endorsement)
    with act(session, verb="log.key_announced", actor=_ACTOR, now=now, subject=row):
        session.add(row)
    return row
