"""Reminders: recording 100,000 of 1,000,000 open things against the bare INSERT; sending mail against a bare smtplib loop."""

import multiprocessing
import smtplib
import socket
import socketserver
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import sqlalchemy as sa

from bench.databases import Place, throw_away
from bench.registry import Bar, Row, Run, measure
from bench.timing import interleaved, seconds
from collab import history
from collab.factory import register_areas
from collab.kernel.access import job_actor
from collab.kernel.clock import today
from collab.kernel.db import Database, create_engine
from collab.kernel.i18n import lazy
from collab.notices import delivery, links
from collab.notices.books import MOST_OPEN
from collab.notices.mail import Server, SmtpPost, write_mail
from collab.reminders.models import Audience, ReminderRule
from collab.reminders.registry import DueKind, register_due
from collab.reminders.sweep import sweep_in_batches
from tests.factories.world import build_world

OPEN, DUE, PEOPLE, MAILS, ROUNDS = 1_000_000, 100_000, 500, 1_000, 5
#: A Monday at ten in Bangkok: on a closed day nothing is swept.
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
KIND = "bench_item"
SENDER, BASE_URL = "collab@bench.test", "https://collab.bench.test"

item = sa.Table(
    "bench_item", sa.MetaData(), sa.Column("id", sa.Uuid, primary_key=True), sa.Column("due_on", sa.Date),
    sa.Column("owner_id", sa.Uuid), sa.Column("organisation_id", sa.Uuid), sa.Column("committee_id", sa.Uuid),
    sa.Column("settled_at", sa.DateTime(timezone=True)),
)  # fmt: skip

BARE_INSERT = """
INSERT INTO reminder (id, due_kind, target_kind, target_id, rule_id, due_on, occurrence, fire_on, audience, recipient_id, committee_id,
                      organisation_id, state, created_at, next_attempt_at)
SELECT gen_random_uuid(), 'bench_item', 'bench_item', i.id, :rule, i.due_on, 0, i.due_on, 'owner', i.owner_id, i.committee_id,
       i.organisation_id, 'due', :now, :now
FROM bench_item i WHERE i.settled_at IS NULL AND i.due_on = :day
ON CONFLICT DO NOTHING
"""
MESSAGES = """
INSERT INTO message (id, recipient_id, kind, target_kind, target_id, subject, text, url, is_urgent, is_secret, mail_id, state, created_at, next_attempt_at, attempts)
SELECT k.id, u.id, 'reminder', 'bench_item', k.id, 'ช้ากว่ากำหนด: จัดซื้อรถเก็บขนมูลฝอยร่วมกัน คันที่ ' || k.n, 'รายการดำเนินงาน: จัดซื้อรถเก็บขนมูลฝอยร่วมกัน คันที่ ' || k.n
       || E'\nครบกำหนดเมื่อ 20 พฤศจิกายน 2569 ล่วงเลยมา 3 วัน', '/items/' || k.id, true, false, '<' || k.id || '@collab>', 'waiting',
       :now, :now, 0
FROM (SELECT gen_random_uuid() AS id, n FROM generate_series(1, :count) n) k
JOIN (SELECT id, row_number() OVER (ORDER BY email) AS n FROM user_account WHERE email LIKE 'bench%') u ON u.n = 1 + k.n % :people
"""


def _due_items() -> Any:
    columns = [item.c.id.label("target_id"), item.c.due_on, item.c.organisation_id, item.c.owner_id, item.c.committee_id]
    return sa.select(*columns).where(item.c.settled_at.is_(None))


