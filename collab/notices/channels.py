"""Setting up the channels of an organisation: add, change, test, switch on and off, remove."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab import history
from collab.kernel.access import Actor, Permission, authorize
from collab.kernel.db import check_version
from collab.kernel.errors import InvalidInput, NotFound, StateConflict
from collab.kernel.i18n import LazyText, _, lazy
from collab.kernel.jobs import Job, enqueue_after_commit
from collab.kernel.text import normalise
from collab.members import queries as members
from collab.members.policy import Place
from collab.members.secrecy import Vault
from collab.notices.channel_models import Channel, ChannelPost, PostState
from collab.notices.channel_rules import AddressFault, check_address
from collab.notices.channel_way import can_read
from collab.notices.kinds import KINDS

#: An organisation has at most so many.
MOST = 10
_FAULTS: dict[AddressFault, LazyText] = {
    AddressFault.UNREADABLE: lazy(
        "This is not an address of a channel. Copy it as the service gives it, with Latin letters only."
    ),
    AddressFault.SERVICE: lazy("This service may not be used. Choose one of the list."),
    AddressFault.OPTIONS: lazy("Leave out everything from “?” or “#” on."),
    AddressFault.SERVER: lazy("The operator of Collab has not allowed this server. Ask the administrator."),
}
_vaults: dict[str, Vault] = {}
_hosts: set[str] = set()


def configure(secret_key: str, hosts: Collection[str]) -> None:
    """Seal addresses with a key of the installation; ``hosts`` are the servers that the operator allows beside the fixed ones."""
    _vaults["addresses"] = Vault(secret_key, b"collab channel address")
    _hosts.clear()
    _hosts.update(hosts)


def open_address(channel: Channel) -> str | None:
    """Return where a channel posts, for the job that does it; None when it was sealed by another installation or is not allowed now."""
    address = _vaults["addresses"].open(channel.address)
    return address if address is not None and check_address(address, _hosts)[1] is None else None


def list_channels(session: Session, organisation_id: UUID) -> list[Channel]:
    """Return the organisation's channels, the oldest first."""
    mine = sa.and_(Channel.organisation_id == organisation_id, Channel.removed_at.is_(None))
    return list(session.scalars(sa.select(Channel).where(mine).order_by(Channel.id)))


def channels_by_ids(session: Session, keys: Collection[UUID]) -> list[Channel]:
    """Return the channels with these ids, removed ones too."""
    return list(session.scalars(sa.select(Channel).where(Channel.id.in_(list(keys)))))


def last_posts(session: Session, channel_ids: Collection[UUID], size: int = 5) -> dict[UUID, list[ChannelPost]]:
    """Return the last posts of each channel, newest first."""
    place = sa.func.row_number().over(
        partition_by=ChannelPost.channel_id, order_by=(ChannelPost.created_at.desc(), ChannelPost.id.desc())
    )
    numbered = sa.select(ChannelPost.id, place.label("place")).where(ChannelPost.channel_id.in_(list(channel_ids))).subquery()
    newest = sa.select(ChannelPost).join(numbered, numbered.c.id == ChannelPost.id).where(numbered.c.place <= size)
    found: dict[UUID, list[ChannelPost]] = {key: [] for key in channel_ids}
    for row in session.scalars(newest.order_by(ChannelPost.created_at.desc(), ChannelPost.id.desc())):
        found[row.channel_id].append(row)
    return found


def get_channel(session: Session, actor: Actor, channel_id: UUID, *, lock: bool = False) -> Channel:
    """Return a channel that ``actor`` keeps. Raises NotFound, NotAllowed."""
    found = session.get(Channel, channel_id, with_for_update=lock, populate_existing=lock)
    if found is None or found.removed_at is not None:
        raise NotFound("channel", channel_id)
    authorize(actor, Permission.CHANNEL_MANAGE, found)
    return found


