"""The history: what recording costs, how reads grow, how fast the log is sealed and a bundle verified."""

import hashlib
import json
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import sqlalchemy as sa
from sqlalchemy.orm import declarative_base

from bench.databases import Place, throw_away
from bench.registry import Bar, Row, Run, measure
from bench.timing import medians, seconds
from collab import history
from collab.factory import register_areas
from collab.history import queries
from collab.history.evidence.build import Plan, build
from collab.history.models import HistoryStream
from collab.history.origin import origin
from collab.history.sealing import worker
from collab.history.sealing.keys import LogSigner, make_key
from collab.history.verifier.assemble import verifier_file
from collab.history.writer import ChangesRecorded
from collab.kernel import events as events_of_kernel
from collab.kernel.access import job_actor
from collab.kernel.db import Database, create_engine
from collab.kernel.ids import new_id
from collab.kernel.text import sort_key
from collab.members.models import Organisation, OrganisationKind

ACTOR = job_actor("bench")
ROWS = 100
EVENTS = 100_000
#: Events that are there already when writing is measured, as in an installation that has been in use.
BEFORE = 20_000
SMALL, LARGE = 100_000, 10_000_000
PLAN_ITEMS = 1_000


@dataclass
class Workshop:
    """A database with a hundred organisations, and the same rows in a table that nothing records."""

    place: Place
    database: Database
    bare: Any
    keys: list[UUID]


@contextmanager
def nobody_listening() -> Iterator[None]:
    """Keep the search index from following each change: it is another area's work and not part of what recording costs."""
    listening = events_of_kernel._reactions.pop(ChangesRecorded, [])
    try:
        yield
    finally:
        events_of_kernel._reactions[ChangesRecorded] = listening


@contextmanager
def workshop() -> Iterator[Workshop]:
    register_areas()
    with nobody_listening(), throw_away("history") as place:
        database = Database(create_engine(place.url), lambda _job, _arguments: None)
        keys = []
        with database.unit_of_work() as session:
            for number in range(ROWS):
                row = Organisation(kind=OrganisationKind.OTHER, name_th=f"หน่วย {number}", name_en="x", short_th="x", short_en="x",
                                   district="", sort_key=sort_key("x"))  # fmt: skip
                with history.act(session, verb="organisation.created", actor=ACTOR, now=datetime.now(UTC), subject=row):
                    session.add(row)
                keys.append(row.id)
        owner = sa.create_engine(place.owner_url)
        with owner.begin() as connection:
            connection.execute(sa.text("CREATE TABLE bare (LIKE organisation INCLUDING ALL)"))
            connection.execute(sa.text("INSERT INTO bare SELECT * FROM organisation"))
            connection.execute(sa.text("GRANT ALL ON bare TO collab_app"))
        owner.dispose()
        with psycopg.connect(place.owner_url.replace("postgresql+psycopg", "postgresql", 1), autocommit=True) as filling:
            copy_log(filling, list(events(BEFORE, 500)))
            filling.execute(_VERSIONS_OF_EVENTS)
            filling.execute("VACUUM ANALYZE")
        base = declarative_base()
        columns = [column._copy() for column in Organisation.__table__.columns]
        table = sa.Table("bare", base.metadata, *columns)
        bare = type("Bare", (base,), {"__table__": table, "__mapper_args__": {"version_id_col": table.c.version}})
        yield Workshop(place, database, bare, keys)
        database.engine.dispose()


def _change(shop: Workshop, model: Any, count: int) -> None:
    name = secrets.token_hex(4)
    with shop.database.unit_of_work() as session:
        for key in shop.keys[:count]:
            row = session.get(model, key, with_for_update=True)
            if model is shop.bare:
                row.name_en = name
            else:
                with history.act(session, verb="organisation.renamed", actor=ACTOR, now=datetime.now(UTC), subject=row):
                    row.name_en = name


