"""Attack 65, on the suite itself: no attack of the design is missing, and no test of one passes when its guard is switched off."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.attacks.blind import REPORT
from tests.attacks.register import GUARDS, REGISTER, VACUITY
from tests.attacks.test_bundle_attacks import ATTACKS, named
from tests.attacks.test_database_attacks import HOSTILE, TAMPERING

ROOT = Path(__file__).parents[2]


def test_every_attack_of_the_design_is_in_the_register() -> None:
    assert sorted([*REGISTER, VACUITY]) == list(range(1, 66))
    assert all(tries for _what, tries in REGISTER.values())


def test_every_forgery_and_every_tampering_is_in_the_register() -> None:
    # pytest writes a backslash in a test's name twice.
    known = {test.partition("[")[2].removesuffix("]").replace("\\\\", "\\") for test in GUARDS}
    assert {named(attack) for attack in ATTACKS} | set(TAMPERING) | set(HOSTILE) <= known


def test_65_every_test_of_an_attack_fails_without_its_guard(tmp_path: Path) -> None:
    """One run of pytest with all of them; a test that is not there, or fails before it begins, counts as one that passed."""
    command = [sys.executable, "-m", "pytest", "-q", "--no-header", "--tb=line", "-p", "tests.attacks.blind",
               "-p", "no:cacheprovider", "-p", "no:xdist", *GUARDS]  # fmt: skip
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, REPORT: str(tmp_path / "outcomes")}, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 1, done.stdout[-2000:] + done.stderr[-1000:]
    outcomes = json.loads((tmp_path / "outcomes").read_text(encoding="utf-8"))
    assert {test: outcomes.get(test, "missing") for test in GUARDS if outcomes.get(test) != "failed"} == {}
