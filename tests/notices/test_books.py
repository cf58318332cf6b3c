"""What became of mails is recorded together, and never falls far behind."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from collab.kernel.db import Database
from collab.notices import books
from collab.notices.mail import Mail, SmtpPost
from collab.notices.models import DeliveryAttempt, Message, MessageState
from tests.factories.notices import smtp_sink
from tests.factories.world import World
from tests.notices.test_delivery import queue, run


def recorded(database: Database) -> int:
    with database.reading() as session:
        told = sa.select(sa.func.count()).select_from(DeliveryAttempt).where(DeliveryAttempt.is_accepted)
        return session.scalar(told) or 0


class Watching:
    """A way out that notes how many mails were recorded whenever one more has arrived."""

    def __init__(self, database: Database, pause: float = 0) -> None:
        self.database, self.pause = database, pause
        self.behind: list[int] = []

    def hand_over(self, mail: Mail, meanwhile: Callable[[], None]) -> str:
        time.sleep(self.pause)
        self.behind.append(len(self.behind) + 1 - recorded(self.database))
        return "250 taken"


def test_fast_mails_are_recorded_together_and_few_are_open(
    database: Database, world: World, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(books, "LONGEST_OPEN_SECONDS", 60.0)
    monkeypatch.setattr(books, "MOST_OPEN", 4)
    for _number in range(10):
        queue(database, world, now)
    post = Watching(database)
    assert run(database, post, now) == {"accepted": 10}
    assert post.behind == [1, 2, 3, 4, 1, 2, 3, 4, 1, 2]
    assert recorded(database) == 10


def test_a_slow_server_has_every_mail_recorded_before_the_next(
    database: Database, world: World, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(books, "LONGEST_OPEN_SECONDS", 0.0)
    for _number in range(3):
        queue(database, world, now)
    post = Watching(database, pause=0.001)
    assert run(database, post, now) == {"accepted": 3}
    assert post.behind == [1, 1, 1]


def test_what_is_open_is_recorded_while_the_server_is_silent(
    database: Database, world: World, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(books, "LONGEST_OPEN_SECONDS", 60.0)
    seen: list[int] = []
    real = books.Books.meanwhile

    def meanwhile(self: books.Books) -> None:
        real(self)
        seen.append(recorded(database))

    monkeypatch.setattr(books.Books, "meanwhile", meanwhile)
    for _number in range(2):
        queue(database, world, now)
    with smtp_sink() as (server, box):
        box.pause = 0.05
        post = SmtpPost(server)
        assert run(database, post, now) == {"accepted": 2}
        post.close()
    assert seen == [0, 1], "the first mail stands in the books before the server has answered to the second"


def test_when_nothing_can_be_recorded_nothing_more_is_sent(
    database: Database, world: World, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [queue(database, world, now) for _number in range(3)]
    sent: list[UUID] = []
    away = OperationalError("", {}, Exception("gone"))

    class Silent:
        def hand_over(self, mail: Mail, meanwhile: Callable[[], None]) -> str:
            sent.append(keys[len(sent)])
            meanwhile()
            return "250 taken"

    def fail_then_work(work: Callable[[], Any]) -> Any:
        if len(sent) == 2 and not failed:
            failed.append(True)
            raise away
        return work()

    failed: list[bool] = []
    monkeypatch.setattr(books, "patiently", fail_then_work)
    with pytest.raises(OperationalError):
        run(database, Silent(), now)
    assert len(sent) == 2
    with database.reading() as session:
        states = sorted(session.scalars(sa.select(Message.state)))
    assert states == [MessageState.ACCEPTED, MessageState.ACCEPTED, MessageState.WAITING], "the second try recorded both"
