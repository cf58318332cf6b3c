"""Compressed answers: the text is unchanged, fragments join, nothing is compressed that must not be."""

import gzip
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from collab.factory import Core
from collab.web import compression
from collab.web.routing import public
from tests.conftest import web_app

GZIP = {"Accept-Encoding": "br, gzip;q=0.8"}
Browse = Callable[[str], FlaskClient]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=400), min_size=1, max_size=6))
def test_fragments_join_to_the_text(texts: list[str]) -> None:
    pieces = [text.encode() if at % 2 else compression.fragment(text) for at, text in enumerate(texts)]
    assert gzip.decompress(compression._gzip(pieces)).decode() == "".join(texts)


def test_a_fragment_repeats_what_stood_before_it() -> None:
    # A fragment that referred to text outside itself would break when it is put elsewhere.
    words = "แผนปฏิบัติการร่วม " * 300
    parts = [words.encode(), compression.fragment(words), compression.fragment(words), words.encode()]
    assert gzip.decompress(compression._gzip(parts)).decode() == words * 4


@pytest.fixture
def pages(core: Core) -> FlaskClient:
    """An application with pages of its own: one long, one short, one with fragments."""
    app = web_app(core)
    part = compression.fragment("<p>ส่วนที่ไม่เปลี่ยน</p>" * 100)

    @app.get("/long")
    @public
    def long() -> str:
        return "ก" * 2000

    @app.get("/short")
    @public
    def short() -> str:
        return "ก"

    @app.get("/joined")
    @public
    def joined() -> object:
        return compression.with_fragments("<main>@@A@@</main>@@B@@<p>end</p>", {"@@B@@": part, "@@A@@": part, "@@absent@@": part})

    return app.test_client()


@pytest.mark.parametrize("path", ["/long", "/joined"])
def test_the_text_is_the_same_with_and_without(pages: FlaskClient, path: str) -> None:
    plain, packed = pages.get(path), pages.get(path, headers=GZIP)
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert int(packed.headers["Content-Length"]) == len(packed.data)
    for answer in (plain, packed):
        assert "Accept-Encoding" in answer.headers["Vary"]
        assert "Cookie" in answer.headers["Vary"]
        assert answer.mimetype == "text/html"
    assert plain.text.count("ส่วนที่ไม่เปลี่ยน") in (0, 200)


def test_what_is_left_as_it_is(pages: FlaskClient) -> None:
    assert "Content-Encoding" not in pages.get("/short", headers=GZIP).headers
    assert "Content-Encoding" not in pages.get("/long", headers={"Accept-Encoding": "gzip;q=0, br"}).headers
    assert "Content-Encoding" not in pages.get("/static/vendor/fonts/sarabun-thai-400-normal.woff2", headers=GZIP).headers
    assert pages.head("/long", headers=GZIP).data == b""


def test_style_sheets_are_compressed_and_still_revalidated(pages: FlaskClient) -> None:
    packed = pages.get("/static/app.css", headers=GZIP)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == pages.get("/static/app.css").data
    again = pages.get("/static/app.css", headers={**GZIP, "If-None-Match": packed.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    part = pages.get("/static/app.css", headers={**GZIP, "Range": "bytes=0-9"})
    assert (part.status_code, len(part.data)) == (206, 10)


def test_lengths_say_little(pages: FlaskClient) -> None:
    lengths = {len(pages.get("/long", headers=GZIP).data) for _round in range(20)}
    assert len(lengths) > 3
