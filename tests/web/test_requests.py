"""Log lines name the request they belong to, and say nothing that opens a door."""

import io
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from collab.factory import Core, create_app
from collab.kernel import logs
from config import LogFormat


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What is logged as JSON while a test runs."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.JsonFormatter())
    logger = logging.getLogger("collab")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield stream
    logger.removeHandler(handler)
    logger.setLevel(before)


def read(lines: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.getvalue().splitlines()]


@pytest.fixture
def told(core: Core) -> Flask:
    """The application of an installation that logs JSON."""
    return create_app(replace(core, settings=replace(core.settings, log_format=LogFormat.JSON)))


def test_each_request_is_one_line_with_its_id(told: Flask, lines: io.StringIO) -> None:
    answer = told.test_client().get("/healthz", headers={"X-Request-Id": "from-the-proxy-1"})
    (line,) = read(lines)
    assert {name: line[name] for name in ("message", "request_id", "method", "rule", "status", "user")} == {
        "message": "request", "request_id": "from-the-proxy-1", "method": "GET", "rule": "/healthz", "status": 200, "user": "",
    }  # fmt: skip
    assert line["milliseconds"] >= 0
    assert answer.headers["X-Request-Id"] == "from-the-proxy-1"
    assert logs.spoken_of() == {}, "the next thing that this thread does is no part of the request"


def test_a_link_that_works_for_whoever_reads_it_is_not_logged(told: Flask, lines: io.StringIO) -> None:
    told.test_client().get("/password/reset/sesame-open-up")
    assert "sesame" not in lines.getvalue()
    assert len(read(lines)) == 1


def test_what_goes_wrong_is_logged_with_the_id_that_the_page_shows(told: Flask, lines: io.StringIO) -> None:
    def fail() -> str:
        raise RuntimeError("unforeseen")

    told.view_functions["web.healthz"] = fail
    told.config["PROPAGATE_EXCEPTIONS"] = False
    answer = told.test_client().get("/healthz")
    first, _request = read(lines)
    assert (first["message"], first["request_id"]) == ("unexpected error", answer.headers["X-Request-Id"])
    assert answer.headers["X-Request-Id"] in answer.text


def test_who_reads_the_console_is_spared(app: Flask, lines: io.StringIO) -> None:
    app.test_client().get("/healthz")
    assert lines.getvalue() == ""
