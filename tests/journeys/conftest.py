"""The product as a stranger starts it, and a browser in front of it. A missing browser is a failure where CI asks for one."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).parents[2]
START_SECONDS = 240
#: What overseers look at; see `Halves`.
OVERSEERS = re.compile(r"/test_(auditor|operations)\.py|test_pages_in_thai\[(admin|auditor|chair|coordinator)\]")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


def chromium() -> str | None:
    """Return the browser of this machine."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if chromium() is None and os.environ.get("COLLAB_REQUIRE_BROWSER") != "1":
        for item in items:
            if "journeys" in str(item.path):
                item.add_marker(pytest.mark.skip(reason="no Chromium on this machine"))


class Halves(LoadScopeScheduling):  # type: ignore[misc]
    """Two processes (`-n 2`) share the journeys, each with a product and a browser of its own.

    Always these and always the others, so that every page is looked at with the same data: overseers see what auditors took and who
    paused a job. xdist's own groups come to nothing with pytest 9 (it writes them where the name of a test is no longer read).
    """

    def _split_scope(self, nodeid: str) -> str:
        return "overseers" if OVERSEERS.search(nodeid) else "others"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Halves:
    return Halves(config, log)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the product, started by its own launcher with the demonstration's data."""
    port, folder = free_port(), tmp_path_factory.mktemp("product")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COLLAB_")}
    environment |= {"COLLAB_PORT": str(port), "COLLAB_STATE_DIR": str(folder)}
    log = (folder / "product.log").open("wb")
    command = [sys.executable, "-m", "collab.web.launcher", "up"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(process, address, folder / "product.log")
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        log.close()


def _wait(process: "subprocess.Popen[bytes]", address: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise AssertionError("the product did not start:\n" + log.read_text(encoding="utf-8", errors="replace")[-3000:])


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, once for all journeys."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        yield opened
        opened.close()