def _write(run: Run, name: str, count: int, times: int, most: float) -> Iterator[Row]:
    shop = run.keep("history", workshop)

    def repeated(model: Any) -> Callable[[], float]:
        return lambda: seconds(lambda: [_change(shop, model, count) for _turn in range(times)]) / times

    repeated(Organisation)(), repeated(shop.bare)()
    took = medians({"recorded": repeated(Organisation), "bare": repeated(shop.bare)}, rounds=9)
    yield Row(
        name=name, value=took["recorded"] * 1000, unit="ms a transaction",
        compared_with=f"the same rows changed alike without history: {took['bare'] * 1000:.2f} ms",
        ratio=took["recorded"] / took["bare"], bar=Bar(most=most),
        how=f"lock and change {count} row(s) through the session, commit, search index off on both sides; {times} transactions a round, median of 9 interleaved rounds",
    )  # fmt: skip


@measure("history.write.1")
def write_one(run: Run) -> Iterator[Row]:
    yield from _write(run, "history.write.1", 1, 60, 1.6)


@measure("history.write.100")
def write_hundred(run: Run) -> Iterator[Row]:
    yield from _write(run, "history.write.100", ROWS, 2, 2.0)


_BODY = {
    "v": 1, "log": "", "outcome": "done", "action": "action_item.edited", "obo": None, "reason_c": None, "authority": {"kind": "none"},
    "actor": {"id": str(UUID(int=7)), "kind": "person", "job": None, "roles": ["clerk@organisation"], "org": str(UUID(int=8)), "aal": 1},
    "att": [], "occurred_src": "system", "late": False, "second": None, "corrects": None, "req": "bench", "cause": None, "app": "0.1.0",
    "state": {"progress": 0, "state": "doing", "weight": 1, "starts_on": "2026-10-01", "ends_on": "2027-09-30"},
}  # fmt: skip


def events(count: int, streams: int) -> Iterator[tuple[Any, ...]]:
    """Yield rows of history_event: chained as the writer does it, in streams taken in turn."""
    heads = {number: (0, bytes(32), new_id()) for number in range(streams)}
    began = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(count):
        stream = number % streams
        seq, head, subject = heads[stream]
        event, moment = new_id(), began + timedelta(seconds=number)
        instant = moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        salted = {name: secrets.token_hex(32) for name in ("title", "note")}
        body = _BODY | {
            "log": origin(), "id": str(event), "stream": f"bench/{subject}", "seq": seq + 1, "prev": head.hex(), "occurred": instant,
            "recorded": instant, "subject": {"type": "action_item", "id": str(subject), "ver": seq + 1}, "state_c": salted,
            "changes": [{"f": "progress", "o": 0, "n": number % 100}, {"f": "note", "oc": None, "nc": salted["note"]}],
        }  # fmt: skip
        data = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        digest = hashlib.sha256(b"\x00" + data).digest()
        heads[stream] = (seq + 1, digest, subject)
        yield (
            event,
            f"bench/{subject}",
            seq + 1,
            digest,
            data,
            "action_item.edited",
            "action_item",
            subject,
            moment,
            moment,
            "bench",
        )


_COPY = """COPY {table} (id, stream_id, seq, leaf_hash, body, verb, subject_kind, subject_id, occurred_at, recorded_at, request_id)
FROM STDIN (FORMAT BINARY)"""
_TYPES = ["uuid", "text", "int8", "bytea", "bytea", "text", "text", "uuid", "timestamptz", "timestamptz", "text"]


def copy(connection: psycopg.Connection[Any], table: str, rows: list[tuple[Any, ...]]) -> None:
    with connection.cursor().copy(_COPY.format(table=table)) as out:
        out.set_types(_TYPES)
        for row in rows:
            out.write_row(row)


def copy_log(owner: psycopg.Connection[Any], rows: list[tuple[Any, ...]]) -> None:
    """Copy events with their streams, and let the planner know of them."""
    heads: dict[str, tuple[Any, ...]] = {row[1]: (row[1], row[2], row[3], row[9]) for row in rows}
    with owner.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO history_stream (id, seq, head, recorded_at) VALUES (%s, %s, %s, %s)", list(heads.values())
        )
    copy(owner, "history_event", rows)
    owner.commit()
    owner.autocommit = True
    owner.execute("ANALYZE")


_VERSIONS_OF_EVENTS = """
INSERT INTO history_version (event_id, stream_id, subject_kind, subject_id, recorded_from, recorded_to, state, commitments)
SELECT id, stream_id, subject_kind, subject_id, recorded_at,
       coalesce(lead(recorded_at) OVER (PARTITION BY stream_id ORDER BY seq), '9999-01-01 00:00:00+00'), body -> 'state', '{}'
FROM (SELECT id, stream_id, seq, subject_kind, subject_id, recorded_at, convert_from(body, 'UTF8')::jsonb AS body
      FROM history_event WHERE subject_kind = 'action_item') e
"""


