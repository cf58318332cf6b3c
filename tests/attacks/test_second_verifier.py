"""The same bundles before a verifier by other hands: Go's `sumdb/tlog` and `sumdb/note`, of whatever Go is on the machine.

The packages come with the toolchain's own sources, so that nothing is fetched. Where there is no Go, these tests say so by name;
pymerkle and rfc8785 are asked everywhere (tests/history/test_merkle.py, test_canon.py).
"""

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from collab.history.verifier import merkle
from tests.attacks.stage import Bundle, Case, node_of
from tests.attacks.test_bundle_attacks import edit_value, flipped, other_size, sealed_again

SOURCE = Path(__file__).parents[1] / "history" / "second_verifier" / "main.go"
GO = shutil.which("go")
NEEDED = ("mod/sumdb/note", "mod/sumdb/tlog", "crypto/ed25519")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The second verifier, built; in GOPATH mode, because nothing may be fetched."""
    if GO is None:
        pytest.skip("second verifier: there is no Go on this machine (Debian: golang-go)")
    folder = tmp_path_factory.mktemp("second")
    environment = {**os.environ, "GO111MODULE": "off", "GOPATH": str(folder), "GOCACHE": str(folder / "cache"), "GOFLAGS": "", "GOPROXY": "off"}  # fmt: skip
    root = Path(subprocess.run([GO, "env", "GOROOT"], capture_output=True, text=True, check=True).stdout.strip())
    for name in NEEDED:
        came_with_go = root / "src" / "cmd" / "vendor" / "golang.org" / "x" / name
        if came_with_go.is_dir():
            shutil.copytree(came_with_go, folder / "src" / "golang.org" / "x" / name)
    if not (folder / "src" / "golang.org" / "x" / "mod" / "sumdb" / "tlog").is_dir():
        pytest.skip("second verifier: this Go came without the sources of sumdb/tlog (Debian: golang-src)")
    built = folder / "second"
    subprocess.run([GO, "build", "-o", str(built), str(SOURCE)], env=environment, check=True, timeout=300)
    return built


def proofs_of(bundle: Bundle, *, wrong: str = "") -> list[dict[str, object]]:
    """Return our inclusion proofs of every tenth event of a whole log; ``wrong`` spoils the last one."""
    leaves = bundle.leaves
    node = node_of(leaves)
    made = [
        {"index": at, "leaf": base64.b64encode(leaves[at]).decode(),
         "path": [base64.b64encode(step).decode() for step in merkle.inclusion_path(at, len(leaves), node)]}
        for at in range(0, len(leaves), 10)
    ]  # fmt: skip
    if wrong == "index":
        made[-1]["index"] = made[-2]["index"]
    if wrong == "leaf":
        made[-1]["leaf"] = made[-2]["leaf"]
    return made


def ask(program: Path, case: Case, bundle: Path, proofs: list[dict[str, object]], folder: Path) -> tuple[int, str]:
    (folder / "proofs.json").write_text(json.dumps(proofs), encoding="utf-8")
    keys = [str(case.log_key.verifier), *(str(key.verifier) for key in case.witnesses)]
    done = subprocess.run([program, bundle, folder / "proofs.json", *keys], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout.strip()


def test_it_agrees_on_the_whole_log(program: Path, case: Case, tmp_path: Path) -> None:
    """Root, inclusion, consistency, the manifest's own tree, the log's signature and the witnesses' cosignatures."""
    bundle = Bundle.read(case.bundle)
    proofs = proofs_of(bundle)
    code, said = ask(program, case, case.bundle, proofs, tmp_path)
    assert code == 0, said
    answer = json.loads(said)
    assert set(answer.pop("signers")) == {case.log_key.name, *(key.name for key in case.witnesses)}
    assert answer == {
        "size": len(bundle.lines), "whole": True, "inclusions": len(proofs), "priors": 1, "heads": len(bundle.files["heads.jsonl"].splitlines()),
    }  # fmt: skip


def test_it_agrees_on_the_bundle_of_one_stream(program: Path, case: Case, tmp_path: Path) -> None:
    code, said = ask(program, case, case.one_stream, [], tmp_path)
    assert code == 0, said
    assert json.loads(said)["whole"] is False


FORGERIES = {"an edited value": (edit_value, "root"), "a flipped bit": (flipped, "note"), "another size": (other_size, "note")}


@pytest.mark.parametrize("name", FORGERIES)
def test_it_refuses_what_ours_refuses(name: str, program: Path, case: Case, tmp_path: Path) -> None:
    forge, what = FORGERIES[name]
    forged = forge(Bundle.read(case.bundle), case).write(tmp_path / "forged.zip")
    code, said = ask(program, case, forged, [], tmp_path)
    assert (code, said.partition(":")[0]) == (1, what)
    assert case.judge(forged).code == 1


def test_it_refuses_a_tree_that_does_not_continue_an_earlier_one(program: Path, case: Case, tmp_path: Path) -> None:
    """Written anew with all keys: the earlier checkpoint in the bundle stays the one that was cosigned."""
    forged = sealed_again(edit_value(Bundle.read(case.bundle), case), case).write(tmp_path / "forged.zip")
    code, said = ask(program, case, forged, [], tmp_path)
    assert (code, said.partition(":")[0]) == (1, "consistency")


@pytest.mark.parametrize("wrong", ["index", "leaf"])
def test_it_refuses_a_wrong_proof(wrong: str, program: Path, case: Case, tmp_path: Path) -> None:
    code, said = ask(program, case, case.bundle, proofs_of(Bundle.read(case.bundle), wrong=wrong), tmp_path)
    assert (code, said.partition(":")[0]) == (1, "inclusion")
