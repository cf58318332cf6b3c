"""The canonical form: equal to RFC 8785 within the profile, strict beyond it; commitments hide and bind."""

import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from collab.history import canon

KEYS = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-canon.LARGEST_INT, canon.LARGEST_INT)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)


@given(VALUES)
def test_the_profile_equals_rfc_8785(value: object) -> None:
    assert canon.encode(value) == rfc8785.dumps(value)


@given(VALUES)
def test_what_is_encoded_is_read_back(value: object) -> None:
    assert canon.decode(canon.encode(value)) == value


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1.0}',
        b'{"a":1,"a":1}',
        b'{ "a":1}',
        b'{"b":1,"a":1}',
        b'{"a":"\\u0e01"}',
        b'{"A":1}',
        b'{"a":9007199254740992}',
        b'\xef\xbb\xbf{"a":1}',
        b'{"a":"\xff"}',
        b'{"a":"\\ud800"}',
        b'{"a":NaN}',
        b'{"a":1}\n',
        b"",
    ],
)
def test_other_spellings_are_refused(data: bytes) -> None:
    with pytest.raises((canon.NotCanonical, json.JSONDecodeError)):
        canon.decode(data)


def test_a_commitment_needs_the_whole_salt() -> None:
    salt = b"s" * 31
    with pytest.raises(canon.NotCanonical):
        canon.commitment(salt, "state.name", "x")
    with pytest.raises(canon.NotCanonical):
        canon.commitment(salt + b"ss", "state.name", "x")


def test_a_commitment_binds_value_and_place() -> None:
    salt = canon.new_salt()
    first = canon.commitment(salt, "state.name", "สมชาย")
    assert first != canon.commitment(salt, "state.name", "สมหญิง")
    assert first != canon.commitment(salt, "state.email", "สมชาย")
    assert first != canon.commitment(canon.new_salt(), "state.name", "สมชาย")
