"""Storing and removing files, with their history."""

import io
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.documents import queries, service, storage
from collab.documents.models import Document
from collab.history import queries as events
from collab.kernel.errors import InvalidInput, NotAllowed, NotFound, StateConflict, VersionConflict
from collab.kernel.targets import Ref
from tests.factories import documents as files
from tests.factories.world import World


@pytest.fixture
def target(world: World) -> Ref:
    return Ref("committee", world.committee.id)


def _store(session: Session, world: World, now: datetime, target: Ref, name: str = "แผนที่.pdf", data: bytes = files.PDF,
           who: str = "clerk_banphru", **more: object) -> Document:  # fmt: skip
    made = service.store_file(
        session, actor=world.actors[who], now=now, stream=io.BytesIO(data), filename=name, target=target, **more
    )
    session.commit()
    return made


def test_a_file_is_kept_and_recorded(session: Session, world: World, now: datetime, target: Ref) -> None:
    made = _store(session, world, now, target, note=" หมายเหตุ ")
    assert (made.media_type, made.size, made.filename, made.note) == ("application/pdf", len(files.PDF), "แผนที่.pdf", "หมายเหตุ")
    assert (made.uploaded_by, made.organisation_id) == (world.users["clerk_banphru"].id, world.org_id("banphru"))
    assert storage.store().path_of(made.sha256).read_bytes() == files.PDF
    entry = events.list_subject(session, made.id).rows[0]
    assert (entry.verb, entry.stream_id) == ("document.stored", f"document/{made.id}")
    assert queries.list_documents(session, [target]) == {target: [made]}
    assert queries.list_documents(session, [Ref("seat", target.id), Ref("committee", uuid4())]) == {}


def test_the_same_bytes_twice_are_two_files_and_one_copy(session: Session, world: World, now: datetime, target: Ref) -> None:
    first, second = (_store(session, world, now, target, name) for name in ("a.pdf", "b.pdf"))
    assert first.id != second.id
    assert first.sha256 == second.sha256


@pytest.mark.parametrize("name", sorted(files.REFUSED))
def test_forbidden_kinds(session: Session, world: World, now: datetime, target: Ref, name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        _store(session, world, now, target, name, files.REFUSED[name])
    assert set(caught.value.errors) == {"file"}
    assert session.scalar(sa.select(sa.func.count()).select_from(Document)) == 0


def test_empty_too_big_and_damaged(session: Session, world: World, now: datetime, target: Ref) -> None:
    for name, data, word in (("a.pdf", b"", "ว่าง"), ("a.jpg", b"\xff\xd8\xffabc", "ภาพถ่าย")):
        with pytest.raises(InvalidInput) as caught:
            _store(session, world, now, target, name, data)
        assert word in caught.value.errors["file"]
    storage.configure(storage.store().folder, 1024 * 1024)
    with pytest.raises(InvalidInput, match="1 เมกะไบต์"):
        _store(session, world, now, target, "a.pdf", files.PDF + bytes(1024 * 1024))
    with pytest.raises(InvalidInput, match="1000"):
        _store(session, world, now, target, note="x" * 1001)


def test_photos_lose_their_place_unless_asked(session: Session, world: World, now: datetime, target: Ref) -> None:
    clean = _store(session, world, now, target, "a.jpg", files.photo())
    whole = _store(session, world, now, target, "a.jpg", files.photo(), keep_position=True)
    assert b"GPS" not in storage.store().path_of(clean.sha256).read_bytes()
    assert storage.store().path_of(whole.sha256).read_bytes() == files.photo()
    assert clean.size == storage.store().path_of(clean.sha256).stat().st_size


@pytest.mark.parametrize(("who", "error"), [
    ("clerk_banphru", None), ("coordinator", None), ("executive_banphru", NotAllowed), ("clerk_khohong", NotAllowed),
    ("auditor", NotAllowed), ("chair", NotAllowed), ("administrator", NotAllowed), ("clerk_outside", NotFound),
])  # fmt: skip
def test_who_may_remove(
    session: Session, world: World, now: datetime, target: Ref, monkeypatch, who: str, error: type[Exception] | None
) -> None:
    _show_committee_to_members(monkeypatch, world)
    made = _store(session, world, now, target)
    arguments = {"actor": world.actors[who], "now": now + timedelta(hours=1), "document_id": made.id, "reason": "แนบผิด"}
    if error:
        with pytest.raises(error):
            service.remove_document(session, **arguments)
        return
    service.remove_document(session, **arguments)
    session.commit()
    assert queries.list_documents(session, [target]) == {}
    entry = events.list_subject(session, made.id).rows[0]
    assert (entry.verb, entry.reason) == ("document.removed", "แนบผิด")
    assert storage.store().path_of(made.sha256).exists()


def test_removing_needs_a_reason_and_happens_once(
    session: Session, world: World, now: datetime, target: Ref, monkeypatch
) -> None:
    _show_committee_to_members(monkeypatch, world)
    made = _store(session, world, now, target)
    actor = world.actors["clerk_banphru"]
    with pytest.raises(InvalidInput):
        service.remove_document(session, actor=actor, now=now, document_id=made.id, reason="  ")
    with pytest.raises(VersionConflict):
        service.remove_document(session, actor=actor, now=now, document_id=made.id, reason="x", expected_version=9)
    service.remove_document(session, actor=actor, now=now, document_id=made.id, reason="x")
    session.commit()
    with pytest.raises((StateConflict, NotFound)):
        service.remove_document(session, actor=actor, now=now, document_id=made.id, reason="x")


def test_removed_files_stay_visible_to_auditors_only(
    session: Session, world: World, now: datetime, target: Ref, monkeypatch
) -> None:
    _show_committee_to_members(monkeypatch, world)
    made = _store(session, world, now, target)
    service.remove_document(session, actor=world.actors["clerk_banphru"], now=now, document_id=made.id, reason="x")
    session.commit()
    assert queries.get_document(session, world.actors["auditor"], made.id) is made
    for who in ("clerk_banphru", "coordinator", "clerk_outside"):
        with pytest.raises(NotFound):
            queries.get_document(session, world.actors[who], made.id)


def _show_committee_to_members(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    """Stand in for the kind that the file hangs on: seen by everybody but the outside clerk."""
    from collab.kernel import targets
    from collab.kernel.i18n import lazy

    def load(_session, keys):
        return [targets.TargetInfo("committee", key, "กรรมการ", "/x", committee_id=world.committee.id) for key in keys]

    def visible(_session, actor, keys):
        return set() if actor.organisation_id == world.org_id("outside") else set(keys)

    monkeypatch.setitem(targets._kinds, "committee", targets.TargetKind(lazy("Committee"), load, visible))
