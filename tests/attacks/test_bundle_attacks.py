"""Attacks 1 to 37 and those of the second list that are made on a bundle, each found by the mechanism that must find it.

Each runs twice: as it is, and with that mechanism's guard switched off, to show that the test can fail.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from collab.history.sealing.keys import make_key
from collab.history.verifier.notes import WITNESS_KEY
from tests.attacks.guards import IN_BUNDLES, switch_off
from tests.attacks.stage import Bundle, Case, canonical, mechanisms

Forge = Callable[[Bundle, Case], Any]


def committee(bundle: Bundle) -> list[int]:
    return bundle.find(lambda body: body["stream"].startswith("committee/"))


def stream_of(bundle: Bundle) -> str:
    found: str = bundle.body(committee(bundle)[0])["stream"]
    return found


def raw(bundle: Bundle, at: int, old: bytes, new: bytes) -> Bundle:
    assert old in bundle.lines[at]
    bundle.lines[at] = bundle.lines[at].replace(old, new, 1)
    return bundle


def sealed_again(bundle: Bundle, case: Case, witnesses: int = 3) -> Bundle:
    return bundle.rechain().retree().sign(case.log_key, case.witnesses[:witnesses], case.moment)


def edit_value(bundle: Bundle, case: Case) -> Bundle:
    at = committee(bundle)[2]
    return bundle.edit(at, state=bundle.body(at)["state"] | {"name_en": "Changed"})


def rewritten(bundle: Bundle, case: Case) -> Bundle:
    return edit_value(bundle, case).rechain().retree()


def swap(bundle: Bundle, first: int, second: int) -> Bundle:
    bundle.lines[first], bundle.lines[second] = bundle.lines[second], bundle.lines[first]
    return bundle


def insert_forged(bundle: Bundle, case: Case) -> Bundle:
    bundle.add_event(stream_of(bundle), action="committee.changed")
    return bundle.rechain().retree()


def signed_event(**changes: Any) -> Forge:
    def forge(bundle: Bundle, case: Case) -> Bundle:
        bundle.add_event(stream_of(bundle), **changes)
        return sealed_again(bundle, case)

    return forge


def self_made_witnesses(bundle: Bundle, case: Case) -> Bundle:
    strangers = [make_key(case.folder / f"stranger-{key.name[:3]}-{id(bundle)}{i}", key.name, WITNESS_KEY) for i, key in enumerate(case.witnesses)]  # fmt: skip
    return rewritten(bundle, case).sign(case.log_key, strangers, case.moment)


def fork(bundle: Bundle, case: Case) -> Bundle:
    size = int(case.prior.split("\n")[1])
    bundle.lines = [*bundle.lines[: size - 20], bundle.lines[-1]]
    return sealed_again(bundle, case)


def nothing_left(bundle: Bundle, case: Case) -> Bundle:
    bundle.lines = []
    bundle.files["leaves.txt"] = b""
    return bundle.set_openings([])


def without_a_stream(bundle: Bundle, case: Case) -> Bundle:
    for at in reversed(committee(bundle)):
        bundle.drop(at)
    return bundle


def other_deployment(bundle: Bundle, case: Case) -> Bundle:
    for at in range(len(bundle.lines)):
        bundle.edit(at, log="elsewhere.example/history")
    bundle.rechain().retree()
    return bundle.sign(case.log_key, case.witnesses, case.moment, origin="elsewhere.example/history")


def other_attachment(bundle: Bundle, case: Case) -> Bundle:
    name = next(name for name in bundle.files if name.startswith("attachments/"))
    bundle.files[name] = b"another evidence"
    return bundle


def in_openings(change: Callable[[list[dict[str, Any]]], None]) -> Forge:
    def forge(bundle: Bundle, case: Case) -> Bundle:
        openings = bundle.openings()
        change(openings)
        return bundle.set_openings(openings)

    return forge


def short_salt(openings: list[dict[str, Any]]) -> None:
    openings[0]["salt"] = openings[0]["salt"][:-2]


def other_name(openings: list[dict[str, Any]]) -> None:
    openings[0]["value"] = "นายอื่น"


def moved(openings: list[dict[str, Any]]) -> None:
    first, second = (line for line in openings if line["n"] == openings[-1]["n"] or True) if len(openings) == 2 else openings[:2]
    first["salt"], second["salt"] = second["salt"], first["salt"]
    first["value"], second["value"] = second["value"], first["value"]


def reused_salt(openings: list[dict[str, Any]]) -> None:
    openings[1]["salt"] = openings[0]["salt"]


def flipped(bundle: Bundle, case: Case) -> Bundle:
    lines = bundle.files["checkpoint.txt"].decode().split("\n")
    lines[4] = lines[4][:-6] + ("A" if lines[4][-6] != "A" else "B") + lines[4][-5:]
    bundle.files["checkpoint.txt"] = "\n".join(lines).encode()
    return bundle


def other_size(bundle: Bundle, case: Case) -> Bundle:
    lines = bundle.files["checkpoint.txt"].decode().split("\n")
    lines[1] = str(int(lines[1]) - 1)
    bundle.files["checkpoint.txt"] = "\n".join(lines).encode()
    return bundle


def old_cosignatures(bundle: Bundle, case: Case) -> Bundle:
    bundle.sign(case.log_key, [], case.moment)
    bundle.files["checkpoint.txt"] += "\n".join(case.prior.split("\n")[5:]).encode()
    return bundle.without("prior/")


def hidden_tail(bundle: Bundle, case: Case) -> Bundle:
    del bundle.lines[committee(bundle)[-1]]
    return sealed_again(bundle, case, witnesses=0).without("prior/")


def hidden_tail_of_one_stream(bundle: Bundle, case: Case) -> Bundle:
    """Leave the last event out and give its leaf hash as a node, as the proof of a smaller bundle rightly would."""
    import base64

    at = committee(bundle)[-1]
    leaf = int(bundle.files["leaves.txt"].split()[at])
    digest = base64.b64encode(bundle.leaves[at])
    bundle.drop(at)
    bundle.files["proof.txt"] += b"0 %d %s\n" % (leaf, digest)
    return bundle


def interior_node(bundle: Bundle, case: Case) -> Bundle:
    """Two leaves' hashes as the text of one event; hashes that hold a line's end would be two events."""
    leaves = bundle.leaves
    pairs = [(at, b"\x01" + leaves[at] + leaves[at + 1]) for at in range(0, len(leaves) - 1, 2)]
    at, node = next((at, node) for at, node in pairs if b"\n" not in node)
    bundle.lines[at] = node
    return bundle


def bogus_table(bundle: Bundle, case: Case) -> Bundle:
    bundle.files["asof/2026-11-21.csv"] = bundle.files["asof/2026-11-21.csv"].replace("ถนน".encode(), "คลอง".encode())
    return bundle


def other_export(bundle: Bundle, case: Case) -> Bundle:
    return bundle.set_manifest(export_event="0190aaaa-0000-7000-8000-00000000ffff")


def own_programs(bundle: Bundle, case: Case) -> Bundle:
    bundle.files["verify.py"] = b"print('CLEAN')"
    own = make_key(case.folder / f"own-{id(bundle)}", case.log_key.name)
    bundle.files["keys.txt"] = str(own.verifier).encode()
    return rewritten(bundle, case).sign(own, [], case.moment)


def replayed(bundle: Bundle, case: Case) -> Bundle:
    other = next(at for at in range(len(bundle.lines)) if bundle.body(at)["stream"] != stream_of(bundle))
    bundle.lines.insert(len(bundle.lines) - 1, canonical(bundle.body(other) | {"stream": stream_of(bundle)}))
    return bundle.rechain().retree()


def look_alike(bundle: Bundle, case: Case) -> Bundle:
    at = next(at for at in committee(bundle) if "น้ำ".encode() in bundle.lines[at])
    return raw(bundle, at, "ำ".encode(), "ํา".encode())


LATER = "2026-11-21T05:30:00.000000Z"
OLD = "2026-11-20T20:00:00.000000Z"
#: number, what is done, the forging, the mechanism that must find it, the auditor holds an earlier checkpoint, nothing else finds it
ATTACKS: list[tuple[int, str, Forge, str, bool, bool]] = [
    (1, "edit a value", edit_value, "ROOT", True, False),
    (1, "edit a value", edit_value, "CHAIN", True, False),
    (2, "delete the last row of a stream", lambda b, c: b.drop(committee(b)[-1]), "ROOT", True, False),
    (3, "delete a middle row", lambda b, c: b.drop(committee(b)[1]), "SEQ", True, False),
    (4, "swap two rows of a stream", lambda b, c: swap(b, *committee(b)[1:3]), "CHAIN", True, False),
    (5, "swap rows of different streams", lambda b, c: swap(b, committee(b)[-1], b.find(lambda x: x["stream"].startswith("document/"))[0]), "ROOT", True, True),
    (6, "back-date the recording", lambda b, c: b.edit(committee(b)[2], recorded=OLD), "CHAIN", True, False),
    (7, "back-date the effect in a signed event", signed_event(occurred="2026-10-01T00:00:00.000000Z"), "BACKDATE", True, True),
    (8, "change the actor", lambda b, c: b.edit(committee(b)[2], actor=b.body(committee(b)[2])["actor"] | {"kind": "nobody"}), "ROOT", True, False),
    (9, "insert a forged event, chained anew", insert_forged, "ROOT", True, False),
    (10, "rewrite all hashes in the database", rewritten, "ROOT", True, False),
    (11, "rewrite with the log's key", lambda b, c: sealed_again(edit_value(b, c), c, 0), "WITNESS", False, True),
    (12, "the same with one witness's key", lambda b, c: sealed_again(edit_value(b, c), c, 1), "WITNESS", False, True),
    (13, "the same with self-made witnesses", self_made_witnesses, "WITNESS", False, True),
    (14, "rewrite with all keys", lambda b, c: sealed_again(edit_value(b, c), c), "PRIOR", True, True),
    (16, "go on from a restored backup (fork)", fork, "PRIOR", True, False),
    (17, "truncate everything", nothing_left, "ROOT", True, False),
    (18, "leave a whole stream out", without_a_stream, "HEADS", True, False),
    (18, "leave a whole stream out", without_a_stream, "ROOT", True, False),
    (19, "Thai look-alike", look_alike, "ROOT", True, False),
    (20, "1 becomes 1.0", lambda b, c: raw(b, committee(b)[1], b'"v":1', b'"v":1.0'), "CANON", True, False),
    (21, "a duplicate key", lambda b, c: raw(b, committee(b)[1], b'"v":1', b'"v":1,"v":1'), "CANON", True, False),
    (22, "white space", lambda b, c: raw(b, committee(b)[1], b'"v":1', b'"v": 1'), "CANON", True, False),
    (23, "escapes", lambda b, c: raw(b, committee(b)[1], b"done", b"d\\u006fne"), "CANON", True, False),
    (24, "replay an event into another stream", replayed, "ROOT", True, False),
    (25, "the log of another deployment", other_deployment, "NOTE", False, False),
    (26, "change an attachment", other_attachment, "FILE", True, True),
    (27, "change a disclosed name", in_openings(other_name), "COMMIT", True, False),
    (28, "a salt of 31 bytes", in_openings(short_salt), "COMMIT", True, False),
    (29, "the clock goes back, signed", signed_event(recorded=OLD, occurred=OLD), "CLOCK", True, False),
    (30, "local time, signed", signed_event(recorded="2026-11-21T10:30:00.000000+07:00"), "TIME", True, False),
    (31, "dated after the witnesses' time", signed_event(recorded=LATER, occurred=LATER), "CLOCK", True, False),
    (32, "a flipped bit in the signature", flipped, "NOTE", True, False),
    (33, "edit the checkpoint's size", other_size, "NOTE", True, False),
    (34, "cosignatures of an older checkpoint", old_cosignatures, "WITNESS", False, True),
    (35, "hide a tail, seal anew, no witnesses", hidden_tail, "WITNESS", False, True),
    (36, "an interior node as a leaf", interior_node, "ROOT", True, False),
    (44, "move an opening to another field", in_openings(moved), "COMMIT", True, False),
    (47, "a salt used twice", in_openings(reused_salt), "COMMIT", True, False),
    (53, "a bundle with its own verifier and keys", own_programs, "NOTE", False, False),
    (58, "a Buddhist year as a Gregorian one", signed_event(occurred="2569-11-21T03:00:00.000000Z"), "TIME", True, True),
    (60, "an edited table beside intact events", bogus_table, "ASOF", True, True),
    (64, "the making of the bundle is not in it", other_export, "EXPORT", True, True),
]  # fmt: skip


def named(attack: tuple[int, str, Forge, str, bool, bool]) -> str:
    return f"{attack[0]:02}-{attack[3]}"


@pytest.mark.parametrize("attack", ATTACKS, ids=named)
def test_it_is_found_and_not_without_its_guard(attack: Any, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    _number, _what, forge, mechanism, with_prior, alone = attack
    bundle = Bundle.read(case.bundle)
    bundle = forge(bundle, case)
    if alone and mechanism != "ASOF":
        bundle.without("asof/")
    path = bundle.write(case.folder / "forged.zip")
    report = case.judge(path, with_prior=with_prior)
    assert report.code == 1
    assert mechanism in mechanisms(report), report.faults[:3]
    switch_off(IN_BUNDLES[mechanism], monkeypatch)
    blind = case.judge(path, with_prior=with_prior)
    assert mechanism not in mechanisms(blind)
    if alone:
        assert blind.code in (0, 3), blind.faults[:3]


def test_the_honest_bundles_are_clean(case: Case) -> None:
    for path in (case.bundle, case.one_stream, case.earlier):
        report = case.judge(path)
        assert (report.code, report.faults) == (0, []), report


def test_what_is_put_together_again_without_change_is_clean(case: Case) -> None:
    """The forger's tools make valid bundles: what the attacks are found by is the attack."""
    assert case.judge(sealed_again(Bundle.read(case.bundle), case)).faults == []


