"""The notice centre, its preferences, and the developers' mail page."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from collab.factory import Core, create_app
from collab.kernel.ids import new_id
from collab.kernel.targets import Ref
from collab.notices import queries, service
from collab.notices.kinds import KINDS, Mode, usual_mode
from collab.notices.letter import Letter
from collab.notices.mail import write_mail
from collab.notices.models import SunkMail
from config import Environment
from tests.factories.world import World

Browse = Callable[[str], FlaskClient]


def queue(session: Session, world: World, now: datetime, who: str = "clerk_banphru", **changes: Any) -> UUID:
    values: dict[str, Any] = {"kind": "agreement", "subject": "เรื่อง <b>", "text": "ข้อความ", "url": "/help"}
    key = service.queue_message(session, now=now, recipient_id=world.users[who].id, **{**values, **changes})
    session.commit()
    assert key is not None
    return key


def test_the_centre_shows_ones_own_and_no_link(session: Session, world: World, now: datetime, browse: Browse) -> None:
    queue(session, world, now)
    queue(session, world, now, "clerk_khohong", subject="ของผู้อื่น")
    queue(session, world, now, subject="ลิงก์ลับ", url="/password/reset/sesame", secret=True)
    page = browse("clerk_banphru").get("/notices")
    text = page.get_data(as_text=True)
    assert page.status_code == 200
    assert "เรื่อง &lt;b&gt;" in text
    assert "ของผู้อื่น" not in text
    assert "sesame" not in text
    assert "ลิงก์ลับ" not in text


def test_the_list_costs_the_same_however_long_it_is(
    session: Session, world: World, now: datetime, browse: Browse, count_queries: Callable[[], Any]
) -> None:
    person = browse("clerk_banphru")
    queue(session, world, now)
    person.get("/notices")
    with count_queries() as few:
        person.get("/notices")
    for number in range(60):
        queue(session, world, now + timedelta(minutes=number), subject=f"เรื่องที่ {number}")
    with count_queries() as many:
        page = person.get("/notices")
    assert len(many) == len(few) <= 4
    assert page.get_data(as_text=True).count("<article") == 50
    with database_of(person).reading() as reading:
        cursor = queries.list_messages(reading, world.actors["clerk_banphru"]).next_cursor
    assert person.get(f"/notices?cursor={cursor}").get_data(as_text=True).count("<article") == 11


def database_of(person: FlaskClient) -> Any:
    return person.application.extensions["collab"].database


def test_opening_marks_as_read_and_leads_to_the_object(session: Session, world: World, now: datetime, browse: Browse) -> None:
    key, person = queue(session, world, now), browse("clerk_banphru")
    answer = person.post(f"/notices/{key}/read")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/help")
    assert queries.count_unread(session, world.actors["clerk_banphru"]) == 0
    assert person.get(f"/notices/{key}/read").status_code == 405, "following a link changes nothing"


def test_a_notice_never_leads_off_the_site(session: Session, world: World, now: datetime, browse: Browse) -> None:
    key = queue(session, world, now, url="//evil.example/")
    assert browse("clerk_banphru").post(f"/notices/{key}/read").headers["Location"] == "/notices"


@pytest.mark.parametrize("who", ["clerk_khohong", "administrator", "auditor", "clerk_outside"])
def test_anothers_notice_does_not_exist(session: Session, world: World, now: datetime, browse: Browse, who: str) -> None:
    key = queue(session, world, now)
    assert browse(who).post(f"/notices/{key}/read").status_code == 404
    assert browse(who).post(f"/notices/{new_id()}/read").status_code == 404
    assert queries.count_unread(session, world.actors["clerk_banphru"]) == 1


def test_all_can_be_marked_as_read(session: Session, world: World, now: datetime, browse: Browse) -> None:
    queue(session, world, now)
    queue(session, world, now, subject="อีกเรื่อง")
    assert browse("clerk_banphru").post("/notices/read-all").status_code == 303
    assert queries.count_unread(session, world.actors["clerk_banphru"]) == 0


def test_preferences_are_kept_and_rubbish_is_harmless(session: Session, world: World, browse: Browse) -> None:
    person = browse("clerk_banphru")
    assert person.get("/notices/preferences").status_code == 200
    whole = {kind: usual_mode(kind).value for kind in KINDS}
    for rubbish in ({**whole, "meeting": "\x00😀"}, {**whole, "reminder": "off"}, {**whole, "forum": "digest"}):
        answer = person.post("/notices/preferences", data=rubbish)
        assert answer.status_code == 422
        assert "govuk-error-summary" in answer.get_data(as_text=True)
    assert person.post("/notices/preferences", data={**whole, "meeting": "off", "proposal": "at_once"}).status_code == 303
    found = queries.preferences(session, world.actors["clerk_banphru"])
    assert (found["meeting"], found["proposal"], found["agreement"]) == (Mode.OFF, Mode.AT_ONCE, Mode.DIGEST)
    assert person.get("/notices/preferences").get_data(as_text=True).count(" checked") == len(KINDS)


def test_the_list_by_kind_and_only_what_is_new(session: Session, world: World, now: datetime, browse: Browse) -> None:
    read = queue(session, world, now, subject="อ่านแล้ว")
    queue(session, world, now, subject="ยังไม่อ่าน")
    queue(session, world, now, kind="meeting", subject="ประชุม")
    person = browse("clerk_banphru")
    person.post(f"/notices/{read}/read")
    for query, shown in (
        ("", {"อ่านแล้ว", "ยังไม่อ่าน", "ประชุม"}), ("?kind=agreement", {"อ่านแล้ว", "ยังไม่อ่าน"}), ("?unread=1", {"ยังไม่อ่าน", "ประชุม"}),
        ("?kind=agreement&unread=1", {"ยังไม่อ่าน"}), ("?kind=rubbish%00", {"อ่านแล้ว", "ยังไม่อ่าน", "ประชุม"}),
    ):  # fmt: skip
        text = person.get(f"/notices{query}").get_data(as_text=True)
        assert {subject for subject in ("อ่านแล้ว", "ยังไม่อ่าน", "ประชุม") if f"{subject}</h2>" in text} == shown, query


def test_an_object_is_muted_and_mailed_about_again(session: Session, world: World, now: datetime, browse: Browse) -> None:
    target, person = Ref("committee", world.committee.id), browse("clerk_banphru")
    queue(session, world, now, target=target)
    path = f"/notices/mute/committee/{target.id}"
    assert path in person.get("/notices").get_data(as_text=True)
    assert person.post(path).status_code == 303
    page = person.get("/notices/preferences").get_data(as_text=True)
    assert f"/notices/unmute/committee/{target.id}" in page
    assert person.post(f"/notices/unmute/committee/{target.id}").status_code == 303
    assert queries.muted_targets(session, world.actors["clerk_banphru"]) == []
    assert person.post(f"/notices/mute/rubbish/{target.id}").status_code == 404


def test_strangers_sign_in_first(client: FlaskClient) -> None:
    for path in ("/notices", "/notices/preferences"):
        assert client.get(path).status_code == 303


def test_a_form_without_its_token_changes_nothing(
    app: Flask, session: Session, world: World, now: datetime, browse: Browse
) -> None:
    queue(session, world, now)
    app.config["WTF_CSRF_ENABLED"] = True
    assert browse("clerk_banphru").post("/notices/read-all").status_code in (400, 422)
    assert queries.count_unread(session, world.actors["clerk_banphru"]) == 1


def test_developers_read_the_sink(session: Session, client: FlaskClient, now: datetime) -> None:
    mail = SunkMail(mail_id="<a@collab>", recipient="a@example.test", subject="ไทย <i>", source=b"", text="<script>", sunk_at=now)
    session.add(mail)
    session.commit()
    assert "ไทย &lt;i&gt;" in client.get("/dev/mail").get_data(as_text=True)
    page = client.get(f"/dev/mail/{mail.id}")
    assert page.status_code == 200
    assert "&lt;script&gt;" in page.get_data(as_text=True)
    assert client.get(f"/dev/mail/{new_id()}").status_code == 404
    assert client.get(f"/dev/mail/{mail.id}/file").status_code == 404, "it has no page"


def test_developers_see_a_mail_as_mail_programs_show_it(session: Session, client: FlaskClient, now: datetime) -> None:
    letter = Letter("<a@collab>", "a@example.test", "ก", "th", "เรื่อง", "<script>alert(1)</script>", "/x", now, "เปิด")
    source = write_mail(letter, "collab@example.test", "https://collab.example.test").source
    mail = SunkMail(mail_id="<a@collab>", recipient="a@example.test", subject="เรื่อง", source=source, text="x", sunk_at=now)
    session.add(mail)
    session.commit()
    answer = client.get(f"/dev/mail/{mail.id}/file")
    assert "&lt;script&gt;" in answer.get_data(as_text=True)
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'unsafe-inline'")


def test_the_sink_is_not_there_in_production(core: Core, session: Session, now: datetime) -> None:
    mail = SunkMail(mail_id="<b@collab>", recipient="a@example.test", subject="x", source=b"", text="secret", sunk_at=now)
    session.add(mail)
    session.commit()
    made = create_app(replace(core, settings=replace(core.settings, env=Environment.PRODUCTION)))
    made.config.update(TESTING=True, PROPAGATE_EXCEPTIONS=False)
    for path in ("/dev/mail", f"/dev/mail/{mail.id}", f"/dev/mail/{mail.id}/file"):
        answer = made.test_client().get(path)
        assert answer.status_code == 404
        assert "secret" not in answer.get_data(as_text=True)


@pytest.mark.parametrize("locale", ["th", "en"])
def test_both_languages(session: Session, world: World, now: datetime, browse: Browse, locale: str) -> None:
    queue(session, world, now)
    person = browse("clerk_banphru")
    person.set_cookie("collab_locale", locale)
    assert ("Notifications" in person.get("/notices").get_data(as_text=True)) is (locale == "en")
