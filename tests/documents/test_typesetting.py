"""Papers as PDF: hostile text stays text, archives hold no missing letters, and the same paper gives the same bytes."""

import zlib
from datetime import UTC, datetime

import pytest

from collab.documents.typesetting import (
    NO_SHAPE,
    PRINTABLE,
    Facts,
    Heading,
    Paper,
    Paragraph,
    Picture,
    Signatures,
    Table,
    render_pdf,
)
from collab.documents.typesetting import _printable as printable

MOMENT = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
EVERYTHING = (
    Heading("ผู้มาประชุม"), Paragraph("น้ำเสียที่ปิ่นแก้ว " * 40, indent=True), Facts([("๑.", "นายก ข")]),
    Table(head=["รายการ", "บาท"], rows=[[f"รถ {n}", "1,000.00"] for n in range(60)], widths=[2, 0], numeric=[1], caption="ตารางที่ ๑"),
    Picture('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="5" height="5"/></svg>', "แท่ง"),
    Signatures([("(ลงชื่อ)", "", "ผู้จดรายงานการประชุม")]),
)  # fmt: skip


def test_a_paper_of_every_kind_of_block_is_an_archive_pdf_of_several_pages() -> None:
    pdf = render_pdf(Paper(["รายงาน", "ครั้งที่ ๑"], EVERYTHING, official=True, footer="ร่าง"), MOMENT)
    assert pdf.startswith(b"%PDF-")
    assert b"<pdfaid:part>2</pdfaid:part>" in pdf
    assert pdf.count(b"/Type /Page\n") + pdf.count(b"/Type/Page/") >= 2


def test_the_same_paper_gives_the_same_bytes_and_another_moment_others() -> None:
    paper = Paper(["ก"], [Paragraph("ข")])
    assert render_pdf(paper, MOMENT) == render_pdf(paper, MOMENT)
    assert render_pdf(paper, MOMENT) != render_pdf(paper, MOMENT.replace(year=2027))


@pytest.mark.parametrize(
    "text", ["#panic()", "$x$ *y* _z_", '"; #import "/etc/passwd"', "\\", "]", "😀 漢 \ufffe \x00\x1b", "", "\u202e"]
)
def test_what_a_person_typed_is_never_obeyed_nor_stops_the_paper(text: str) -> None:
    paper = Paper([text], [Heading(text), Paragraph(text), Facts([(text, text)]), Table([text], [[text]], text)], footer=text)
    assert render_pdf(paper, MOMENT).startswith(b"%PDF-")


def test_what_is_called_printable_can_be_printed_in_an_archive() -> None:
    signs = " ".join(chr(sign) for first, last in PRINTABLE for sign in range(first, last + 1))
    assert render_pdf(Paper(["ก"], [Paragraph(signs)]), MOMENT)
    assert printable(signs) == signs
    assert printable("ก😀") == f"ก{NO_SHAPE}"


def test_landscape_turns_the_page() -> None:
    assert _media_box(render_pdf(Paper(["ก"], []), MOMENT)) == (595, 842)
    assert _media_box(render_pdf(Paper(["ก"], [], landscape=True), MOMENT)) == (842, 595)


def _media_box(pdf: bytes) -> tuple[int, int]:
    text = pdf + b"".join(_streams(pdf))
    words = text.split(b"/MediaBox")[1].split(b"]")[0].strip(b" [").split()
    return round(float(words[2])), round(float(words[3]))


def _streams(pdf: bytes) -> list[bytes]:
    found = []
    for part in pdf.split(b"stream\n")[1:]:
        try:
            found.append(zlib.decompressobj().decompress(part))
        except zlib.error:
            continue
    return found
