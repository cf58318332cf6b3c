"""Cursors stand in addresses, where anybody can write: one that was not made for the list means the first page, never a fault."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from collab.kernel.paging import Key, keyset
from collab.members.models import CommitteeRules, Organisation, RoleAssignment, UserSession
from tests.factories.world import World

ID = {"u": "01a1fe375dd2740395a2c523ccd78abc"}
#: Well-formed, and mostly of the wrong kind: a list has one or two keys (number, day, instant, text, bytes, id).
WRONG: dict[str, Any] = {
    "text": "x", "number": 7, "huge": 10**400, "infinite": float("inf"), "fraction": 1.5, "true": True, "nothing": None, "list": [],
    "id": ID, "day": {"d": "2026-11-21"}, "first day": {"d": "0001-01-01"}, "instant": {"t": "2026-11-21T00:00:00+00:00"},
    "instant without zone": {"t": "2026-11-21T00:00:00"}, "first instant": {"t": "0001-01-01T00:00:00+14:00"},
    "last instant": {"t": "9999-12-31T23:59:59-14:00"}, "bytes": {"b": "00ff"}, "nul": "a\x00b", "half a letter": "\ud800",
}  # fmt: skip
COLUMNS = {
    "text": Organisation.lao_code, "number": CommitteeRules.notice_days, "day": RoleAssignment.valid_from, "instant": UserSession.seen_at,
    "bytes": Organisation.sort_key, "id": RoleAssignment.user_id,
}  # fmt: skip
DEEP = base64.b64encode(b"[" * 1400).decode()


def cursor_of(payload: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(payload).encode()).decode().rstrip("=")


@pytest.mark.parametrize("column", sorted(COLUMNS))
@pytest.mark.parametrize("kind", sorted(WRONG))
def test_a_cursor_of_another_list_means_the_first_page(session: Session, world: World, column: str, kind: str) -> None:
    key = COLUMNS[column]
    for direction in ("n", "p"):
        page = keyset(session, sa.select(key), (Key(key, lambda row: row[0]),), cursor_of([direction, WRONG[kind]]))
        assert page.rows or kind in (column, "first " + column, "last " + column) or key.class_ is UserSession


def test_a_cursor_that_nests_deeply_or_is_long_means_the_first_page(session: Session, world: World) -> None:
    key = RoleAssignment.user_id
    for cursor in (DEEP, cursor_of(["n", "x" * 4000]), "n" * 100_000):
        assert keyset(session, sa.select(key), (Key(key, lambda row: row[0]),), cursor).rows


@pytest.mark.parametrize("who", ["administrator", "auditor", "coordinator"])
def test_no_cursor_is_a_fault_of_the_server(app: Flask, browse: Callable[[str], FlaskClient], who: str) -> None:
    client = browse(who)
    lists = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.arguments and rule.endpoint != "static"
    ]
    one, two = (
        [["n", WRONG[kind]] for kind in ("text", "instant")],
        [["n", value, "x"] for value in ("x", 7, {"d": "2026-11-21"})],
    )
    cursors = [*map(cursor_of, one + two), DEEP]
    for path in lists:
        if client.get(path).status_code == 200:
            codes = {cursor: client.get(path, query_string={"cursor": cursor}).status_code for cursor in cursors}
            assert not {cursor: code for cursor, code in codes.items() if code >= 500}, path
