"""Names of downloads: Thai ones too go over the wire, which takes no letter beyond Latin-1 in a header (RFC 9110, 5.5)."""

from urllib.parse import unquote

import pytest
from flask import Flask

from collab.web.downloads import PDF, download


@pytest.mark.parametrize("name", ["รายงานการประชุม 3-2570.pdf", "แผน “ร่วม”; 😀.xlsx", "plain.csv", 'a"b\\c.csv'])
def test_any_name_can_be_sent(app: Flask, name: str) -> None:
    with app.test_request_context():
        answer = download(b"%PDF-", PDF, name)
    header = answer.headers["Content-Disposition"]
    header.encode("latin-1")
    assert header.startswith("attachment")
    assert name.isascii() or unquote(header.split("UTF-8''")[1]) == name


def test_a_number_with_a_stroke_is_no_folder(app: Flask) -> None:
    with app.test_request_context():
        assert "3-2570" in download(b"", PDF, "ทส 3/2570.pdf").headers["Content-Disposition"]
