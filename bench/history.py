"""The history: what recording costs, how reads grow, how fast the log is sealed and a bundle verified."""

import hashlib
import json
import multiprocessing
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
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
from collab.history.integrity.whole import verify_log
from collab.history.models import HistoryEvent, HistoryStream
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
#: As-of is compared out of a small and a large log; the large one may be as large as 10,000,000 (bench/README.md).
SMALL, LARGE = 100_000, int(os.environ.get("COLLAB_BENCH_EVENTS", "1000000"))
_TIMELINE = (100_000, 1_000_000)
PLAN_ITEMS = 1_000
#: Of writing: short and many, because the speed of a shared machine changes within seconds.
ROUNDS = 41


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
def workshop(before: int = BEFORE) -> Iterator[Workshop]:
    """Yield a workshop whose history holds ``before`` events already."""
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
        with psycopg.connect(place.psycopg_owner_url, autocommit=True) as filling:
            copy_log(filling, list(events(before, 500)))
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
    took = medians({"recorded": repeated(Organisation), "bare": repeated(shop.bare)}, rounds=ROUNDS)
    yield Row(
        name=name, value=took["recorded"] * 1000, unit="ms a transaction",
        compared_with=f"the same rows changed alike without history: {took['bare'] * 1000:.2f} ms",
        ratio=took["recorded"] / took["bare"], bar=Bar(most=most),
        how=f"lock and change {count} row(s) through the session, commit, search index off on both sides; {times} transactions a round, median of {ROUNDS} interleaved rounds",
    )  # fmt: skip


@measure("history.write.1")
def write_one(run: Run) -> Iterator[Row]:
    yield from _write(run, "history.write.1", 1, 40, 1.6)


@measure("history.write.100")
def write_hundred(run: Run) -> Iterator[Row]:
    yield from _write(run, "history.write.100", ROWS, 1, 2.0)


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
        with psycopg.connect(place.psycopg_owner_url) as owner:
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


_APPENDERS, _APPENDED = 8, 60


_ready: Any = None
_own: Database | None = None


def _enter(url: str, ready: Any) -> None:
    """Prepare an appending process."""
    global _ready, _own
    register_areas()
    events_of_kernel._reactions.pop(ChangesRecorded, None)
    _ready, _own = ready, Database(create_engine(url, pool_size=1), lambda _job, _arguments: None)


def _append(key: UUID) -> tuple[float, float]:
    """Change one row, a transaction each time, once every process is ready; return when it began and ended."""
    assert _own is not None
    with _own.reading() as session:
        session.get(Organisation, key)
    _ready.wait()
    began = time.time()
    for _turn in range(_APPENDED):
        with _own.unit_of_work() as session:
            row = session.get(Organisation, key, with_for_update=True)
            assert row is not None
            with history.act(session, verb="organisation.renamed", actor=ACTOR, now=datetime.now(UTC), subject=row):
                row.name_en = secrets.token_hex(4)
    return began, time.time()


def _verified(shop: Workshop) -> None:
    """Raise AssertionError unless every chain of the log is whole and each stream ends where its events do."""
    with shop.database.reading() as session:
        faults = verify_log(session).faults
        ends = session.execute(
            sa.select(HistoryStream.seq, sa.func.count(), sa.func.max(HistoryEvent.seq))
            .join(HistoryEvent, HistoryEvent.stream_id == HistoryStream.id)
            .group_by(HistoryStream.id)
        ).all()
    assert not faults, faults[:3]
    assert all(seq == count == last for seq, count, last in ends), ends


@measure("history.append.8x8", "history.append.8x1")
def append(run: Run) -> Iterator[Row]:
    # Of its own: what stands in the other workshop before it is measured was copied, and not all of it is a log.
    shop = run.keep("append", lambda: workshop(before=0))
    alone, together = shop.keys[:_APPENDERS], shop.keys[:1] * _APPENDERS
    context = multiprocessing.get_context("spawn")
    # Each waits for the others, so that every process gets one of the keys.
    with context.Pool(_APPENDERS, _enter, (shop.place.url, context.Barrier(_APPENDERS))) as pool:

        def appended(keys: list[UUID]) -> float:
            spans = pool.map(_append, keys, chunksize=1)
            _verified(shop)
            return max(end for _begin, end in spans) - min(begin for begin, _end in spans)

        took = medians({"alone": lambda: appended(alone), "together": lambda: appended(together)}, rounds=5)
    events = _APPENDERS * _APPENDED
    how = (
        f"{_APPENDERS} processes, {_APPENDED} transactions of one change each, median of 5 interleaved rounds; the whole log is "
    )
    how += "verified after each round: every chain, no gap, no fork"
    for name, mine, other, where in (
        ("history.append.8x8", "alone", "together", "one stream"), ("history.append.8x1", "together", "alone", "eight streams")
    ):  # fmt: skip
        yield Row(
            name=name, value=events / took[mine], unit="events/s", ratio=took[other] / took[mine], how=how,
            compared_with=f"the same processes on {where}: {events / took[other]:,.0f} events/s",
        )  # fmt: skip