@dataclass
class SealedLog:
    """A database whose log holds a hundred thousand sealed events, and what that took."""

    database: Database
    signer: LogSigner
    copied: float
    sealed: float
    events: int


@contextmanager
def sealed_log(folder: Path) -> Iterator[SealedLog]:
    register_areas()
    with throw_away("seal") as place:
        rows = list(events(EVENTS, 500))
        with psycopg.connect(place.owner_url.replace("postgresql+psycopg", "postgresql", 1)) as owner:
            owner.execute("CREATE TABLE plain (LIKE history_event INCLUDING INDEXES)")
            owner.commit()
            copied = seconds(lambda: (copy(owner, "plain", rows), owner.commit()))
            owner.execute("DROP TABLE plain")
            copy_log(owner, rows)
        database = Database(create_engine(place.url), lambda _job, _arguments: None)
        make_key(folder / "seal-key", origin())
        signer = LogSigner(folder / "seal-key")
        took = seconds(lambda: worker.seal_all(database.unit_of_work, signer, now=datetime.now(UTC), with_manifest=True))
        yield SealedLog(database, signer, copied, took, EVENTS)
        database.engine.dispose()


@measure("history.seal")
def seal(run: Run) -> Iterator[Row]:
    log = run.keep("sealed", lambda: sealed_log(run.folder))
    ours, theirs = log.events / log.sealed, log.events / log.copied
    yield Row(
        name="history.seal", value=ours, unit="events/s", compared_with=f"COPY of the same event rows: {theirs:,.0f} rows/s",
        ratio=ours / theirs, bar=Bar(least=0.15),
        how=f"{log.events:,} events in 500 streams, batches of 10,000: hashes, leaves, tiles, manifest, signature; COPY from the same "
        "process into a table with the same indexes",
    )  # fmt: skip


@measure("history.verify")
def verify(run: Run) -> Iterator[Row]:
    log = run.keep("sealed", lambda: sealed_log(run.folder))
    bundle, program = run.folder / "bench.zip", run.folder / "verify.py"
    program.write_bytes(verifier_file())
    with log.database.unit_of_work() as session:
        streams = list(session.scalars(sa.select(HistoryStream.id)))
        build(session, Plan("bench", UUID(int=1), streams, datetime.now(UTC), "bench", None), bundle)
    import zipfile

    with zipfile.ZipFile(bundle) as archive:
        lines = archive.read("events.jsonl").splitlines()

    def plain() -> None:
        for line in lines:
            hashlib.sha256(line).digest()

    def ours() -> None:
        done = subprocess.run([sys.executable, "-I", str(program), str(bundle), "--json"], capture_output=True, check=False)
        found = json.loads(done.stdout)
        assert not found["faults"], found["faults"][:3]

    took = medians({"ours": lambda: seconds(ours), "plain": lambda: seconds(plain)}, rounds=5)
    yield Row(
        name="history.verify", value=len(lines) / took["ours"], unit="events/s",
        compared_with=f"a bare sha256 loop over the same bytes on one core: {len(lines) / took['plain']:,.0f} events/s",
        ratio=took["plain"] / took["ours"], bar=Bar(least=0.05),
        how=f"verify.py, standard library only, strict, two processes, start included; {len(lines):,} events of "
        f"{sum(map(len, lines)) // len(lines)} bytes on average, packed; median of 5 interleaved rounds",
    )  # fmt: skip


_FILL = """
INSERT INTO history_event (id, stream_id, seq, leaf_hash, body, verb, subject_kind, subject_id, occurred_at, recorded_at, request_id)
SELECT gen_random_uuid(), 'noise/' || (n %% 1000), {first} + n, '\\x00', '\\x7b7d', 'noise', 'noise', md5((n %% 100000)::text)::uuid,
       t, t, '' FROM (SELECT n, timestamptz '2020-01-01' + make_interval(secs => n) AS t FROM generate_series(1, {count}) n) g
"""
_VERSIONS = """
INSERT INTO history_version (event_id, stream_id, subject_kind, subject_id, recorded_from, recorded_to, state, commitments)
SELECT id, stream_id, subject_kind, subject_id, recorded_at, recorded_at + interval '1 hour', '{"progress": 1}', '{}'
FROM history_event e WHERE NOT EXISTS (SELECT 1 FROM history_version v WHERE v.event_id = e.id)
"""


