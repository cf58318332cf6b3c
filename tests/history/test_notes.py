"""Signatures and notes: RFC 8032's vectors, agreement with OpenSSL, what is refused, policies."""

import base64
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collab.history.sealing.keys import KeyTrouble, make_key, read_key, verify_with_openssl
from collab.history.verifier import ed25519, notes

ORDER = 2**252 + 27742317777372353535851937790883648493
#: RFC 8032, 7.1: (public key, message, signature), each in hexadecimal.
VECTORS = [
    ("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
    ("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
    ("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "message", "signature"), VECTORS)
def test_the_vectors_of_the_rfc(key: str, message: str, signature: str) -> None:
    public, text, signed = bytes.fromhex(key), bytes.fromhex(message), bytes.fromhex(signature)
    assert ed25519.ed25519_verify(public, text, signed)
    assert not ed25519.ed25519_verify(public, text + b"x", signed)
    more = (int.from_bytes(signed[32:], "little") + ORDER).to_bytes(32, "little")
    assert not ed25519.ed25519_verify(public, text, signed[:32] + more), "s + L is a second signature of the same text"
    assert not ed25519.ed25519_verify(public, text, signed[:-1])


@pytest.mark.parametrize(
    "public", [(1).to_bytes(32, "little"), bytes(32), (2**255 - 19 - 1).to_bytes(32, "little"), b"\xff" * 32]
)
def test_keys_of_small_order_and_outside_the_curve_are_refused(public: bytes) -> None:
    assert not ed25519.ed25519_verify(public, b"anything", (1).to_bytes(32, "little") + bytes(32))


def test_a_signature_cannot_be_bent(tmp_path: Path) -> None:
    """Attack 54: s + L is another signature of the same text by whoever saw the first."""
    key = make_key(tmp_path / "key", "x")
    signed = key.private.sign(b"text")
    bent = signed[:32] + (int.from_bytes(signed[32:], "little") + ORDER).to_bytes(32, "little")
    assert ed25519.ed25519_verify(key.verifier.public, b"text", signed)
    assert not ed25519.ed25519_verify(key.verifier.public, b"text", bent)


def test_one_signature_for_many_texts_under_a_key_of_small_order_is_refused() -> None:
    """Attack 54: with the neutral point as key, the neutral point and s = 0 would sign everything."""
    neutral = (1).to_bytes(32, "little")
    assert not any(ed25519.ed25519_verify(neutral, text, neutral + bytes(32)) for text in (b"a", b"b"))


@settings(max_examples=15, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 511))
def test_the_two_verifiers_agree(tmp_path_factory: pytest.TempPathFactory, message: bytes, bit: int) -> None:
    key = make_key(tmp_path_factory.mktemp("key") / "key", "x")
    signature = key.private.sign(message)
    flipped = bytearray(signature)
    flipped[bit // 8] ^= 1 << bit % 8
    for candidate in (signature, bytes(flipped)):
        expected = verify_with_openssl(key.verifier.public, message, candidate)
        assert ed25519.ed25519_verify(key.verifier.public, message, candidate) == expected == (candidate == signature)


def test_a_key_survives_its_file_and_damage_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "key"
    made = make_key(path, "log.example/1")
    assert path.stat().st_mode & 0o777 == 0o600
    assert str(read_key(path).verifier) == str(made.verifier)
    assert notes.parse_key(str(made.verifier)) == made.verifier
    path.write_text(path.read_text().replace("log.example/1", "log.example/2"))
    with pytest.raises(KeyTrouble):
        read_key(path)


def test_go_s_example_key_is_read() -> None:
    key = notes.parse_key("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    text = (
        "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    )
    assert notes.is_signed_by(notes.parse_note(text), key, ed25519.ed25519_verify)


@pytest.mark.parametrize(
    "text",
    ["a\n1\n", "a\n01\n" + base64.b64encode(bytes(32)).decode() + "\n", "a\n1\n" + base64.b64encode(bytes(31)).decode() + "\n",
     "a\n1\n" + base64.b64encode(bytes(32)).decode() + "\nextension\n", "a\n-1\n" + base64.b64encode(bytes(32)).decode() + "\n"],
)  # fmt: skip
def test_other_checkpoints_are_refused(text: str) -> None:
    with pytest.raises(notes.BadNote):
        notes.parse_checkpoint(text)


def test_a_policy_asks_for_a_quorum(tmp_path: Path) -> None:
    log = make_key(tmp_path / "log", "log").verifier
    names = ("sao", "a", "b", "c")
    keys = {name: make_key(tmp_path / name, name, notes.WITNESS_KEY).verifier for name in names}
    text = f"log {log}  # sizes 1-40\n" + "".join(f"witness {name} {key}\n" for name, key in keys.items())
    text += "group towns 2 a b c\ngroup all all sao towns\nquorum all\n"
    policy = notes.parse_policy(text)
    assert policy.logs == [(log, 1, 40)]
    reached = [set(), {"sao"}, {"a", "b", "c"}, {"sao", "a"}, {"sao", "a", "c"}]
    assert [notes.quorum_reached(policy, policy.quorum, found) for found in reached] == [False, False, False, False, True]
    for broken in ("log x\n", f"log {log}\nquorum nobody\n", f"log {log}\ngroup g 2 a\n", "quorum none\n", f"log {log}\nfrob\n"):
        with pytest.raises(notes.BadNote):
            notes.parse_policy(broken)
