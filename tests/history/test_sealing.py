"""Sealing: what is in the tree, what the head proves, what happens when it is killed, restored, or run twice."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pymerkle
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab import history
from collab.history.log_models import LogCheckpoint, LogHead, LogLeaf, LogTile
from collab.history.models import HistoryEvent
from collab.history.sealing import keys, rotation, tree, worker
from collab.history.sealing import seal as sealing
from collab.history.sealing.keys import LogSigner, WouldFork, make_key
from collab.history.sealing.seal import Sealed
from collab.history.verifier import merkle, notes
from collab.history.verifier.ed25519 import ed25519_verify
from collab.kernel.db import Database
from tests.factories.world import World

Seal = Callable[..., Sealed]


def rename(session: Session, world: World, now: datetime, times: int) -> None:
    for number in range(times):
        with history.act(
            session, verb="committee.renamed", actor=world.actors["administrator"], now=now, subject=world.committee
        ):
            world.committee.name_en = f"Name {number}"
        session.commit()


def bodies(session: Session) -> list[bytes]:
    statement = sa.select(HistoryEvent.body).join(LogLeaf, LogLeaf.event_id == HistoryEvent.id).order_by(LogLeaf.leaf_index)
    return list(session.scalars(statement))


def test_everything_recorded_is_in_the_tree_under_a_signed_head(
    session: Session, world: World, seal: Seal, signer: LogSigner
) -> None:
    done = seal()
    found = bodies(session)
    assert done.size == len(found) == session.scalar(sa.select(sa.func.count()).select_from(HistoryEvent))
    other = pymerkle.InmemoryTree(algorithm="sha256")
    for body in found:
        other.append_entry(body)
    stored = session.scalars(sa.select(LogCheckpoint)).one()
    note = notes.parse_note(stored.note)
    checkpoint = notes.parse_checkpoint(note.text)
    assert (checkpoint.size, checkpoint.root) == (done.size, other.get_root())
    assert notes.is_signed_by(note, signer.key().verifier, ed25519_verify)


def test_growing_by_small_batches_gives_the_same_tree(session: Session, world: World, database: Database, signer: LogSigner,
                                                      now: datetime) -> None:  # fmt: skip
    rename(session, world, now, 5)
    sealing.seal(database.unit_of_work, signer, now=now, batch=7)
    leaves = [merkle.hash_leaf(body) for body in bodies(session)]
    for head in session.scalars(sa.select(LogHead)):
        frontier = merkle.Frontier()
        frontier.extend(leaves[: head.size])
        assert frontier.root() == head.root


def test_tiles_and_proofs_beyond_one_tile(session: Session, world: World, now: datetime, seal: Seal) -> None:
    sizes = [seal().size]
    for _round in range(3):
        for number in range(120):
            with history.act(
                session, verb="committee.renamed", actor=world.actors["administrator"], now=now, subject=world.committee
            ):
                world.committee.name_en = f"Name {_round} {number}"
        session.commit()
        sizes.append(seal(with_manifest=True).size)
    assert session.scalar(sa.select(sa.func.count()).select_from(LogTile)) == sizes[-1] // 256
    leaves = [merkle.hash_leaf(body) for body in bodies(session)]
    reader = tree.TreeReader(session, sizes[-1])
    roots = {head.size: head.root for head in session.scalars(sa.select(LogHead))}
    for index in (0, 1, 254, 255, 256, 257, sizes[-1] - 1):
        assert merkle.verify_inclusion(leaves[index], index, sizes[-1], reader.inclusion(index), roots[sizes[-1]])
    for old in sizes[:-1]:
        assert merkle.verify_consistency(old, sizes[-1], roots[old], roots[sizes[-1]], reader.consistency(old))


def test_sealing_again_adds_nothing(session: Session, world: World, seal: Seal) -> None:
    first = seal()
    again = seal()
    assert (again.events, again.size, again.signed) == (0, first.size, False)


def test_a_manifest_is_the_last_leaf_and_lists_every_stream(session: Session, world: World, seal: Seal) -> None:
    import json

    seal()
    last = json.loads(bodies(session)[-1])
    assert last["action"] == "log.heads"
    events = session.scalars(sa.select(HistoryEvent).where(HistoryEvent.verb != "log.heads")).all()
    heads: dict[str, HistoryEvent] = {}
    for event in events:
        if event.stream_id not in heads or heads[event.stream_id].seq < event.seq:
            heads[event.stream_id] = event
    frontier = merkle.Frontier()
    for name in sorted(heads):
        frontier.append(merkle.hash_leaf(f"{name}\t{heads[name].seq}\t{heads[name].leaf_hash.hex()}\n".encode()))
    assert last["heads"] == {"count": len(heads), "root": frontier.root().hex(), "size": len(events)}


@pytest.mark.parametrize("step", ["grow", "sign"])
def test_killed_half_way_the_next_run_finishes_with_one_root(session: Session, world: World, database: Database, signer: LogSigner,
                                                             now: datetime, step: str, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    @contextmanager
    def dying() -> Iterator[Session]:
        with database.unit_of_work() as opened:
            yield opened
            if step == "grow" or opened.scalar(sa.select(sa.func.count()).select_from(LogCheckpoint)) == 2:
                raise KeyboardInterrupt

    worker.seal_all(database.unit_of_work, signer, now=now)
    rename(session, world, now, 3)
    before = signer.last()
    with pytest.raises(KeyboardInterrupt):
        sealing.seal(dying, signer, now=now)
    done = worker.seal_all(database.unit_of_work, signer, now=now)
    assert done is not None
    assert done.size > before[0]
    roots = {head.size: head.root for head in session.scalars(sa.select(LogHead))}
    assert signer.last() == (done.size, roots[done.size])
    leaves = [merkle.hash_leaf(body) for body in bodies(session)]
    frontier = merkle.Frontier()
    frontier.extend(leaves)
    assert frontier.root() == roots[done.size]


def test_a_signature_made_before_a_kill_is_made_again_the_same(
    session: Session, world: World, seal: Seal, signer: LogSigner
) -> None:
    seal()
    stored = session.scalars(sa.select(LogCheckpoint)).one()
    checkpoint = notes.parse_checkpoint(notes.parse_note(stored.note).text)
    assert signer.sign(checkpoint, lambda size: []) == stored.note


def test_no_second_root_is_signed_for_a_size_nor_a_smaller_tree(
    session: Session, world: World, seal: Seal, signer: LogSigner
) -> None:
    seal()
    size, root = signer.last()
    name = signer.key().name
    with pytest.raises(WouldFork):
        signer.sign(notes.Checkpoint(name, size, bytes(32)), lambda _size: [])
    with pytest.raises(WouldFork):
        signer.sign(notes.Checkpoint(name, size - 1, root), lambda _size: [])
    with pytest.raises(WouldFork):
        signer.sign(notes.Checkpoint(name, size + 1, bytes(32)), lambda _size: [bytes(32)])
    assert signer.last() == (size, root)


def test_the_key_is_for_one_log(signer: LogSigner) -> None:
    with pytest.raises(keys.KeyTrouble):
        signer.sign(notes.Checkpoint("another.example/log", 1, bytes(32)), lambda _size: [])


def test_two_sealers_do_not_meet(engine: sa.Engine, database: Database, signer: LogSigner, now: datetime) -> None:
    with engine.connect() as other, other.begin():
        other.execute(sa.select(sa.func.pg_advisory_xact_lock(sealing.LOCK_KEY)))
        assert sealing.seal(database.unit_of_work, signer, now=now) is None


def test_a_key_hands_over_to_the_next(session: Session, world: World, seal: Seal, signer: LogSigner, now: datetime, tmp_path: Path,
                                      database: Database) -> None:  # fmt: skip
    seal()
    old = signer.key()
    new = make_key(tmp_path / "new", old.name)
    row = rotation.hand_over(session, old, new, now=now)
    session.commit()
    note = notes.parse_note(row.endorsement)
    assert notes.is_signed_by(note, old.verifier, ed25519_verify)
    assert str(new.verifier) in note.text
    assert str(row.from_size) in note.text
    with pytest.raises(keys.KeyTrouble):
        worker.seal_all(database.unit_of_work, signer, now=now)
    (tmp_path / "new.last-signed").write_bytes((tmp_path / "log" / "key.last-signed").read_bytes())
    done = worker.seal_all(database.unit_of_work, LogSigner(tmp_path / "new"), now=now)
    assert done is not None
    assert done.size >= row.from_size
    with pytest.raises(keys.KeyTrouble):
        rotation.hand_over(session, old, make_key(tmp_path / "third", old.name), now=now)
