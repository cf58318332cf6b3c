"""What a file is, what it may be called, and what of a photo is kept."""

import io
import struct
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.documents import photos, rules, storage
from tests.factories import documents as files


@pytest.mark.parametrize(("name", "expected"), [
    ("รายงาน.pdf", "รายงาน.pdf"),
    ("C:\\Users\\x\\รายงาน.pdf", "รายงาน.pdf"),
    ("../../etc/passwd.txt", "passwd.txt"),
    ("photo\u202egpj.exe", "photogpj.exe"),
    ("a\x00b\r\nc.pdf", "abc.pdf"),
    (".htaccess", "htaccess"),
    ("", "file"),
    ("...", "file"),
    ('a"b;c.pdf', "ab;c.pdf"),
])  # fmt: skip
def test_names_are_cleaned(name: str, expected: str) -> None:
    assert rules.clean_filename(name) == expected


def test_long_names_keep_their_ending() -> None:
    name = rules.clean_filename("ก" * 300 + ".pdf")
    assert len(name) == rules.NAME_LENGTH
    assert name.endswith(".pdf")


@pytest.mark.parametrize("name", sorted(files.ALLOWED))
def test_kinds_that_are_kept(name: str, tmp_path) -> None:
    data, media_type = files.ALLOWED[name]
    path = tmp_path / "x"
    path.write_bytes(data)
    assert rules.media_type_of(path, rules.ending_of(name)) == media_type


@pytest.mark.parametrize("name", sorted(files.REFUSED))
def test_kinds_that_are_refused(name: str, tmp_path) -> None:
    path = tmp_path / "x"
    path.write_bytes(files.REFUSED[name])
    assert rules.media_type_of(path, rules.ending_of(name)) is None


def test_a_photo_loses_its_place_and_keeps_how_and_when() -> None:
    data = photos.without_position(files.photo(), "image/jpeg")
    assert struct.pack("<HH", 0x8825, 4) not in data
    assert struct.pack(">HH", 0x8825, 4) not in data
    assert struct.pack("<I", 2774) not in data
    assert b"GPS" not in data
    assert b"MPF" not in data
    assert data.count(b"\xff\xd8") == 1
    assert struct.pack(">HHIH", 0x0112, 3, 1, 6) in data
    assert b"2026:11:21 09:30:00" in data
    assert files.SCAN in data
    assert data.endswith(b"\xff\xd9")
    assert photos.without_position(data, "image/jpeg") == data


def test_a_photo_that_is_upright_and_undated_gets_no_exif() -> None:
    plain = b"\xff\xd8" + files.segment(0xE1, files.exif(1, b"x" * 19)) + files.SCAN + b"\xff\xd9"
    assert photos.without_position(plain, "image/jpeg") == b"\xff\xd8" + files.SCAN + b"\xff\xd9"


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8",
        b"\xff\xd8\xff",
        b"\xff\xd8abc",
        b"\xff\xd8\xff\xe1\xff\xff",
        b"\xff\xd8\xff\xe1\x00\x01",
        b"\xff\xd8\xff\xff\xff",
    ],
)
def test_damaged_photos_are_told(data: bytes) -> None:
    with pytest.raises(photos.UnreadablePhoto):
        photos.without_position(data, "image/jpeg")


def test_exif_that_makes_no_sense_is_dropped() -> None:
    for payload in (b"", b"II*\x00", b"II*\x00\xff\xff\xff\xff", b"MM\x00*\x00\x00\x00\x08\xff\xff"):
        data = b"\xff\xd8" + files.segment(0xE1, b"Exif\x00\x00" + payload) + files.SCAN + b"\xff\xd9"
        assert photos.without_position(data, "image/jpeg") == b"\xff\xd8" + files.SCAN + b"\xff\xd9"


TIFF = files.exif().removeprefix(b"Exif\x00\x00")
XMP = b"<x exif:GPSLatitude='7,0.46N'/>"