_OTHERS = """
SELECT n, n / 10000 AS plan, n / 10 AS item, n %% 10 AS turn FROM generate_series(%(first)s::bigint, %(last)s::bigint) n
"""
#: One row in ``every`` belongs to the plan that is asked for: versions of one plan lie scattered among those of all others.
_FILL_VERSIONS = f"""
INSERT INTO history_version (event_id, stream_id, subject_kind, subject_id, recorded_from, recorded_to, state, commitments)
SELECT md5('e' || n)::uuid,
       CASE WHEN mine THEN %(stream)s ELSE 'action_plan/' || md5('p' || plan)::uuid END, 'action_item',
       CASE WHEN mine THEN md5('m' || n / every / 10)::uuid ELSE md5('i' || item)::uuid END,
       timestamptz '2026-01-01' + make_interval(days => CASE WHEN mine THEN n / every %% 10 ELSE turn END::int),
       CASE WHEN CASE WHEN mine THEN n / every %% 10 ELSE turn END = 9 THEN '9999-01-01 00:00:00+00'
            ELSE timestamptz '2026-01-02' + make_interval(days => CASE WHEN mine THEN n / every %% 10 ELSE turn END::int) END,
       jsonb_build_object('title', 'งานร่วม ' || item, 'progress', turn, 'state', 'doing', 'starts_on', '2026-10-01',
                          'ends_on', '2027-09-30', 'weight', 1, 'removed_at', null), '{{}}'
FROM (SELECT o.*, n %% %(every)s = 0 AS mine, %(every)s::bigint AS every FROM ({_OTHERS}) o) rows
"""
_FILL_EVENTS = """
INSERT INTO history_event (id, stream_id, seq, leaf_hash, body, verb, subject_kind, subject_id, occurred_at, recorded_at, request_id)
SELECT event_id, stream_id, row_number() OVER (PARTITION BY stream_id ORDER BY recorded_from, event_id), '\\x00', %(body)s,
       'action_item.edited', subject_kind, subject_id, recorded_from, recorded_from, '' FROM history_version
"""


@dataclass(frozen=True)
class Log:
    """A database whose history holds ``size`` versions, those of one plan of a thousand items among them."""

    place: Place
    database: Database
    stream: str
    size: int

    @property
    def items(self) -> int:
        """How many items the plan has: each has ten versions."""
        return PLAN_ITEMS


@contextmanager
def log_of(size: int, with_events: bool = False) -> Iterator[Log]:
    """Make a log of ``size`` by SQL: indexes are built afterwards as they were, foreign keys and chains are left out."""
    register_areas()
    with throw_away(f"log_{size}") as place:
        stream = f"action_plan/{UUID(int=1)}"
        tables = ("history_version", "history_event") if with_events else ("history_version",)
        with psycopg.connect(place.psycopg_owner_url, autocommit=True) as owner:
            owner.execute("SET synchronous_commit = off")
            owner.execute("SET maintenance_work_mem = '512MB'")
            indexes = _without_indexes(owner, tables)
            with ThreadPoolExecutor(2) as pool:
                steps = [(at, min(at + 250_000, size)) for at in range(0, size, 250_000)]
                list(pool.map(lambda span: _fill_versions(place, stream, size, *span), steps))
            if with_events:
                body = next(events(1, 1))[4]
                owner.execute("ALTER TABLE history_event DISABLE TRIGGER USER")
                owner.execute(_FILL_EVENTS, {"body": body})
            for index in indexes:
                owner.execute(index)
            owner.execute(f"VACUUM ANALYZE {', '.join(tables)}")
        database = Database(create_engine(place.url), lambda _job, _arguments: None)
        yield Log(place, database, stream, size)
        database.engine.dispose()


