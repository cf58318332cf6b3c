"""Takes the place out of photos: a telephone writes where the picture was taken, and a public file must not tell it.

JPEG, PNG and WebP are the kinds of pictures that are kept; HEIC has become JPEG before (`heic`).
Everything is done on the bytes; the picture itself is not coded again, so that evidence stays what was taken. Of PNG and WebP only
the parts that make the picture stay, whatever else there is. Written from the layouts of JPEG (ITU-T T.81 annex B), Exif 2.32,
PNG (W3C, third edition) and WebP (RFC 9649).
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from zlib import crc32

SOI, EOI, SOS, APP1, APP2, APP13, COMMENT = 0xD8, 0xD9, 0xDA, 0xE1, 0xE2, 0xED, 0xFE
ORIENTATION, EXIF_POINTER, TAKEN_AT = 0x0112, 0x8769, 0x9003
# Within coded picture data FF is followed by 00 (a stuffed byte), by a restart mark, or by a real marker.
_NEXT_MARKER = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")
_TAKEN_AT = re.compile(rb"\d{4}:\d\d:\d\d \d\d:\d\d:\d\d\Z")
_PNG = b"\x89PNG\r\n\x1a\n"
#: Chunks that make the picture: sizes, colours, pixels, frames of a moving one. Texts, times and Exif are not among them.
_PNG_KEPT = frozenset(
    b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP sBIT bKGD hIST pHYs sPLT cICP mDCV cLLI acTL fcTL fdAT".split()
)
_WEBP_KEPT = frozenset((b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"))
#: Bits of VP8X that announce Exif and XMP.
_WEBP_EXIF, _WEBP_XMP = 0x08, 0x04


class UnreadablePhoto(ValueError):
    """Bytes that begin like a picture and then break its layout."""


@dataclass(frozen=True)
class _Kept:
    """What of the old Exif is worth keeping: how to turn the picture, and when it was taken."""

    orientation: int = 1
    taken_at: bytes = b""


def without_position(data: bytes, media_type: str) -> bytes:
    """Return the picture ``data`` without position and whatever else tells more than the picture shows; raise UnreadablePhoto.

    How to turn it and when it was taken stay. ``media_type`` is one of `PICTURES`.
    """
    return PICTURES[media_type](data)


def _jpeg(data: bytes) -> bytes:
    """Return the JPEG ``data`` without position, maker's notes, XMP, IPTC, comments and further pictures behind the first.

    Orientation and the time of taking stay.
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
    return b"\xff\xd8" + _exif_segment(kept) + b"".join(body) + b"\xff\xd9"


def _png(data: bytes) -> bytes:
    body, kept = [_PNG], _Kept()
    for name, content in _png_chunks(data):
        if name == b"eXIf":
            kept = _read_exif(content)
        elif name == b"IDAT" and kept != _Kept():
            body.append(_png_chunk(b"eXIf", _tiff(kept)))
            kept = _Kept()
        if name in _PNG_KEPT:
            body.append(_png_chunk(name, content))
    return b"".join(body)


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield name and content of each chunk up to the end of the picture; what stands behind it is none of it."""
    at = len(_PNG)
    if data[:at] != _PNG:
        raise UnreadablePhoto
    while at + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        if at + 12 + length > len(data):
            break
        yield name, data[at + 8 : at + 8 + length]
        if name == b"IEND":
            return
        at += 12 + length
    raise UnreadablePhoto


def _png_chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", crc32(name + content))


def _webp(data: bytes) -> bytes:
    chunks = list(_webp_chunks(data))
    kept = next((_read_exif(content.removeprefix(b"Exif\x00\x00")) for name, content in chunks if name == b"EXIF"), _Kept())
    body = [b"WEBP"]
    for name, content in chunks:
        if name == b"VP8X" and content:
            flags = content[0] & ~(_WEBP_EXIF | _WEBP_XMP) | (_WEBP_EXIF if kept != _Kept() else 0)
            body.append(_webp_chunk(name, bytes((flags,)) + content[1:]))
        elif name in _WEBP_KEPT:
            body.append(_webp_chunk(name, content))
    if kept != _Kept():
        body.append(_webp_chunk(b"EXIF", _tiff(kept)))
    whole = b"".join(body)
    return b"RIFF" + struct.pack("<I", len(whole)) + whole


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP" or len(data) < 20:
        raise UnreadablePhoto
    at, end = 12, 8 + struct.unpack_from("<I", data, 4)[0]
    if end > len(data):
        raise UnreadablePhoto
    while at + 8 <= end:
        name, length = struct.unpack_from("<4sI", data, at)
        if at + 8 + length > end:
            raise UnreadablePhoto
        yield name, data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _webp_chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


#: What is taken apart here, by media type.
PICTURES = {"image/jpeg": _jpeg, "image/png": _png, "image/webp": _webp}


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


def _exif_segment(kept: _Kept) -> bytes:
    """Return a JPEG segment with the kept facts, or nothing when there are none."""
    if kept == _Kept():
        return b""
    payload = b"Exif\x00\x00" + _tiff(kept)
    return b"\xff\xe1" + struct.pack(">H", len(payload) + 2) + payload


def _tiff(kept: _Kept) -> bytes:
    """Return the kept facts as the body of an Exif block."""
    first = [struct.pack(">HHIHH", ORIENTATION, 3, 1, kept.orientation, 0)]
    below = b""
    if kept.taken_at:
        start = 8 + 2 + 12 * 2 + 4
        first.append(struct.pack(">HHII", EXIF_POINTER, 4, 1, start))
        below = (
            struct.pack(">H", 1) + struct.pack(">HHII", TAKEN_AT, 2, 20, start + 2 + 12 + 4) + bytes(4) + kept.taken_at + b"\x00"
        )
    return b"MM\x00*" + struct.pack(">I", 8) + struct.pack(">H", len(first)) + b"".join(first) + bytes(4) + below
