"""An auditor who has never seen the product: four questions, and evidence that is verified elsewhere, without a manual.

Only words that stand on the page are followed, from the first screen on.
"""

import json
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.journeys.person import Person

MINUTES = 5
PLAN = "แผนปฏิบัติการร่วม บ่อขยะบ้านพรุ ปีงบประมาณนี้"
ITEM = "จัดหารถบรรทุกขยะแบบอัดท้ายร่วมกัน"


@pytest.fixture
def auditor(browser: Browser, product: str) -> Person:
    return Person(browser, product, "auditor")


def test_an_auditor_finds_everything_and_leaves_with_proof_in_five_minutes(auditor: Person, tmp_path: Path) -> None:
    began = time.monotonic()
    with auditor as person:
        what_changed_in_the_plan(person)
        who_extended_the_item(person)
        was_somebody_reminded(person)
        bundle = take_the_bundle(person, tmp_path)
    verdict(bundle, tmp_path)
    assert time.monotonic() - began < MINUTES * 60


def what_changed_in_the_plan(person: Person) -> None:
    person.press("What changed in a plan or register between two days")
    person.press(PLAN)
    person.sees("From the end of 30 September")
    person.sees("Change of deadline approved")


def who_extended_the_item(person: Person) -> None:
    person.go("/home")
    person.press("Which deadlines were extended, by whom and on whose authority")
    person.press(ITEM)
    person.sees("Change of deadline approved")
    person.sees("Prasert Pentham (invented), Hat Yai City Municipality")
    person.sees("Authority: none named")


def was_somebody_reminded(person: Person) -> None:
    person.go("/home")
    person.press("Whether somebody was reminded")
    person.choose_label("who", "Wari Saithan")
    person.press("Show")
    person.sees("Taken by the mail server, which does not prove that it was received")


def take_the_bundle(person: Person, folder: Path) -> Path:
    person.go("/home")
    person.press("Take evidence away and verify it without this server")
    person.press(PLAN)
    person.press("Ask for the bundle")
    deadline = time.monotonic() + 90
    while person.page.get_by_role("link", name="Look again").count():
        assert time.monotonic() < deadline, "the bundle was not made"
        time.sleep(1)
        person.press("Look again")
    command = person.page.locator("main code", has_text="python3 -I verify.py").first.inner_text().split()
    bundle = save(person, folder, "Take the bundle (ZIP)")
    assert [bundle.name, "--policy", "policy.txt"] == command[3:], "the line to run names the file as it was saved"
    save(person, folder, "Policy to start from")
    save(person, folder, "Verifier (one Python file)")
    return bundle


def save(person: Person, folder: Path, words: str) -> Path:
    """Press what downloads, and keep the file under the name that the browser gives it."""
    main = person.page.locator("main")
    with person.page.expect_download() as waiting:
        main.get_by_role("button", name=words).or_(main.get_by_role("link", name=words)).first.click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def verdict(bundle: Path, folder: Path) -> None:
    """Verify as the page says, with the network away where this machine can take it away; then with one event changed."""
    away = without_network()
    said = run(away, folder, bundle.name)
    # 3: no witness cosigns the demonstration's log, and the verifier says so.
    assert said["code"] == 3, said
    assert said["faults"] == []
    assert "no_witnesses" in json.dumps(said)
    forged = folder / "forged.zip"
    with zipfile.ZipFile(bundle) as honest, zipfile.ZipFile(forged, "w") as out:
        for name in honest.namelist():
            data = honest.read(name)
            out.writestr(name, data.replace(b"deadline.approved", b"deadline.rejected") if name == "events.jsonl" else data)
        assert b"verify_bundle" in honest.read("verify.py")
    assert run(away, folder, forged.name)["code"] == 1


def run(away: list[str], folder: Path, name: str) -> dict[str, object]:
    command = [*away, sys.executable, "verify.py", name, "--policy", "policy.txt", "--json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    found: dict[str, object] = json.loads(done.stdout)
    return {**found, "code": done.returncode}


def without_network() -> list[str]:
    """Return what to write before a command so that it has no network; nothing where that is not allowed."""
    wanted = ["unshare", "--map-root-user", "--net"]
    if shutil.which("unshare") and subprocess.run([*wanted, "true"], capture_output=True).returncode == 0:
        return wanted
    return []


@pytest.mark.parametrize("locale", ["th", "en"])
@pytest.mark.parametrize(
    "path", ["/home", "/audit/compare", "/audit/registers/agreement/compare", "/audit/bundles", "/audit/postponements"]
)
def test_the_pages_on_the_way_fit_a_phone(browser: Browser, product: str, path: str, locale: str) -> None:
    with Person(browser, product, "auditor", locale=locale) as person:
        person.page.set_viewport_size({"width": 360, "height": 740})
        person.go(path)
        assert person.page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
