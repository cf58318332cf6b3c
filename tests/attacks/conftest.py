"""One sealed log for all attacks, in one transaction of a superuser; each attack in a savepoint that is rolled back."""

import zipfile
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab import history
from collab.documents import service as documents
from collab.documents import storage
from collab.factory import register_areas
from collab.history.evidence.build import Plan, build
from collab.history.models import HistoryStream
from collab.history.origin import origin
from collab.history.sealing import witnesses, worker
from collab.history.sealing.keys import LogSigner, SigningKey, make_key
from collab.history.sealing.seal import newest_checkpoint
from collab.history.verifier.notes import WITNESS_KEY
from collab.kernel.db import Database, create_engine
from collab.kernel.targets import Ref
from tests.attacks.stage import Case, cosign
from tests.conftest import NOW
from tests.factories.world import World, build_world
from tests.services import app_url, superuser_url

MOMENT = int(NOW.timestamp()) + 60


@pytest.fixture(scope="package")
def stage(database_name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[sa.Connection, World, Case]]:
    folder = tmp_path_factory.mktemp("attacks")
    register_areas()
    storage.configure(folder / "files", 1024 * 1024)
    engine = create_engine(app_url(superuser_url(), "postgres", database_name))
    with engine.connect() as connection:
        transaction = connection.begin()
        database = Database(connection, lambda _job, _arguments: None, join_transaction_mode="create_savepoint")  # type: ignore[arg-type]
        try:
            yield connection, *_play(database, folder)
        finally:
            transaction.rollback()
    engine.dispose()


def _play(database: Database, folder: Path) -> tuple[World, Case]:
    log_key = make_key(folder / "key", origin())
    signer = LogSigner(folder / "key")
    keys = [make_key(folder / name, f"{name}.example/w", WITNESS_KEY) for name in ("sao", "town-a", "town-b")]
    with database._sessions() as session:
        world = build_world(session, NOW)
        _changes(session, world, ("น้ำ", "สะอาด"))
        _fill_a_tile(session, world)
        for key in keys:
            witnesses.add_witness(
                session, actor=world.actors["administrator"], now=NOW, vkey=str(key.verifier), operator=key.name
            )
        session.commit()
        worker.seal_all(database.unit_of_work, signer, now=NOW, with_manifest=True)
        earlier = _export(session, keys, folder / "earlier.zip")
        with zipfile.ZipFile(earlier) as archive:
            prior = archive.read("checkpoint.txt").decode()
        _changes(session, world, ("ตลาด", "ถนน"))
        documents.store_file(
            session, actor=world.actors["administrator"], now=NOW, stream=BytesIO(b"%PDF-1.4\nevidence\n%%EOF\n"), filename="a.pdf",
            target=Ref("committee", world.committee.id),
        )  # fmt: skip
        session.commit()
        worker.seal_all(database.unit_of_work, signer, now=NOW + timedelta(hours=1), with_manifest=True)
        moment = MOMENT + 3600
        whole = _export(session, keys, folder / "whole.zip", moment=moment)
        one = _export(session, keys, folder / "one.zip", [f"committee/{world.committee.id}"], moment=moment)
        session.commit()
    policy = f"log {log_key.verifier}\n" + "".join(f"witness {key.name} {key.verifier}\n" for key in keys)
    policy += f"group q 2 {' '.join(key.name for key in keys)}\nquorum q\n"
    return world, Case(log_key, keys, policy, prior, whole, one, earlier, moment, folder)


def _changes(session: Session, world: World, names: tuple[str, ...]) -> None:
    for name in names:
        with history.act(
            session, verb="committee.changed", actor=world.actors["administrator"], now=NOW, subject=world.committee, reason="เหตุ"
        ):
            world.committee.name_en, world.committee.name_th = name, name
        session.commit()


def _fill_a_tile(session: Session, world: World) -> None:
    """Record as much as it takes for the tree to have its first full tile (256 leaves)."""
    organisation = world.organisations["khohong"]
    for number in range(256):
        with history.act(
            session, verb="organisation.changed", actor=world.actors["administrator"], now=NOW, subject=organisation
        ):
            organisation.name_en = f"Name {number}"
    session.commit()


def _export(session: Session, keys: list[SigningKey], path: Path, streams: list[str] | None = None, moment: int = MOMENT) -> Path:
    checkpoint = newest_checkpoint(session)
    assert checkpoint is not None
    text = checkpoint.note.split("\n\n")[0] + "\n"
    for fresh, key in zip(sorted(witnesses.list_witnesses(session), key=lambda f: f.witness.name), keys, strict=True):
        witnesses.accept(session, fresh.witness, checkpoint.size, cosign(key, text, moment), now=NOW)
    session.flush()
    chosen = streams or list(session.scalars(sa.select(HistoryStream.id).where(~HistoryStream.id.like("log_heads/%"))))
    if streams is None:
        chosen += list(session.scalars(sa.select(HistoryStream.id).where(HistoryStream.id.like("log_heads/%"))))
    subject = session.scalars(sa.text("SELECT subject_id FROM history_event WHERE subject_kind = 'committee' LIMIT 1")).one()
    # Any event may stand for the making of the bundle, but not one of those that the attacks take away.
    home = min((stream for stream in chosen if stream.startswith("organisation/")), default=chosen[0])
    export = session.scalars(
        sa.text("SELECT id FROM history_event WHERE stream_id = :s ORDER BY seq DESC LIMIT 1"), {"s": home}
    ).one()
    plan = Plan("committee", subject, chosen, NOW, "สตง.", export, days=["2026-11-20", "2026-11-21"],
                attachment=lambda digest: storage.store().path_of(digest))  # fmt: skip
    build(session, plan, path)
    return path


@pytest.fixture
def case(stage: tuple[sa.Connection, World, Case]) -> Case:
    """The installation and what the auditor holds."""
    return stage[2]


@pytest.fixture
def played(stage: tuple[sa.Connection, World, Case]) -> World:
    """The people and organisations of the sealed log."""
    return stage[1]


@pytest.fixture
def intruder(stage: tuple[sa.Connection, World, Case]) -> Iterator[sa.Connection]:
    """A superuser's connection to the sealed database; what is done is undone."""
    connection = stage[0]
    savepoint = connection.begin_nested()
    yield connection
    if savepoint.is_active:
        savepoint.rollback()


@pytest.fixture
def inside(intruder: sa.Connection) -> Iterator[Session]:
    """A session of the product within the intruder's transaction."""
    with Session(intruder, join_transaction_mode="create_savepoint") as session:
        yield session