def _without_indexes(owner: psycopg.Connection[Any], tables: tuple[str, ...]) -> list[str]:
    """Take the constraints and indexes off ``tables``; return what builds the indexes again as they were."""
    found = owner.execute(
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename = ANY(%s)", (list(tables),)
    ).fetchall()
    for constraint, table in owner.execute(
        "SELECT conname, conrelid::regclass::text FROM pg_constraint WHERE contype IN ('f', 'p', 'u') AND "
        "(conrelid = ANY(%(t)s::regclass[]) OR confrelid = ANY(%(t)s::regclass[])) ORDER BY contype = 'f' DESC", {"t": list(tables)},
    ).fetchall():  # fmt: skip
        owner.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")
    for (name,) in owner.execute(
        "SELECT indexname FROM pg_indexes WHERE schemaname = 'public' AND tablename = ANY(%s)", (list(tables),)
    ).fetchall():
        owner.execute(f"DROP INDEX {name}")
    return [row[0] for row in found]


def _fill_versions(place: Place, stream: str, size: int, first: int, end: int) -> None:
    with psycopg.connect(place.psycopg_owner_url, autocommit=True) as owner:
        owner.execute("SET synchronous_commit = off")
        every = size // (PLAN_ITEMS * 10)
        owner.execute(_FILL_VERSIONS, {"stream": stream, "every": every, "first": first, "last": end - 1})


@measure("history.as_of.growth", f"history.as_of.{LARGE // 1_000_000}m")
def as_of(run: Run) -> Iterator[Row]:
    small, large = (run.keep(f"log {size}", lambda size=size: log_of(size)) for size in (SMALL, LARGE))
    moment = datetime(2026, 1, 5, 12, tzinfo=UTC)
    statement = sa.text(
        "SELECT subject_kind, subject_id, event_id, recorded_from, state FROM history_version WHERE event_id = ANY(:ids)"
    )
    with large.database.reading() as session:
        ids = [snapshot.event_id for snapshot in queries.as_of(session, large.stream, moment)]
    assert len(ids) == PLAN_ITEMS

    def past(log: Log) -> float:
        with log.database.reading() as session:
            return seconds(lambda: queries.as_of(session, log.stream, moment))

    def bare() -> float:
        with large.database.reading() as session:
            return seconds(lambda: session.execute(statement, {"ids": ids}).all())

    sides = {"small": lambda: past(small), "large": lambda: past(large), "bare": bare}
    medians(sides, rounds=3)
    took = medians(sides, rounds=25)
    how = (
        f"a plan of {PLAN_ITEMS:,} items, 10 versions each, scattered among those of all others, as of a day in the middle, out of "
        f"{LARGE:,} versions, one an event (as-of reads no other table), made by SQL; warm, median of 25 interleaved rounds"
    )
    yield Row(
        name="history.as_of.growth", value=took["large"] * 1000, unit="ms", ratio=took["large"] / took["small"], bar=Bar(most=1.2),
        compared_with=f"the same plan out of {SMALL:,} events: {took['small'] * 1000:.1f} ms", how=how,
    )  # fmt: skip
    yield Row(
        name=f"history.as_of.{LARGE // 1_000_000}m", value=took["large"] * 1000, unit="ms", ratio=took["large"] / took["bare"],
        compared_with=f"a bare SELECT of the same {PLAN_ITEMS:,} rows by primary key: {took['bare'] * 1000:.1f} ms",
        bar=Bar(most=2.0), how=how,
    )  # fmt: skip


@measure("history.timeline.growth")
def timeline(run: Run) -> Iterator[Row]:
    small, large = (run.keep(f"events {size}", lambda size=size: log_of(size, with_events=True)) for size in _TIMELINE)

    def page(log: Log) -> float:
        with log.database.reading() as session:
            return seconds(lambda: queries.list_stream(session, log.stream, size=50))

    sides = {"small": lambda: page(small), "large": lambda: page(large)}
    medians(sides, rounds=3)
    took = medians(sides, rounds=25)
    yield Row(
        name="history.timeline.growth", value=took["large"] * 1000, unit="ms", ratio=took["large"] / took["small"], bar=Bar(most=1.2),
        compared_with=f"the same page out of {small.size:,} events: {took['small'] * 1000:.2f} ms",
        how=f"the newest 50 events of a plan with {PLAN_ITEMS * 10:,}, with their states before and after, out of {large.size:,} "
        "events of other plans, made by SQL; warm, median of 25 interleaved rounds",
    )  # fmt: skip