def test_15_an_old_backup_validly_signed(case: Case, tmp_path: Path) -> None:
    newer = Bundle.read(case.bundle).files["checkpoint.txt"].decode()
    case_of_now = Case(**(vars(case) | {"prior": newer}))
    assert mechanisms(case_of_now.judge(case.earlier)) == {"PRIOR"}
    assert case.judge(case.earlier).code == 0, "without the newer checkpoint nothing tells"


def test_35_a_hidden_tail_that_no_witness_saw_is_told_as_such(case: Case) -> None:
    """With the checkpoint that the witnesses did see beside it, the verdict says up to where they saw: the window before witnessing."""
    bundle = Bundle.read(case.bundle)
    del bundle.lines[committee(bundle)[-1]]
    report = case.judge(sealed_again(bundle, case, witnesses=0).without("asof/"))
    assert (report.code, [what for what, _detail in report.reservations]) == (3, ["witnessed_until"])


def test_37_hide_the_end_of_one_stream_with_correct_witnesses(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = hidden_tail_of_one_stream(Bundle.read(case.one_stream), case)
    path = bundle.set_manifest(export_event=None).write(case.folder / "forged.zip")
    bundle.without("asof/")
    path = bundle.write(case.folder / "forged.zip")
    assert mechanisms(case.judge(path)) == {"HEADS"}
    switch_off(IN_BUNDLES["HEADS"], monkeypatch)
    assert case.judge(path).code in (0, 3)


def test_55_a_replaced_key_signs_no_more(case: Case, tmp_path: Path) -> None:
    new = make_key(tmp_path / "new", case.log_key.name)
    policy = case.policy.replace(
        f"log {case.log_key.verifier}", f"log {case.log_key.verifier} # sizes 0-40\nlog {new.verifier} # sizes 41-"
    )
    assert mechanisms(case.judge(case.bundle, policy=policy)) == {"NOTE"}
    handed_over = Bundle.read(case.bundle).sign(new, case.witnesses, case.moment)
    assert case.judge(handed_over, policy=policy).faults == []
    revoked = policy.replace(f"log {case.log_key.verifier} # sizes 0-40\n", "")
    assert "NOTE" in mechanisms(case.judge(Bundle.read(case.bundle), policy=revoked, with_prior=False))


def test_limit_1_all_keys_against_an_auditor_who_kept_nothing(case: Case) -> None:
    """N1: accepted, and the README of every bundle says so."""
    forged = sealed_again(edit_value(Bundle.read(case.bundle), case), case)
    forged.without("asof/")
    assert case.judge(forged, with_prior=False).faults == []


def test_limit_2_a_false_statement_by_who_may_state(case: Case) -> None:
    """N2: accepted; authority documents and second persons are the remedy, not arithmetic."""
    bundle = Bundle.read(case.bundle)
    state = bundle.body(committee(bundle)[-1])["state"] | {"name_en": "A lie"}
    bundle.add_event(stream_of(bundle), state=state)
    bundle.without("asof/")
    assert case.judge(sealed_again(bundle, case)).faults == []
