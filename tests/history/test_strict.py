"""The reader of events knows forms by which most are read quickly; it must judge exactly as the long way does."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from collab.history import canon
from collab.history.verifier import strict

ORIGIN = "test/log"
SALT = "ab" * 32


def body(**values: Any) -> dict[str, Any]:
    """Return an event's body with ``values`` over the common ones."""
    return {
        "v": 1, "log": ORIGIN, "id": "e1", "stream": "plan/1", "seq": 1, "prev": "0" * 64, "action": "item.edited", "outcome": "done",
        "subject": {"type": "item", "id": "s1", "ver": 3}, "obo": None, "reason_c": None, "authority": {"kind": "none"}, "att": [],
        "actor": {"id": "a", "kind": "person", "job": None, "roles": ["clerk@organisation"], "org": None, "aal": 1},
        "state": {"progress": 10, "due_on": "2027-01-31", "is_open": True, "days": [1, 2], "done": None}, "state_c": {"title": SALT},
        "changes": [{"f": "progress", "o": 5, "n": 10}, {"f": "title", "oc": None, "nc": SALT}],
        "occurred": "2026-11-20T03:00:00.000000Z", "occurred_src": "system", "late": False, "second": None, "corrects": None,
        "recorded": "2026-11-20T03:00:00.000000Z", "req": "r", "cause": None, "app": "0.1.0",
    } | values  # fmt: skip


GOOD = canon.encode(body())


@pytest.fixture(autouse=True)
def _nothing_learned() -> Iterator[None]:
    forget()
    yield
    forget()


def forget() -> None:
    """Forget all forms."""
    strict._forms.clear()
    strict._learned.clear()


def judged(line: bytes) -> strict.Checked:
    """Return what is found in ``line``, as an event after which nothing follows."""
    return strict.check_chunk(1, ORIGIN, [line], [{"n": 1, "path": "state.title", "salt": SALT, "value": "x"}])


def both_ways(line: bytes) -> strict.Checked:
    """Return what is found when forms are known, after making sure that the long way finds the same."""
    forget()
    long_way = judged(line)
    forget()
    judged(GOOD)
    assert strict._by_form(GOOD.decode()) is not None
    quick = judged(line)
    assert quick == long_way
    return quick


def test_an_event_like_one_that_was_read_is_known_by_its_form() -> None:
    judged(GOOD)
    other = canon.encode(body(id="e2", state={"progress": -7, "due_on": None, "is_open": False, "days": [], "done": "x"}))
    event = strict._by_form(other.decode())
    assert event is not None
    assert (event.id, event.stream, event.seq, event.made) == ("e2", "plan/1", 1, {"state.title": SALT})
    assert strict._event_of(strict.read_event(other)) == event


@pytest.mark.parametrize(
    "values",
    [
        {"seq": 2**53 - 1},
        {"seq": 0},
        {"seq": "1"},
        {"reason_c": SALT},
        {"reason_c": ""},
        {"reason_c": 7},
        {"late": True, "second": "p", "reason_c": SALT},
        {"late": True, "second": "", "reason_c": SALT},
        {"late": "true", "second": "p", "reason_c": SALT, "occurred": "2020-01-01T00:00:00.000000Z"},
        {"late": 1, "second": 1, "reason_c": SALT, "occurred": "2020-01-01T00:00:00.000000Z"},
        {"occurred": "2020-01-01T00:00:00.000000Z"},
        {"occurred": "2569-01-01T00:00:00.000000Z"},
        {"recorded": None},
        {"log": "another"},
        {"id": 5},
        {"stream": ["plan/1"]},
        {"changes": []},
        {"changes": {}},
        {"changes": [{"f": "title", "oc": SALT, "nc": None}]},
        {"changes": [{"f": "title", "oc": SALT, "nc": 3}]},
        {"changes": [{"f": "title", "nc": SALT}]},
        {"changes": [{"f": "reason", "oc": None, "nc": SALT}, {"f": "title", "oc": None, "nc": "cd" * 32}]},
        {"att": ["x"]},
        {"att": "x"},
        {"att": None},
        {"obo": ["x"]},
        {"actor": "x"},
        {"subject": None},
        {"att": [{"id": "d", "sha256": SALT, "len": "3"}]},
        {"state": {"progress": 10, "due_on": "a \\ and a \" and a line\n", "is_open": True, "days": [1], "done": None}},
        {"state": {"progress": 10, "due_on": {"a": 1}, "is_open": True, "days": [[1]], "done": None}},
        {"state": {}},
        {"state": None},
        {"authority": {"kind": "resolution", "id": "x", "clause": ""}},
    ],
)  # fmt: skip
def test_the_form_and_the_long_way_agree_on_values(values: dict[str, Any]) -> None:
    both_ways(json.dumps(body(**values), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode())


@pytest.mark.parametrize(
    "spoil",
    [
        lambda line: line.replace(b":10", b":10.0"),
        lambda line: line.replace(b":10", b":1e1"),
        lambda line: line.replace(b":10", b":010"),
        lambda line: line.replace(b":10", b":-0"),
        lambda line: line.replace(b":10", b":+1"),
        lambda line: line.replace(b":10", b":NaN"),
        lambda line: line.replace(b":10", b":9007199254740993"),
        lambda line: line.replace(b":10", b": 10"),
        lambda line: line.replace(b'"r"', b'"\\u0072"'),
        lambda line: line.replace(b'"r"', b'"\\/"'),
        lambda line: line.replace(b'"r"', b'"\t"'),
        lambda line: line.replace(b'"r"', b'"\x00"'),
        lambda line: line.replace(b'"r"', b'"\xff"'),
        lambda line: line.replace(b'"r"', b'"\xed\xa0\x80"'),
        lambda line: line.replace(b'"r"', b'"r","req":"r"'),
        lambda line: line.replace(b'"done":null', b'"done":null,"done":null'),
        lambda line: line.replace(b'"days":[1,2],"done":null', b'"done":null,"days":[1,2]'),
        lambda line: line.replace(b"[1,2]", b"[1,2,]"),
        lambda line: line.replace(b"[1,2]", b"[1 ,2]"),
        lambda line: line.replace(b'"f":"title","nc":', b'"nc":"x","f":"title","nc":'),
        lambda line: line.replace(b'"is_open":true', b'"is_open":True'),
        lambda line: b"\xef\xbb\xbf" + line,
        lambda line: line + b" ",
        lambda line: line + b"\r",
        lambda line: line[:-1],
        lambda line: line + line,
    ],
)
def test_what_is_not_canonical_is_refused_by_the_form_as_by_the_long_way(spoil: Callable[[bytes], bytes]) -> None:
    assert spoil(GOOD) != GOOD
    found = both_ways(spoil(GOOD))
    assert [fault.mechanism for fault in found.faults] == ["CANON"]


def test_characters_beyond_ascii_need_no_escape() -> None:
    found = both_ways(canon.encode(body(req="ก\u2028\x7f😀")))
    assert {fault.mechanism for fault in found.faults} == {"COMMIT"}


def test_a_bundle_cannot_make_the_reader_remember_without_end() -> None:
    for number in range(strict._MOST_OF_ACTION + 5):
        judged(canon.encode(body(state={f"field_{number}": 1})))
    assert len(strict._forms["item.edited"]) == strict._MOST_OF_ACTION


def test_an_endless_event_is_not_remembered() -> None:
    judged(canon.encode(body(req="x" * strict._LONGEST)))
    assert strict._forms == {}
