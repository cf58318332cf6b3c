"""A plugin for one run of pytest in which every test of the register lacks the guard that it tests; what came of it goes to a file.

`test_register.py` starts such a run: a test that still passes in it proves nothing.
"""

import json
import os
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.attacks.guards import switch_off
from tests.attacks.register import GUARDS

REPORT = "COLLAB_BLIND_REPORT"
_outcomes: dict[str, str] = {}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Run a test without its guard."""
    with pytest.MonkeyPatch.context() as patch:
        switch_off(GUARDS[item.nodeid], patch)
        return (yield)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note what became of a test; a fault outside the test itself is no failing of it."""
    if report.when == "call" or report.outcome != "passed":
        _outcomes[report.nodeid] = report.outcome if report.when == "call" else f"{report.outcome} in {report.when}"


def pytest_sessionfinish() -> None:
    """Write down what was noted."""
    Path(os.environ[REPORT]).write_text(json.dumps(_outcomes), encoding="utf-8")
