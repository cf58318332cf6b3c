"""Pictures of iPhones: kept as JPEG, upright, without their place; what cannot be decoded is refused and nothing else happens."""

import io
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from PIL import Image
from sqlalchemy.orm import Session

from collab.documents import heic, heic_decoder, rules, service, storage
from collab.documents.models import Document
from collab.kernel.errors import InvalidInput
from collab.kernel.targets import Ref
from tests.factories import documents as files
from tests.factories.world import World


def _store(
    session: Session, world: World, now: datetime, data: bytes, name: str = "IMG_0001.HEIC", *, keep: bool = False
) -> Document:
    return service.store_file(
        session, actor=world.actors["clerk_banphru"], now=now, stream=io.BytesIO(data), filename=name,
        target=Ref("committee", world.committee.id), keep_position=keep,
    )  # fmt: skip


@pytest.mark.parametrize("keep", [False, True])
def test_it_is_kept_as_a_jpeg_that_stands_upright(session: Session, world: World, now: datetime, keep: bool) -> None:
    made = _store(session, world, now, files.heic(), keep=keep)
    assert (made.media_type, made.filename) == ("image/jpeg", "IMG_0001.jpg")
    with Image.open(storage.store().path_of(made.sha256)) as picture:
        assert picture.format == "JPEG"
        assert picture.size == (48, 64)
        # Turned to the right, what was above is right.
        red, _green, blue = picture.getpixel((44, 32))
        assert red > 150 > blue
        tags = picture.getexif()
        assert tags.get(0x0112, 1) == 1
        assert tags.get_ifd(0x8769)[0x9003] == "2026:11:21 09:30:00"
        assert bool(tags.get_ifd(0x8825)) is keep


@pytest.mark.parametrize("brands", [b"heic", b"heix", b"mif1\0\0\0\0mif1heic"])
def test_brands_that_are_pictures_of_telephones(brands: bytes) -> None:
    rest = brands[4:] or b"\0\0\0\0mif1"
    head = (8 + 4 + len(rest)).to_bytes(4) + b"ftyp" + brands[:4] + rest
    assert heic.is_heic(head)


@pytest.mark.parametrize("head", [
    b"", b"\0\0\0\x18ftypavif\0\0\0\0mif1avif", b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", b"\0\0\0\x18ftypmp42\0\0\0\0isomheic", b"\xff\xff\xff\xffftyp",
])  # fmt: skip
def test_brands_that_are_not(head: bytes) -> None:
    assert not heic.is_heic(head)


def test_the_name_has_to_fit(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(files.heic())
    assert rules.media_type_of(path, "heic") == heic.MEDIA_TYPE
    assert rules.media_type_of(path, "heif") == heic.MEDIA_TYPE
    assert rules.media_type_of(path, "jpg") is None


@pytest.mark.parametrize("data", [files.heic()[:300], files.heic()[:40] + b"\xff" * 500, files.heic()[:32] + bytes(100)])
def test_what_cannot_be_decoded_is_refused(session: Session, world: World, now: datetime, data: bytes) -> None:
    with pytest.raises(InvalidInput) as caught:
        _store(session, world, now, data)
    assert "ภาพถ่าย" in caught.value.errors["file"]
    assert session.scalar(sa.select(sa.func.count()).select_from(Document)) == 0
    assert list((storage.store().folder / "incoming").iterdir()) == []


def test_the_decoder_may_not_take_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x"
    path.write_bytes(files.heic())
    monkeypatch.setattr(heic, "MOST_SECONDS", 0.01)
    with pytest.raises(heic.UndecodablePicture):
        heic.to_jpeg(path)
    assert [each.name for each in tmp_path.iterdir()] == ["x"]


def test_the_decoder_may_not_take_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "x"
    source.write_bytes(files.heic())
    monkeypatch.setattr(heic_decoder, "MOST_POINTS", 64 * 48 - 1)
    with pytest.raises(SystemExit):
        heic_decoder.decode(str(source), str(tmp_path / "y"))
    assert not (tmp_path / "y").exists()