def test_a_png_keeps_its_picture_how_it_stands_and_when_it_was_taken() -> None:
    text = files.png_chunk(b"iTXt", b"XML:com.adobe.xmp\x00\x00\x00\x00\x00" + XMP)
    data = photos.without_position(
        files.png(files.png_chunk(b"eXIf", TIFF), text, files.png_chunk(b"gAMA", bytes(4))) + b"more", "image/png"
    )
    assert b"GPS" not in data
    assert struct.pack("<I", 2774) not in data
    assert b"2026:11:21 09:30:00" in data
    assert files.png(files.png_chunk(b"gAMA", bytes(4))) == photos.without_position(
        files.png(text, files.png_chunk(b"gAMA", bytes(4))), "image/png"
    )
    assert photos.without_position(data, "image/png") == data
    assert photos.without_position(files.PNG, "image/png") == files.PNG


def test_a_webp_keeps_its_picture_how_it_stands_and_when_it_was_taken() -> None:
    pixels, head = (b"VP8 ", bytes(range(25))), (b"VP8X", b"\x0c" + bytes(9))
    data = photos.without_position(files.webp(head, pixels, (b"EXIF", files.exif()), (b"XMP ", XMP)) + b"more", "image/webp")
    assert b"GPS" not in data
    assert struct.pack("<I", 2774) not in data
    assert b"2026:11:21 09:30:00" in data
    assert data[20] == 0x08
    assert pixels[1] in data
    bare = photos.without_position(files.webp(head, pixels, (b"XMP ", XMP)), "image/webp")
    assert bare == files.webp((b"VP8X", bytes(10)), pixels)
    assert photos.without_position(data, "image/webp") == data


@pytest.mark.parametrize(("data", "media_type"), [
    (files.PNG[:-13], "image/png"), (files.PNG[:30], "image/png"), (b"\x89PNG", "image/png"), (files.WEBP[:-1], "image/webp"),
    (files.WEBP[:15], "image/webp"), (files.webp((b"VP8 ", b""))[:-4] + b"\xff" * 4, "image/webp"),
])  # fmt: skip
def test_damaged_pictures_are_told(data: bytes, media_type: str) -> None:
    with pytest.raises(photos.UnreadablePhoto):
        photos.without_position(data, media_type)


@given(st.sampled_from([(files.PNG, "image/png"), (files.WEBP, "image/webp"), (files.photo(), "image/jpeg")]), st.data())
def test_no_bytes_break_it(picture: tuple[bytes, str], data: st.DataObject) -> None:
    whole, media_type = picture
    place = data.draw(st.integers(0, len(whole) - 1))
    spoilt = whole[:place] + data.draw(st.binary(max_size=8)) + whole[place + data.draw(st.integers(0, 8)) :]
    with suppress(photos.UnreadablePhoto):
        photos.without_position(spoilt, media_type)


def test_the_store_writes_once(tmp_path) -> None:
    store = storage.FileStore(tmp_path, 1000)
    for _turn in range(2):
        with store.receive(io.BytesIO(b"abc")) as path:
            name, size = store.keep(path)
    assert (name, size) == ("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", 3)
    assert store.path_of(name).read_bytes() == b"abc"
    assert not list((tmp_path / "incoming").iterdir())
    assert store.is_whole(name)
    store.path_of(name).chmod(0o600)
    store.path_of(name).write_bytes(b"abd")
    assert not store.is_whole(name)


def test_the_store_refuses_too_much_and_leaves_nothing(tmp_path) -> None:
    store = storage.FileStore(tmp_path, 10)
    with pytest.raises(storage.TooBig), store.receive(io.BytesIO(b"x" * 11)):
        pass
    assert not list((tmp_path / "incoming").iterdir())
    with pytest.raises(storage.MissingFile):
        store.path_of("0" * 64)


def test_no_damage_to_an_archive_is_a_fault(tmp_path) -> None:
    """Each byte in turn: headers, names, sizes, and the compressed bytes themselves."""
    data = next(data for data, media_type in files.ALLOWED.values() if media_type == "application/vnd.oasis.opendocument.text")
    parts = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(parts, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("mimetype", source.read("mimetype"))
    whole, path = parts.getvalue(), tmp_path / "x"
    for place in range(4, len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        rules.media_type_of(path, "odt")
