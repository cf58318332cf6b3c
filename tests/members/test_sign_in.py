"""Signing in: the right answer, no other answer for anybody else, limits, sessions, second factor, one-time links."""

import html
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pyotp
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from collab.factory import Core
from collab.kernel import events as kernel_events
from collab.members import account_queries
from collab.members.events import InvitationSent, PasswordResetRequested
from collab.members.models import Credential, PasswordReset, SignInAttempt, UserSession
from collab.members.secrecy import Vault, token_hash
from collab.members.service import invitations, passwords, people, second_factor
from tests.factories.members import PASSWORD, give_password
from tests.factories.world import World

EMAIL = "clerk_banphru@example.test"


class Clock:
    """A clock that a test moves."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock(now: datetime) -> Clock:
    return Clock(now)


@pytest.fixture
def core(core: Core, clock: Clock) -> Core:
    core.clock = clock
    return core


@pytest.fixture
def client(app: Flask, world: World, session: Session, now: datetime) -> FlaskClient:
    give_password(session, world.users["clerk_banphru"], now)
    return app.test_client()


def sign_in(client: FlaskClient, email: str = EMAIL, password: str = PASSWORD, onward: str = "") -> Any:
    return client.post("/sign-in" + onward, data={"email": email, "password": password})


@pytest.fixture
def announced(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The events of accounts that were published."""
    found: list[Any] = []
    for kind in (PasswordResetRequested, InvitationSent):
        monkeypatch.setitem(kernel_events._reactions, kind, [lambda _session, event: found.append(event)])
    return found


def test_the_right_password_opens_the_first_screen(client: FlaskClient) -> None:
    assert sign_in(client).headers["Location"] == "/"
    page = client.get("/account")
    assert page.status_code == 200
    assert EMAIL in page.text


def test_a_mail_address_is_the_same_in_capitals(client: FlaskClient) -> None:
    assert sign_in(client, email=f"  {EMAIL.upper()} ").status_code == 303


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.test", "clerk_khohong@example.test", "\x00", "😀@x.y"])
def test_nobody_learns_whether_an_account_exists(client: FlaskClient, email: str) -> None:
    response = sign_in(client, email=email, password="wrong horse battery")
    assert response.status_code == 422
    if email.isascii() and "\x00" not in email:
        shown = re.sub(r'(?:value|name)="[^"]*"', "", response.text)
        reference = re.sub(r'(?:value|name)="[^"]*"', "", sign_in(client, email="a@b.example", password="wrong horse").text)
        assert shown == reference


