"""Pages of a file: what it is, its bytes as a download, its removal."""

import io
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from collab.documents import service, storage
from collab.documents.models import Document
from collab.kernel import targets
from collab.kernel.i18n import lazy
from collab.kernel.ids import new_id
from collab.kernel.targets import Ref
from tests.factories import documents as files
from tests.factories.world import World

Browse = Callable[[str], FlaskClient]


@pytest.fixture
def document(session: Session, world: World, now: datetime, monkeypatch: pytest.MonkeyPatch, app: Flask) -> Document:
    def load(_session, keys):
        return [targets.TargetInfo("committee", key, "กรรมการ", "/committee", committee_id=world.committee.id) for key in keys]

    def visible(_session, actor, keys):
        return set() if actor.organisation_id == world.org_id("outside") else set(keys)

    monkeypatch.setitem(targets._kinds, "committee", targets.TargetKind(lazy("Committee"), load, visible))
    made = service.store_file(
        session, actor=world.actors["clerk_banphru"], now=now, stream=io.BytesIO(files.PDF), filename="แผน <ที่>.pdf",
        target=Ref("committee", world.committee.id), note="หมายเหตุ",
    )  # fmt: skip
    session.commit()
    return made


def test_the_page_of_a_file(browse: Browse, document: Document) -> None:
    page = browse("clerk_banphru").get(f"/documents/{document.id}")
    assert page.status_code == 200
    assert "หมายเหตุ" in page.text
    assert document.sha256 in page.text
    assert "ลบไฟล์นี้" in page.text
    assert "ลบไฟล์นี้" not in browse("clerk_khohong").get(f"/documents/{document.id}").text


def test_bytes_come_only_as_a_download(browse: Browse, document: Document) -> None:
    answer = browse("clerk_khohong").get(f"/documents/{document.id}/file", buffered=True)
    assert answer.data == files.PDF
    assert answer.mimetype == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "UTF-8''" in answer.headers["Content-Disposition"]


@pytest.mark.parametrize("path", ["/documents/{}", "/documents/{}/file"])
def test_outsiders_and_strangers(browse: Browse, client: FlaskClient, document: Document, path: str) -> None:
    assert browse("clerk_outside").get(path.format(document.id)).status_code == 404
    assert browse("clerk_banphru").get(path.format(new_id())).status_code == 404
    assert client.get(path.format(document.id)).status_code == 303


def test_removing(browse: Browse, document: Document) -> None:
    path = f"/documents/{document.id}/remove"
    assert browse("clerk_outside").post(path, data={"reason": "x"}).status_code == 404
    assert browse("clerk_khohong").post(path, data={"reason": "x"}).status_code == 403
    owner = browse("clerk_banphru")
    assert owner.post(path, data={"reason": " "}).status_code == 422
    assert owner.post(path, data={"reason": "ก" * 2000}).status_code == 422
    assert owner.post(path, data={"reason": "x", "version": "7"}).status_code == 409
    done = owner.post(path, data={"reason": "แนบผิด\x00😀", "version": "1"})
    assert (done.status_code, done.location) == (303, "/committee")
    assert owner.get(f"/documents/{document.id}").status_code == 404
    assert browse("auditor").get(f"/documents/{document.id}").status_code == 200


def test_a_file_that_is_gone_from_the_store_is_told(browse: Browse, document: Document) -> None:
    storage.store().path_of(document.sha256).unlink()
    assert browse("clerk_banphru").get(f"/documents/{document.id}/file").status_code == 409


def test_a_body_far_too_large_is_refused_with_a_page(browse: Browse, document: Document) -> None:
    huge = {"reason": "x", "file": (io.BytesIO(bytes(100 * 1024 * 1024)), "a.pdf")}
    answer = browse("clerk_banphru").post(f"/documents/{document.id}/remove", data=huge, content_type="multipart/form-data")
    assert answer.status_code == 413
    assert "<h1" in answer.text


def test_selects_of_the_page_do_not_grow(browse: Browse, document: Document, count_queries: Callable[[], Any]) -> None:
    client = browse("clerk_banphru")
    with count_queries() as statements:
        assert client.get(f"/documents/{document.id}").status_code == 200
    assert len(statements) <= 12, statements
