"""Receipts: what somebody who recorded an event can keep, to show later that it was there."""

import base64
from uuid import UUID

from sqlalchemy.orm import Session

from collab.history.evidence.build import note_with_cosignatures
from collab.history.log_models import LogLeaf
from collab.history.models import HistoryEvent
from collab.history.sealing.seal import newest_checkpoint
from collab.history.sealing.tree import TreeReader
from collab.kernel import targets
from collab.kernel.access import Actor
from collab.kernel.errors import NotFound, StateConflict
from collab.kernel.i18n import _
from collab.kernel.targets import Ref


def checkpoint_file(session: Session) -> bytes:
    """Return the newest checkpoint with its cosignatures; StateConflict when nothing was sealed yet."""
    checkpoint = newest_checkpoint(session)
    if checkpoint is None:
        raise StateConflict(_("Nothing has been sealed yet."))
    return note_with_cosignatures(session, checkpoint).encode()


def receipt(session: Session, actor: Actor, event_id: UUID) -> bytes:
    """Return the receipt of an event (C2SP tlog-proof: index, path, checkpoint), or, before it is sealed, its id and leaf hash.

    Raises NotFound for an event on something whose history ``actor`` may not read.
    """
    event = session.get(HistoryEvent, event_id)
    if event is None or not _may_see(session, actor, event):
        raise NotFound("event", event_id)
    leaf = session.query(LogLeaf).filter(LogLeaf.event_id == event_id).one_or_none()
    checkpoint = newest_checkpoint(session)
    if leaf is None or checkpoint is None or leaf.leaf_index >= checkpoint.size:
        return f"not sealed yet\nevent {event_id}\nleaf {base64.b64encode(event.leaf_hash).decode()}\n".encode()
    path = TreeReader(session, checkpoint.size).inclusion(leaf.leaf_index)
    steps = "".join(f"{base64.b64encode(step).decode()}\n" for step in path)
    note = note_with_cosignatures(session, checkpoint)
    return f"c2sp.org/tlog-proof@v1\nindex {leaf.leaf_index}\n{steps}\n{note}".encode()


def _may_see(session: Session, actor: Actor, event: HistoryEvent) -> bool:
    kind, _slash, key = event.stream_id.partition("/")
    refs = {Ref(event.subject_kind, event.subject_id), Ref(kind, UUID(key))}
    return bool(targets.readable(session, actor, {ref for ref in refs if ref.kind in targets.kinds()}))