@pytest.mark.parametrize("onward", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_nobody_is_sent_to_another_site(client: FlaskClient, onward: str) -> None:
    assert sign_in(client, onward=f"?next={onward}").headers["Location"] == "/"


def test_one_is_sent_where_one_was_going(client: FlaskClient) -> None:
    asked = client.get("/members?x=1")
    assert asked.status_code == 303
    assert sign_in(client, onward="?next=/members?x%3D1").headers["Location"] == "/members?x=1"


def test_the_token_is_stored_as_a_hash_and_new_at_each_sign_in(client: FlaskClient, session: Session) -> None:
    tokens = []
    for _time in range(2):
        sign_in(client)
        with client.session_transaction() as cookie:
            tokens.append(cookie["_user_id"])
    assert tokens[0] != tokens[1]
    rows = {bytes(row.token_hash): row for row in session.scalars(sa.select(UserSession))}
    assert set(rows) == {token_hash(token) for token in tokens}
    assert rows[token_hash(tokens[0])].revoked_at is not None


def test_signing_out_ends_the_session_on_the_server(client: FlaskClient, app: Flask) -> None:
    sign_in(client)
    with client.session_transaction() as cookie:
        stolen = dict(cookie)
    client.post("/sign-out")
    assert client.get("/account").status_code == 303
    thief = app.test_client()
    with thief.session_transaction() as cookie:
        cookie.update(stolen)
    assert thief.get("/account").status_code == 303


def test_a_session_ends_after_two_idle_hours_and_after_its_longest_time(client: FlaskClient, clock: Clock, now: datetime) -> None:
    sign_in(client)
    for minutes in range(0, 12 * 60 - 1, 100):
        clock.now = now + timedelta(minutes=minutes)
        assert client.get("/account").status_code == 200, minutes
    clock.now = now + timedelta(hours=12, minutes=1)
    assert client.get("/account").status_code == 303
    clock.now = now
    sign_in(client)
    clock.now = now + timedelta(hours=2, minutes=1)
    assert client.get("/account").status_code == 303


def test_a_disabled_account_is_out_at_once(
    client: FlaskClient, world: World, session: Session, browse: Callable[[str], FlaskClient]
) -> None:
    sign_in(client)
    user = world.users["clerk_banphru"]
    data = {"version": str(user.version), "reason": "ย้าย"}
    assert browse("administrator").post(f"/members/people/{user.id}/disable", data=data).status_code == 303
    assert client.get("/account").status_code == 303
    assert sign_in(client).status_code == 422


def test_too_many_failures_are_told_how_long_to_wait(client: FlaskClient, clock: Clock, now: datetime) -> None:
    for _time in range(10):
        assert sign_in(client, password="wrong horse battery").status_code == 422
    blocked = sign_in(client)
    assert blocked.status_code == 429
    assert blocked.headers["Retry-After"] == "900"
    assert "15" in blocked.text
    clock.now = now + timedelta(minutes=15, seconds=1)
    assert sign_in(client).status_code == 303


def test_blocked_attempts_do_not_prolong_the_wait(client: FlaskClient, clock: Clock, now: datetime, session: Session) -> None:
    for _time in range(10):
        sign_in(client, password="wrong horse battery")
    clock.now = now + timedelta(minutes=10)
    assert sign_in(client).headers["Retry-After"] == "300"
    assert session.scalar(sa.select(sa.func.count()).select_from(SignInAttempt)) == 20


def test_one_address_may_not_try_many_accounts(client: FlaskClient) -> None:
    for number in range(50):
        assert sign_in(client, email=f"u{number}@example.test", password="wrong horse battery").status_code == 422
    assert sign_in(client).status_code == 429


def test_success_forgets_failures(client: FlaskClient, session: Session) -> None:
    for _time in range(9):
        sign_in(client, password="wrong horse battery")
    assert sign_in(client).status_code == 303
    assert sign_in(client, password="wrong horse battery").status_code == 422
    assert sign_in(client).status_code == 303


def test_a_hash_of_older_parameters_is_renewed(client: FlaskClient, session: Session, world: World) -> None:
    from argon2 import PasswordHasher

    credential = session.get_one(Credential, world.users["clerk_banphru"].id)
    credential.password_hash = old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    session.commit()
    assert sign_in(client).status_code == 303
    session.expire_all()
    assert credential.password_hash != old
    assert sign_in(client).status_code == 303


def test_a_reset_link_works_once_and_ends_all_sessions(
    client: FlaskClient, app: Flask, announced: list[Any], clock: Clock
) -> None:
    sign_in(client)
    other = app.test_client()
    known = other.post("/password/forgotten", data={"email": EMAIL})
    unknown = other.post("/password/forgotten", data={"email": "nobody@example.test"})
    assert known.status_code == unknown.status_code == 200
    [event] = announced
    assert event.token not in repr(event)
    assert other.get(event.path).status_code == 200
    assert other.post(event.path, data={"password": "short"}).status_code == 422
    assert other.post(event.path, data={"password": "มะม่วง-ล้อรถ-ปากกา"}).status_code == 303
    assert client.get("/account").status_code == 303
    assert other.post(event.path, data={"password": "อีกครั้งหนึ่ง-แน่นอน"}).status_code == 410
    assert sign_in(other, password="มะม่วง-ล้อรถ-ปากกา").status_code == 303


def test_an_expired_link_says_so(client: FlaskClient, announced: list[Any], clock: Clock, now: datetime) -> None:
    client.post("/password/forgotten", data={"email": EMAIL})
    clock.now = now + timedelta(hours=1, seconds=1)
    for path in (announced[0].path, "/password/reset/x", "/invitation/x", "/password/reset/%00", "/invitation/" + "x" * 2000):
        response = client.get(path)
        assert response.status_code == 410
        assert "<h1" in response.text


def test_only_the_newest_link_works(client: FlaskClient, announced: list[Any]) -> None:
    for _time in range(2):
        client.post("/password/forgotten", data={"email": EMAIL})
    assert client.get(announced[0].path).status_code == 410
    assert client.get(announced[1].path).status_code == 200


def test_no_more_than_three_links_an_account(client: FlaskClient, announced: list[Any]) -> None:
    for _time in range(5):
        assert client.post("/password/forgotten", data={"email": EMAIL}).status_code == 200
    assert len(announced) == 3


def test_a_new_password_ends_the_links_for_another(client: FlaskClient, announced: list[Any], app: Flask) -> None:
    """Who reads the mails of a person must not be able to take back what that person did against it."""
    client.post("/password/forgotten", data={"email": EMAIL})
    sign_in(client)
    new = {"current": PASSWORD, "password": "ทะเลสาบสงขลา กว้างใหญ่", "repeated": "ทะเลสาบสงขลา กว้างใหญ่"}
    assert client.post("/account/password", data=new).status_code == 303
    assert app.test_client().get(f"/password/reset/{announced[0].token}").status_code == 410


@pytest.mark.parametrize("verb", ["change", "disable"])
def test_links_mailed_to_a_former_address_stop_working(
    app: Flask, client: FlaskClient, world: World, session: Session, announced: list[Any], now: datetime, verb: str
) -> None:
    """The invitation went to a mistyped address: a stranger's. The administrator puts it right, or shuts the account."""
    client.post("/password/forgotten", data={"email": EMAIL})
    invitations.invite(session, actor=world.actors["administrator"], now=now, user_id=world.users["executive_khohong"].id)
    for key in ("clerk_banphru", "executive_khohong"):
        user = world.users[key]
        common = {"actor": world.actors["administrator"], "now": now, "user_id": user.id, "expected_version": None}
        if verb == "disable":
            people.disable_user(session, reason="ก", **common)
            people.enable_user(session, **common)
        else:
            values = {"name_th": user.name_th, "name_en": user.name_en, "position": user.position}
            same = {**values, "email": user.email.upper()}
            people.change_user(session, organisation_id=user.organisation_id, values=same, **common)
            assert account_queries.open_invitations(session, user.id) or key == "clerk_banphru", "the same address in capitals"
            people.change_user(
                session, organisation_id=user.organisation_id, values={**values, "email": f"new-{key}@example.test"}, **common
            )
    session.commit()
    paths = [f"/password/reset/{announced[0].token}", f"/invitation/{announced[1].token}"]
    assert [app.test_client().get(path).status_code for path in paths] == [410, 410]
    assert "invitation" in set(session.scalars(sa.text("SELECT subject_kind FROM history_event"))), "it is in the record"


def test_an_invitation_is_taken_up_once(app: Flask, world: World, session: Session, announced: list[Any], now: datetime) -> None:
    user = world.users["clerk_khohong"]
    invitations.invite(session, actor=world.actors["administrator"], now=now, user_id=user.id)
    session.commit()
    guest = app.test_client()
    path = announced[0].path
    assert guest.post(path, data={"password": "thailand1234567"}).status_code == 422
    assert guest.post(path, data={"password": PASSWORD}).status_code == 303
    assert guest.post(path, data={"password": PASSWORD}).status_code == 410
    assert sign_in(guest, email=user.email).status_code == 303


def test_a_withdrawn_invitation_no_longer_works(
    browse: Callable[[str], FlaskClient], world: World, session: Session, announced: list[Any], now: datetime
) -> None:
    user = world.users["clerk_khohong"]
    invitations.invite(session, actor=world.actors["administrator"], now=now, user_id=user.id)
    session.commit()
    [invitation] = account_queries.open_invitations(session, user.id)
    path = f"/members/invitations/{invitation.id}/withdraw"
    assert browse("coordinator").post(path, data={"version": "1"}).status_code == 403
    assert browse("administrator").post(path, data={"version": "1"}).status_code == 303
    assert browse("administrator").get(announced[0].path).status_code == 410


def second_factor_on(client: FlaskClient, now: datetime) -> tuple[str, list[str]]:
    page = client.get("/account/second-factor").text
    found = re.search(r"<code>([A-Z2-7 ]+)</code>", page)
    assert found
    assert "data:image/svg" in page
    secret = found.group(1).replace(" ", "")
    assert client.post("/account/second-factor", data={"code": "000000", "password": PASSWORD}).status_code == 422
    confirmed = client.post("/account/second-factor", data={"code": pyotp.TOTP(secret).at(now), "password": PASSWORD})
    codes = re.findall(r"<li><code>([a-z0-9-]+)</code>", html.unescape(confirmed.text))
    assert len(codes) == 10
    return secret, codes


def test_the_second_factor(client: FlaskClient, clock: Clock, now: datetime, session: Session, world: World) -> None:
    sign_in(client)
    secret, codes = second_factor_on(client, now)
    stored = session.get_one(Credential, world.users["clerk_banphru"].id).totp_secret
    assert stored
    assert secret not in stored
    client.post("/sign-out")
    clock.now = now + timedelta(minutes=1)
    code = pyotp.TOTP(secret).at(clock.now)
    assert sign_in(client).headers["Location"] == "/sign-in/code"
    assert client.get("/account").status_code == 303, "half signed in is not signed in"
    assert client.post("/sign-in/code", data={"code": "123"}).status_code == 422
    assert client.post("/sign-in/code", data={"code": code}).status_code == 303
    assert client.get("/account").status_code == 200
    assert [row.assurance for row in session.scalars(sa.select(UserSession).order_by(UserSession.id))] == [1, 2]
    client.post("/sign-out")
    sign_in(client)
    assert client.post("/sign-in/code", data={"code": code}).status_code == 422, "a code works once"
    assert client.post("/sign-in/code", data={"code": codes[0].upper()}).status_code == 303
    client.post("/sign-out")
    sign_in(client)
    assert client.post("/sign-in/code", data={"code": codes[0]}).status_code == 422, "a recovery code works once"


def test_half_signed_in_ends_after_five_minutes(client: FlaskClient, clock: Clock, now: datetime) -> None:
    sign_in(client)
    secret, _codes = second_factor_on(client, now)
    client.post("/sign-out")
    sign_in(client)
    clock.now = now + timedelta(minutes=6)
    response = client.post("/sign-in/code", data={"code": pyotp.TOTP(secret).at(clock.now)})
    assert response.headers["Location"] == "/sign-in"


def test_guessing_codes_is_limited(client: FlaskClient, clock: Clock, now: datetime) -> None:
    sign_in(client)
    second_factor_on(client, now)
    client.post("/sign-out")
    sign_in(client)
    answers = [client.post("/sign-in/code", data={"code": f"{n:06}"}).status_code for n in range(11)]
    assert answers[-1] == 429


@pytest.mark.parametrize("password", [None, "", "wrong horse"])
def test_switching_the_second_factor_on_needs_the_password(
    client: FlaskClient, now: datetime, session: Session, world: World, password: str | None
) -> None:
    """Who finds a browser signed in could otherwise put a telephone of their own before the account."""
    sign_in(client)
    found = re.search(r"<code>([A-Z2-7 ]+)</code>", client.get("/account/second-factor").text)
    assert found
    sent = {"code": pyotp.TOTP(found.group(1).replace(" ", "")).at(now)} | (
        {"password": password} if password is not None else {}
    )
    assert client.post("/account/second-factor", data=sent).status_code == 422
    session.expire_all()
    assert session.get_one(Credential, world.users["clerk_banphru"].id).totp_secret is None


def test_a_session_in_another_browser_ends_whatever_address_it_claims(client: FlaskClient, app: Flask) -> None:
    """`X-Forwarded-For` is what anybody writes into it, unless a trusted proxy did."""
    sign_in(client)
    mine = client.get_cookie("collab_session")
    assert mine
    thief = app.test_client()
    thief.set_cookie("collab_session", mine.value)
    address = {"REMOTE_ADDR": "203.0.113.9"}
    claims = {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1"}
    assert thief.get("/account", environ_overrides=address, headers=claims).status_code == 303


def test_switching_the_second_factor_off_needs_the_password(client: FlaskClient, now: datetime) -> None:
    sign_in(client)
    second_factor_on(client, now)
    assert client.post("/account/second-factor/off", data={"password": "wrong horse"}).status_code == 422
    assert client.post("/account/second-factor/codes", data={"password": PASSWORD}).text.count("<li><code>") == 10
    assert client.post("/account/second-factor/off", data={"password": PASSWORD}).status_code == 303
    client.post("/sign-out")
    assert sign_in(client).headers["Location"] == "/"


def test_a_lost_telephone_is_helped_at_the_console(client: FlaskClient, app: Flask, now: datetime) -> None:
    sign_in(client)
    second_factor_on(client, now)
    console = app.test_cli_runner()
    assert console.invoke(args=["members", "take-off-second-factor", EMAIL]).output == "off\n"
    assert client.get("/account").status_code == 303
    assert sign_in(client).headers["Location"] == "/"
    assert console.invoke(args=["members", "take-off-second-factor", "nobody@example.test"]).exit_code == 1


def test_a_secret_of_another_installation_opens_nothing() -> None:
    sealed = Vault("a" * 40).seal("SECRET")
    assert Vault("a" * 40).open(sealed) == "SECRET"
    assert Vault("b" * 40).open(sealed) is None


def test_changing_the_password_signs_the_others_out(client: FlaskClient, app: Flask) -> None:
    sign_in(client)
    other = app.test_client()
    sign_in(other)
    data = {"current": "wrong horse battery", "password": "มะม่วง-ล้อรถ-ปากกา"}
    assert client.post("/account/password", data=data).status_code == 422
    assert client.post("/account/password", data={**data, "current": PASSWORD}).status_code == 303
    assert client.get("/account").status_code == 200
    assert other.get("/account").status_code == 303


def test_one_session_or_all_can_be_ended(client: FlaskClient, app: Flask, session: Session, world: World, now: datetime) -> None:
    give_password(session, world.users["clerk_khohong"], now)
    stranger = app.test_client()
    sign_in(stranger, email="clerk_khohong@example.test")
    sign_in(client)
    other = app.test_client()
    sign_in(other)
    ids = re.findall(r"/account/sessions/([0-9a-f-]{36})/end", client.get("/account").text)
    assert len(ids) == 1
    assert stranger.post(f"/account/sessions/{ids[0]}/end").status_code == 404
    assert client.post(f"/account/sessions/{ids[0]}/end").status_code == 303
    assert other.get("/account").status_code == 303
    sign_in(other)
    client.post("/account/sessions/end-all")
    assert client.get("/account").status_code == other.get("/account").status_code == 303
    assert stranger.get("/account").status_code == 200


def test_language_and_tables_are_kept(client: FlaskClient) -> None:
    sign_in(client)
    assert client.post("/account/preferences", data={"locale": "xx"}).status_code == 422
    response = client.post("/account/preferences", data={"locale": "en", "has_compact_tables": "y"}, follow_redirects=True)
    assert 'lang="en"' in response.text
    assert "collab-compact" in response.text


def test_signing_in_of_overseers_is_in_the_history(client: FlaskClient, session: Session, world: World, now: datetime) -> None:
    from collab.history import queries as history

    give_password(session, world.users["auditor"], now)
    sign_in(client)
    sign_in(client, email="auditor@example.test")
    assert history.list_subject(session, world.users["auditor"].id).rows[0].verb == "user.signed_in"
    assert history.list_subject(session, world.users["clerk_banphru"].id).rows[0].verb != "user.signed_in"


def test_signing_in_needs_the_forms_token(client: FlaskClient, app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    assert sign_in(client).status_code == 400


def test_a_page_costs_one_query_for_the_person(client: FlaskClient, count_queries: Any) -> None:
    sign_in(client)
    with count_queries() as statements:
        assert client.get("/account/password").status_code == 200
    about_person = [text for text in statements if "user_session" in text or "role_assignment" in text]
    assert len(about_person) == 1


@pytest.mark.parametrize(
    "key", ["administrator", "coordinator", "chair", "auditor", "clerk_banphru", "executive_khohong", "clerk_outside"]
)
def test_the_actor_is_loaded_as_it_should_be(session: Session, world: World, now: datetime, key: str) -> None:
    user, expected = world.users[key], world.actors[key]
    actor = account_queries.load_actor(session, user.id, user.organisation_id, now)
    assert replace(actor, request_id="test") == expected


def test_a_role_counts_only_in_its_term(session: Session, world: World, now: datetime) -> None:
    user = world.users["coordinator"]
    before = now - timedelta(days=3650)
    assert account_queries.load_actor(session, user.id, user.organisation_id, before).grants == ()
    member = world.users["clerk_banphru"]
    assert account_queries.load_actor(session, member.id, member.organisation_id, before).committee_ids == frozenset()


def test_the_service_refuses_a_second_setup(session: Session, world: World, now: datetime) -> None:
    user, vault = world.users["clerk_banphru"], Vault("k" * 40)
    give_password(session, user, now)
    actor = world.actors["clerk_banphru"]
    secret = second_factor.prepare(session, actor=actor, vault=vault)
    assert secret == second_factor.prepare(session, actor=actor, vault=vault)
    assert timedelta(hours=1) == passwords.RESET_LASTS
    assert session.scalar(sa.select(sa.func.count()).select_from(PasswordReset)) == 0