def add_channel(session: Session, *, actor: Actor, now: datetime, organisation_id: UUID, name: str, address: str,
                kinds: Collection[str]) -> Channel:  # fmt: skip
    """Add a channel, switched off until somebody has tested it. Raises NotFound, NotAllowed, InvalidInput."""
    members.get_organisation(session, organisation_id)
    authorize(actor, Permission.CHANNEL_MANAGE, Place(organisation_id))
    if len(list_channels(session, organisation_id)) >= MOST:
        raise InvalidInput({"name": _("An organisation has at most %(num)s channels.", num=MOST)})
    made = Channel(organisation_id=organisation_id, on_since=None)
    _fill(made, name, kinds)
    _seal(made, address)
    with history.act(session, verb="channel.added", actor=actor, now=now, subject=made):
        session.add(made)
        session.flush()
    return made


def change_channel(session: Session, *, actor: Actor, now: datetime, channel_id: UUID, name: str, address: str,
                   kinds: Collection[str], expected_version: int | None) -> Channel:  # fmt: skip
    """Change a channel; an empty ``address`` keeps the one it has, a new one switches it off until it is tested.

    Raises NotFound, NotAllowed, VersionConflict, InvalidInput.
    """
    found = get_channel(session, actor, channel_id, lock=True)
    check_version(found, expected_version)
    with history.act(session, verb="channel.changed", actor=actor, now=now, subject=found):
        _fill(found, name, kinds)
        if address:
            _seal(found, address)
            found.on_since = None
    return found


def switch_channel(session: Session, *, actor: Actor, now: datetime, channel_id: UUID, on: bool) -> Channel:
    """Switch a channel on or off. Raises NotFound, NotAllowed."""
    found = get_channel(session, actor, channel_id, lock=True)
    if (found.on_since is not None) is not on:
        verb = "channel.switched_on" if on else "channel.switched_off"
        with history.act(session, verb=verb, actor=actor, now=now, subject=found):
            found.on_since = now if on else None
    return found


def remove_channel(session: Session, *, actor: Actor, now: datetime, channel_id: UUID) -> Channel:
    """Remove a channel; its address is forgotten. Raises NotFound, NotAllowed."""
    found = get_channel(session, actor, channel_id, lock=True)
    with history.act(session, verb="channel.removed", actor=actor, now=now, subject=found):
        found.removed_at, found.on_since, found.address = now, None, ""
    return found


def ask_for_test(session: Session, *, actor: Actor, now: datetime, channel_id: UUID) -> ChannelPost:
    """Post a test to a channel, on or off, by the way that everything else goes. Raises NotFound, NotAllowed, StateConflict."""
    found = get_channel(session, actor, channel_id, lock=True)
    waiting = sa.exists().where(
        ChannelPost.channel_id == found.id, ChannelPost.message_id.is_(None), ChannelPost.state == PostState.WAITING
    )
    if session.scalar(sa.select(waiting)):
        raise StateConflict(_("A test is under way. Look again in a minute."))
    made = ChannelPost(channel_id=found.id, message_id=None, state=PostState.WAITING, created_at=now, next_attempt_at=now)
    session.add(made)
    enqueue_after_commit(session, Job.NOTICES_POST)
    return made


def _fill(channel: Channel, name: str, kinds: Collection[str]) -> None:
    chosen = [kind for kind in KINDS if kind in kinds]
    faults = {} if normalise(name) else {"name": _("Give the channel a name.")}
    if not chosen:
        faults["kinds"] = _("Choose at least one kind.")
    if faults:
        raise InvalidInput(faults)
    channel.name, channel.kinds = normalise(name), ",".join(chosen)


def _seal(channel: Channel, address: str) -> None:
    text = address.strip()
    service, fault = check_address(text, _hosts)
    if fault is None and not can_read(text):
        fault = AddressFault.UNREADABLE
    if fault is not None:
        raise InvalidInput({"address": str(_FAULTS[fault])})
    channel.service, channel.address = service, _vaults["addresses"].seal(text)
