"""Text answers go out compressed (gzip), and large parts that did not change since the last answer are not compressed again.

A page may hold *fragments*: text that was compressed when it was made. Raw DEFLATE blocks that end on a byte boundary and refer to
nothing before them may be joined (RFC 1951), so a fragment is put between the compressed halves of its page as it stands.

What speaks against compressing pages that hold secrets (BREACH), and why it is safe here, is in docs/adr/0008.
"""

import secrets
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from flask import Flask, Response, request

#: Below this many bytes an answer fits into one packet anyway.
LEAST = 1400
#: How hard a page is compressed (1 to 9), once for each answer, and a fragment, once for many answers.
PAGE_LEVEL, FRAGMENT_LEVEL = 3, 6
#: The header of gzip (RFC 1952): DEFLATE, with a file name; no time, unknown system.
_HEADER = b"\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\xff"
#: The name in the header has a random length up to this, so that lengths on the wire say little about the text.
_MOST_PADDING = 100
#: Answers without a body, and parts of files, whose ranges count the bytes of the file as it is.
_AS_THEY_ARE = frozenset({204, 206, 304})
_TEXTS = frozenset({"application/json", "application/problem+json", "application/javascript", "image/svg+xml"})


@dataclass(frozen=True)
class Fragment:
    """A part of a page: the text in UTF-8, and the same as DEFLATE blocks that stand by themselves."""

    text: bytes
    deflated: bytes

    @property
    def size(self) -> int:
        """How many bytes it keeps in memory."""
        return len(self.text) + len(self.deflated)


def fragment(text: str) -> Fragment:
    """Return ``text`` as a fragment."""
    raw = text.encode()
    packer = zlib.compressobj(FRAGMENT_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return Fragment(raw, packer.compress(raw) + packer.flush(zlib.Z_FULL_FLUSH))


def with_fragments(page: str, parts: Mapping[str, Fragment]) -> Response:
    """Return ``page`` as an answer in which each marker of ``parts`` that occurs is replaced by its fragment."""
    pieces: list[bytes | Fragment] = [page.encode()]
    for marker, part in parts.items():
        place = next((at for at, piece in enumerate(pieces) if isinstance(piece, bytes) and marker.encode() in piece), None)
        if place is not None:
            head, _marker, tail = pieces[place].partition(marker.encode())  # type: ignore[union-attr]
            pieces[place : place + 1] = [head, part, tail]
    if not _accepts_gzip():
        return Response(b"".join(piece if isinstance(piece, bytes) else piece.text for piece in pieces), mimetype="text/html")
    response = Response(_gzip(pieces), mimetype="text/html")
    response.headers["Content-Encoding"] = "gzip"
    return response


def register_compression(app: Flask) -> None:
    """Compress every text answer of ``app`` for clients that accept it."""

    @app.after_request
    def compress(response: Response) -> Response:
        if not _is_text(response):
            return response
        response.vary.add("Accept-Encoding")
        if "Content-Encoding" in response.headers or response.status_code in _AS_THEY_ARE or not _accepts_gzip():
            return response
        if request.endpoint == "static":
            _compress_file(response)
        elif not response.direct_passthrough and not response.is_streamed and len(response.get_data()) >= LEAST:
            response.set_data(_gzip([response.get_data()]))
            response.headers["Content-Encoding"] = "gzip"
        return response


def _compress_file(response: Response) -> None:
    etag, _weak = response.get_etag()
    response.direct_passthrough = False
    response.set_data(_file(etag or "", response.get_data()))
    response.headers["Content-Encoding"] = "gzip"
    if etag:
        # The same file in two encodings: equal in what it says, not byte for byte.
        response.set_etag(etag, weak=True)


def _is_text(response: Response) -> bool:
    kind = response.mimetype or ""
    return kind.startswith("text/") or kind in _TEXTS


def _accepts_gzip() -> bool:
    return request.accept_encodings["gzip"] > 0


@lru_cache(maxsize=64)
def _file(etag: str, body: bytes) -> bytes:
    # Static files: the same bytes for everybody, so they are compressed once.
    return _gzip([body], FRAGMENT_LEVEL)


def _gzip(pieces: list[bytes | Fragment], level: int = PAGE_LEVEL) -> bytes:
    packer = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = [_HEADER, b"a" * secrets.randbelow(_MOST_PADDING), b"\x00"]
    crc = size = 0
    for piece in pieces:
        text = piece if isinstance(piece, bytes) else piece.text
        crc, size = zlib.crc32(text, crc), size + len(text)
        if isinstance(piece, bytes):
            packed += [packer.compress(piece), packer.flush(zlib.Z_FULL_FLUSH)]
        else:
            packed.append(piece.deflated)
    packed += [packer.flush(zlib.Z_FINISH), struct.pack("<LL", crc, size & 0xFFFFFFFF)]
    return b"".join(packed)