class Ground:
    """An installation with a rule and people."""

    def __init__(self, place: Place) -> None:
        register_areas()
        links.configure("bench-only")
        register_due(DueKind(KIND, KIND, lazy("Reminder"), _due_items))
        self.engine = create_engine(place.url)
        self.owner = create_engine(place.owner_url)
        self.database = Database(self.engine, lambda _job, _arguments: None)
        with self.database.unit_of_work() as session:
            build_world(session, NOW)
        rule = ReminderRule(audience=Audience.OWNER, offset_days=0, repeat_days=0, due_kind=KIND, enabled_on=today(NOW))
        actor = job_actor("bench")
        with (
            self.database.unit_of_work() as session,
            history.act(session, verb="reminder_rule.added", actor=actor, now=NOW, subject=rule),
        ):
            session.add(rule)
        self.rule_id = rule.id
        self._add_people()

    def _add_people(self) -> None:
        names = [column["name"] for column in sa.inspect(self.engine).get_columns("user_account")]
        kept = [name for name in names if name not in ("id", "email")]
        with self.engine.begin() as connection:
            connection.execute(sa.text("SELECT set_config('collab.act', '1', true)"))
            statement = (
                f"INSERT INTO user_account (id, email, {', '.join(kept)}) "
                f"SELECT gen_random_uuid(), 'bench' || n || '@example.test', {', '.join('u.' + name for name in kept)} "
                "FROM user_account u, generate_series(1, :people) n WHERE u.email = 'clerk_banphru@example.test'"
            )
            connection.execute(sa.text(statement), {"people": PEOPLE})

    def add_items(self) -> None:
        """Make the open things: a tenth due on the day, the rest later, spread over the people."""
        with self.owner.begin() as connection:
            item.metadata.create_all(connection)
            connection.execute(sa.text("CREATE INDEX ix_bench_item_due_on ON bench_item (due_on) WHERE settled_at IS NULL"))
            connection.execute(sa.text("GRANT SELECT ON bench_item TO collab_app"))
            fill = (
                "INSERT INTO bench_item SELECT gen_random_uuid(), CAST(:day AS date) + CASE WHEN n.n % 10 = 0 THEN 0 ELSE 1 + n.n % 300 END, "
                "u.id, u.organisation_id, NULL, NULL FROM generate_series(1, :open) n(n) "
                "JOIN (SELECT id, organisation_id, row_number() OVER (ORDER BY email) AS n FROM user_account WHERE email LIKE 'bench%') u "
                "ON u.n = 1 + (n.n / 10) % :people"
            )
            connection.execute(sa.text(fill), {"day": today(NOW), "open": OPEN, "people": PEOPLE})
        self._tidy("VACUUM ANALYZE bench_item")

    def empty(self, *tables: str) -> None:
        """Empty tables between rounds, so that every side finds the same."""
        self._tidy(f"TRUNCATE {', '.join(tables)}")

    def _tidy(self, statement: str) -> None:
        with self.owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text(statement))

    def close(self) -> None:
        """Let the database go."""
        self.engine.dispose()
        self.owner.dispose()


@contextmanager
def _ground() -> Iterator[Ground]:
    with throw_away("reminders") as place:
        ground = Ground(place)
        try:
            yield ground
        finally:
            ground.close()


@measure("reminders.sweep")
def sweep(run: Run) -> Iterator[Row]:
    ground = run.keep("reminders", _ground)
    ground.add_items()

    def ours() -> float:
        ground.empty("reminder")
        took = seconds(lambda: _expect(DUE, sweep_in_batches(ground.database, now=NOW)))
        _expect(0, sweep_in_batches(ground.database, now=NOW + timedelta(minutes=1)))
        return took

    def bare() -> float:
        ground.empty("reminder")
        values = {"rule": ground.rule_id, "now": NOW, "day": today(NOW)}
        with ground.engine.connect() as connection:

            def insert() -> None:
                _expect(DUE, connection.execute(sa.text(BARE_INSERT), values).rowcount)
                connection.commit()

            return seconds(insert)

    took = {name: median(each) for name, each in interleaved({"ours": ours, "bare": bare}, ROUNDS).items()}
    yield Row(
        "reminders.sweep", DUE / took["ours"], "reminders/s", f"the bare INSERT … SELECT … ON CONFLICT: {DUE / took['bare']:,.0f} rows/s",
        took["bare"] / took["ours"], f"{DUE:,} due of {OPEN:,} open, medians of {ROUNDS} interleaved rounds; each second run added 0",
        Bar(least=0.5),
    )  # fmt: skip


