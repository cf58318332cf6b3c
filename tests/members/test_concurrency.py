"""Two at once, with real threads and real commits."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from collab.kernel.access import Actor, Grant, Role, Scope, job_actor
from collab.kernel.clock import today
from collab.kernel.db import Database
from collab.kernel.errors import InvalidInput, StateConflict
from collab.kernel.ids import new_id
from collab.members.models import OrganisationKind, PasswordReset
from collab.members.secrecy import new_token, token_hash
from collab.members.service import organisations, passwords, people, rate_limit, sign_in
from tests.threads import together

SYSTEM = job_actor("test")
WORDS = ("หมวกสีเขียว-โคมไฟ-ตะกร้อ", "มะม่วง-ล้อรถ-ปากกาแดง")


def person(database: Database, now: datetime) -> tuple[UUID, str]:
    """Make a person of an organisation of their own; return their id and address."""
    email = f"{new_id().hex}@example.test"
    with database.unit_of_work() as session:
        home = organisations.enter_organisation(
            session, actor=SYSTEM, now=now, kind=OrganisationKind.OTHER, values={"name_th": email, "name_en": email}
        )
        values = {"email": email, "name_th": "คนทดสอบ", "name_en": "", "position": "x"}
        made = people.enter_user(session, actor=SYSTEM, now=now, organisation_id=home.id, values=values)
        passwords.give_password(session, actor=SYSTEM, now=now, user_id=made.id, password=WORDS[0])
        return made.id, email


def test_of_two_who_use_one_reset_link_one_wins(committed: Database, now: datetime) -> None:
    user_id, email = person(committed, now)
    token = new_token()
    with committed.unit_of_work() as session:
        session.add(PasswordReset(user_id=user_id, token_hash=token_hash(token), expires_at=now + timedelta(hours=1)))

    def use(word: str) -> Callable[[], str]:
        def attempt() -> str:
            with committed.unit_of_work() as session:
                passwords.reset_password(session, now=now, token=token, password=word)
            return word

        return attempt

    answers = together(*(use(f"{WORDS[1]}-{number}") for number in range(4)))
    winners = [answer for answer in answers if isinstance(answer, str)]
    assert len(winners) == 1
    assert sum(isinstance(answer, StateConflict) for answer in answers) == 3
    with committed.reading() as session:
        assert sign_in.check_password(session, email=email, password=winners[0]) is not None


def test_two_people_cannot_take_one_address(committed: Database, now: datetime) -> None:
    user_id, _email = person(committed, now)
    with committed.reading() as session:
        home = people.queries.get_user(session, user_id).organisation_id
    address = f"{new_id().hex}@example.test"

    def enter() -> None:
        with committed.unit_of_work() as session:
            values = {"email": address, "name_th": "ก", "name_en": "", "position": "ข"}
            people.enter_user(session, actor=SYSTEM, now=now, organisation_id=home, values=values)

    answers = together(enter, enter, enter)
    assert [type(answer) for answer in answers if answer is not None] == [InvalidInput, InvalidInput]


def test_two_administrators_cannot_take_each_others_role(committed: Database, now: datetime) -> None:
    roles, actors = [], []
    for _number in range(2):
        user_id, _email = person(committed, now)
        with committed.unit_of_work() as session:
            user = people.queries.get_user(session, user_id)
            made = people.enter_role(
                session, actor=SYSTEM, now=now, user=user, role=Role.ADMINISTRATOR, scope=Scope.INSTALLATION, scope_id=None,
                valid_from=today(now), valid_to=None,
            )  # fmt: skip
            roles.append(made.id)
        actors.append(Actor(user_id=user_id, grants=(Grant(Role.ADMINISTRATOR, Scope.INSTALLATION),)))

    def remove(index: int) -> Callable[[], None]:
        def attempt() -> None:
            with committed.unit_of_work() as session:
                people.remove_role(
                    session, actor=actors[index], now=now, assignment_id=roles[1 - index], expected_version=1, reason="x"
                )

        return attempt

    answers = together(remove(0), remove(1))
    assert [type(answer) for answer in answers if answer is not None] == [StateConflict]


def test_guesses_sent_at_once_do_not_pass_the_limit(committed: Database, now: datetime) -> None:
    buckets = {new_id().bytes: 3}

    def guess() -> bool:
        with committed.unit_of_work() as session:
            rate_limit.charge(session, now=now, buckets=buckets)
        with committed.reading() as session:
            return rate_limit.minutes_to_wait(session, now=now, buckets=buckets) == 0

    assert sum(together(*(guess for _number in range(10)))) <= 3
