"""Takes the place out of photos: a telephone writes where the picture was taken, and a public file must not tell it.

Only JPEG is read here, because that is what telephones take. Everything is done on the bytes; the picture itself is not
coded again. Written from the layout of JPEG (ITU-T T.81 annex B) and of Exif 2.32.
"""

import re
import struct
from dataclasses import dataclass

SOI, EOI, SOS, APP1, APP2, APP13, COMMENT = 0xD8, 0xD9, 0xDA, 0xE1, 0xE2, 0xED, 0xFE
ORIENTATION, EXIF_POINTER, TAKEN_AT = 0x0112, 0x8769, 0x9003
# Within coded picture data FF is followed by 00 (a stuffed byte), by a restart mark, or by a real marker.
_NEXT_MARKER = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")
_TAKEN_AT = re.compile(rb"\d{4}:\d\d:\d\d \d\d:\d\d:\d\d\Z")


class UnreadablePhoto(ValueError):
    """Bytes that begin like a JPEG and then break its layout."""


@dataclass(frozen=True)
class _Kept:
    """What of the old Exif is worth keeping: how to turn the picture, and when it was taken."""

    orientation: int = 1
    taken_at: bytes = b""


def without_position(data: bytes) -> bytes:
    """Return the JPEG ``data`` without position, maker's notes, XMP, IPTC, comments and further pictures behind the first.

    Orientation and the time of taking stay. Raises UnreadablePhoto.
    """
    if data[:2] != b"\xff\xd8":
        raise UnreadablePhoto
    kept = _Kept()
    body: list[bytes] = []
    at = 2
    while True:
        marker, at = _marker(data, at)
        if marker == EOI:
            break
        length = _length(data, at)
        segment = data[at : at + length]
        at += length
        if marker == APP1 and segment[2:8] == b"Exif\x00\x00":
            kept = _read_exif(segment[8:])
        elif marker not in (APP1, APP13, COMMENT) and not (marker == APP2 and segment[2:6] == b"MPF\x00"):
            body.append(bytes((0xFF, marker)) + segment)
        if marker == SOS:
            found = _NEXT_MARKER.search(data, at)
            end = found.start() if found else len(data)
            body.append(data[at:end])
            at = end
            if found is None:
                break
    return b"\xff\xd8" + _write_exif(kept) + b"".join(body) + b"\xff\xd9"


def _marker(data: bytes, at: int) -> tuple[int, int]:
    """Return the marker at ``at`` and the place behind it (fill bytes FF may come before)."""
    if at + 1 >= len(data) or data[at] != 0xFF:
        raise UnreadablePhoto
    while at < len(data) and data[at] == 0xFF:
        at += 1
    if at >= len(data) or data[at] in (0x00, SOI):
        raise UnreadablePhoto
    return data[at], at + 1


def _length(data: bytes, at: int) -> int:
    if at + 2 > len(data):
        raise UnreadablePhoto
    length = int(struct.unpack_from(">H", data, at)[0])
    if length < 2 or at + length > len(data):
        raise UnreadablePhoto
    return length


def _read_exif(tiff: bytes) -> _Kept:
    """Read the two facts worth keeping; an Exif block that makes no sense has none."""
    try:
        order = {b"II*\x00": "<", b"MM\x00*": ">"}[tiff[:4]]
        first = _entries(tiff, order, struct.unpack_from(order + "I", tiff, 4)[0])
        orientation = struct.unpack_from(order + "H", first.get(ORIENTATION, b"\x01\x00" if order == "<" else b"\x00\x01"))[0]
        taken = b""
        if EXIF_POINTER in first:
            below = _entries(tiff, order, struct.unpack_from(order + "I", first[EXIF_POINTER])[0])
            if TAKEN_AT in below:
                start = struct.unpack_from(order + "I", below[TAKEN_AT])[0]
                taken = tiff[start : start + 19]
    except (KeyError, struct.error):
        return _Kept()
    return _Kept(orientation if 1 <= orientation <= 8 else 1, taken if _TAKEN_AT.match(taken) else b"")


def _entries(tiff: bytes, order: str, start: int) -> dict[int, bytes]:
    """Return tag -> the four bytes of value or offset, of the directory at ``start``."""
    count = struct.unpack_from(order + "H", tiff, start)[0]
    found = {}
    for index in range(min(count, 512)):
        tag, _kind, _count, value = struct.unpack_from(order + "HHI4s", tiff, start + 2 + 12 * index)
        found[tag] = value
    return found


def _write_exif(kept: _Kept) -> bytes:
    """Return an Exif segment with the kept facts, or nothing when there are none."""
    if kept == _Kept():
        return b""
    first = [struct.pack(">HHIHH", ORIENTATION, 3, 1, kept.orientation, 0)]
    below = b""
    if kept.taken_at:
        start = 8 + 2 + 12 * 2 + 4
        first.append(struct.pack(">HHII", EXIF_POINTER, 4, 1, start))
        below = (
            struct.pack(">H", 1) + struct.pack(">HHII", TAKEN_AT, 2, 20, start + 2 + 12 + 4) + bytes(4) + kept.taken_at + b"\x00"
        )
    tiff = b"MM\x00*" + struct.pack(">I", 8) + struct.pack(">H", len(first)) + b"".join(first) + bytes(4) + below
    payload = b"Exif\x00\x00" + tiff
    return b"\xff\xe1" + struct.pack(">H", len(payload) + 2) + payload