def _fill(place: Place, first: int, count: int) -> None:
    """Add ``count`` events of other streams, with their versions, by the owner with the checks of foreign keys off."""
    with psycopg.connect(place.owner_url.replace("postgresql+psycopg", "postgresql", 1), autocommit=True) as owner:
        owner.execute("ALTER TABLE history_event DISABLE TRIGGER USER")
        owner.execute(_FILL.replace("%%", "%").format(first=first, count=count))
        owner.execute(_VERSIONS)
        owner.execute("VACUUM ANALYZE history_event, history_version")


@contextmanager
def growing() -> Iterator[tuple[Place, Database, str]]:
    register_areas()
    with (
        throw_away("asof") as place,
        psycopg.connect(place.owner_url.replace("postgresql+psycopg", "postgresql", 1), autocommit=True) as owner,
    ):
        stream = f"action_plan/{new_id()}"
        owner.execute("ALTER TABLE history_event DROP CONSTRAINT fk_history_event_stream_id_history_stream")
        owner.execute("ALTER TABLE history_version DROP CONSTRAINT fk_history_version_event_id_history_event")
        owner.execute("ALTER TABLE history_event DROP CONSTRAINT uq_history_event_stream_id_seq")
        owner.execute("DROP INDEX uq_history_version_current")
        owner.execute(
            "INSERT INTO history_version (event_id, stream_id, subject_kind, subject_id, recorded_from, recorded_to, state, commitments) "
            "SELECT gen_random_uuid(), %s, 'action_item', md5(n::text)::uuid, timestamptz '2026-01-01' + make_interval(days => v), "
            "timestamptz '2026-01-01' + make_interval(days => v + 1), "
            "jsonb_build_object('title', 'รายการ ' || n, 'progress', v, 'state', 'doing', 'ends_on', '2027-09-30'), '{}' "
            "FROM generate_series(1, %s) n, generate_series(0, 9) v", (stream, PLAN_ITEMS),
        )  # fmt: skip
        database = Database(create_engine(place.url), lambda _job, _arguments: None)
        yield place, database, stream
        database.engine.dispose()


@measure("history.as_of.growth", "history.as_of.10m")
def as_of(run: Run) -> Iterator[Row]:
    place, database, stream = run.keep("asof", growing)
    moment = datetime(2026, 1, 5, 12, tzinfo=UTC)

    def past() -> float:
        with database.reading() as session:
            return seconds(lambda: queries.as_of(session, stream, moment))

    def measured() -> float:
        past()
        return sorted(past() for _turn in range(15))[7]

    _fill(place, 0, SMALL)
    small = measured()
    _fill(place, SMALL, LARGE - SMALL)
    with database.reading() as session:
        ids = [snapshot.event_id for snapshot in queries.as_of(session, stream, moment)]
    assert len(ids) == PLAN_ITEMS
    statement = sa.text(
        "SELECT subject_kind, subject_id, event_id, recorded_from, state FROM history_version WHERE event_id = ANY(:ids)"
    )

    def bare() -> float:
        with database.reading() as session:
            return seconds(lambda: session.execute(statement, {"ids": ids}).all())

    bare()
    took = medians({"ours": past, "bare": bare}, rounds=15)
    yield Row(
        name="history.as_of.growth", value=took["ours"] * 1000, unit="ms", ratio=took["ours"] / small, bar=Bar(most=1.2),
        compared_with=f"the same plan out of {SMALL:,} events: {small * 1000:.1f} ms",
        how=f"a plan of {PLAN_ITEMS:,} items, 10 versions each, as of a day, out of {LARGE:,} events; medians of 15",
    )  # fmt: skip
    yield Row(
        name="history.as_of.10m", value=took["ours"] * 1000, unit="ms", ratio=took["ours"] / took["bare"], bar=Bar(most=2.0),
        compared_with=f"a bare SELECT of as many rows by primary key: {took['bare'] * 1000:.1f} ms",
        how=f"as above; median of 15 interleaved rounds, {LARGE:,} events",
    )  # fmt: skip