def _expect(wanted: int, found: int) -> None:
    if wanted != found:
        raise ValueError(f"{found} rows were recorded, not {wanted}")


@measure("reminders.mail")
def mail(run: Run) -> Iterator[Row]:
    ground = run.keep("reminders", _ground)
    letters = _letters(ground)
    with _sink() as server:

        def ours() -> float:
            _fill(ground)
            post = SmtpPost(server)
            try:
                return seconds(lambda: _deliver_all(ground.database, post))
            finally:
                post.close()

        def bare() -> float:
            with smtplib.SMTP(server.host, server.port) as connection:

                def send() -> None:
                    for address, letter in letters:
                        connection.sendmail(SENDER, [address], letter)

                return seconds(send)

        took = {name: median(each) for name, each in interleaved({"ours": ours, "bare": bare}, ROUNDS).items()}
    yield Row(
        "reminders.mail", MAILS / took["ours"], "mails/s", f"a smtplib loop over one connection: {MAILS / took['bare']:,.0f} mails/s",
        took["bare"] / took["ours"],
        f"{MAILS:,} waiting messages claimed, rendered with a signed link, sent, marked and recorded by one worker, at most {MOST_OPEN} at a "
        f"time not yet recorded; the same bytes to the same sink (it offers PIPELINING) in a process of its own; medians of {ROUNDS} interleaved rounds",
        Bar(least=0.25),
    )  # fmt: skip


#: The messages, and whatever refers to them.
_OUTBOX = ("message", "message_key", "delivery_attempt", "mail_report", "channel_post")


def _fill(ground: Ground) -> None:
    ground.empty(*_OUTBOX)
    with ground.engine.begin() as connection:
        connection.execute(sa.text(MESSAGES), {"now": NOW, "count": MAILS, "people": PEOPLE})


def _deliver_all(database: Database, post: Any) -> None:
    counts = {"accepted": delivery.BATCH}
    total = 0
    while sum(counts.values()) == delivery.BATCH:
        counts = delivery.deliver_batch(database, post, NOW, sender=SENDER, base_url=BASE_URL)
        total += counts.get("accepted", 0)
    _expect(MAILS, total)


def _letters(ground: Ground) -> list[tuple[str, bytes]]:
    """Return the mails of a round as bytes, with the address of each."""
    _fill(ground)
    with ground.database.unit_of_work() as session:
        rows = delivery.load(session, delivery.claim(session, NOW, MAILS))
    mails = [write_mail(row.letter, SENDER, BASE_URL) for row in rows]
    return [(mail.recipient, mail.source) for mail in mails]


@contextmanager
def _sink() -> Iterator[Server]:
    """Run a mail server in a process of its own that takes everything and keeps nothing."""
    context = multiprocessing.get_context("spawn")
    ports: Any = context.SimpleQueue()
    process = context.Process(target=_serve, args=(ports.put,), daemon=True)
    process.start()
    try:
        yield Server("127.0.0.1", ports.get(), "", "", tls=False)
    finally:
        process.kill()
        process.join()


def _serve(tell: Callable[[int], None]) -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Taking) as listener:
        tell(listener.server_address[1])
        listener.serve_forever()


#: As Postfix and Exim do, the sink offers to hear several commands at once, and answers them at once (RFC 2920, 3.2).
_ANSWERS = {b"EHLO": b"250-sink\r\n250 PIPELINING\r\n", b"DATA": b"354 go on\r\n", b"QUIT": b"221 bye\r\n"}


class _Taking(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        line: socket.socket = self.request
        line.sendall(b"220 sink\r\n")
        heard, is_text = b"", False
        while chunk := line.recv(65536):
            heard, answers = heard + chunk, b""
            while (end := heard.find(b"\r\n.\r\n" if is_text else b"\r\n")) >= 0:
                verb = b"" if is_text else heard[:4].upper()
                heard = heard[end + (5 if is_text else 2) :]
                answers += _ANSWERS.get(verb, b"250 ok\r\n")
                is_text = verb == b"DATA"
            if answers:
                line.sendall(answers)
