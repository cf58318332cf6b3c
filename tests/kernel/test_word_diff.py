"""Differences of texts by Thai words."""

from hypothesis import given, settings
from hypothesis import strategies as st

from collab.kernel import word_diff
from collab.kernel.word_diff import Change, Piece, compare_words, split_words

THAI = st.text(alphabet="กขคงจชตนมรลวสหอะาิีึืุูเแโใไ่้๊๋์ำๆฯ๐๑๒ \nab12.,-", max_size=80)
WORDS = st.lists(
    st.sampled_from(["ตรวจวัด", "กลิ่น", "น้ำชะขยะ", "ทุก", "สาม", "หก", "เดือน", " ", "\n", "ปี", "12", "km"]), max_size=30
).map("".join)


def parts(pieces: list[Piece], *changes: Change) -> str:
    return "".join(piece.text for piece in pieces if piece.change in changes)


@settings(max_examples=60, deadline=None)
@given(st.one_of(THAI, WORDS, st.text(max_size=40)), st.one_of(THAI, WORDS, st.text(max_size=40)))
def test_the_pieces_make_both_texts_again(old: str, new: str) -> None:
    pieces = compare_words(old, new)
    assert parts(pieces, Change.KEPT, Change.ADDED) == new
    assert parts(pieces, Change.KEPT, Change.REMOVED) == old
    assert all(piece.text for piece in pieces)


def test_only_the_word_that_changed_is_marked() -> None:
    pieces = compare_words("ขอให้ตรวจวัดกลิ่นทุกสามเดือน", "ขอให้ตรวจวัดกลิ่นทุกหกเดือน")
    assert parts(pieces, Change.REMOVED) == "สาม"
    assert parts(pieces, Change.ADDED) == "หก"


def test_words_are_not_cut_into_characters() -> None:
    assert split_words("จัดเก็บขยะมูลฝอย") == ["จัดเก็บ", "ขยะมูลฝอย"]
    assert split_words("the fee is 350") == ["the", " ", "fee", " ", "is", " ", "350"]


def test_texts_too_long_to_compare_are_shown_as_replaced() -> None:
    old, new = "a " * 30 + "x", "b " * 30 + "y"
    limit, word_diff.MOST_PAIRS = word_diff.MOST_PAIRS, 100
    try:
        assert compare_words(old, new) == [Piece(Change.REMOVED, old), Piece(Change.ADDED, new)]
    finally:
        word_diff.MOST_PAIRS = limit
