"""A working Monday, and the made-up kind of things that can be due."""

from datetime import UTC, datetime

import pytest

from tests.factories import reminders
from tests.factories.reminders import Errands

#: Monday 23 November 2569, 10.00 in Bangkok; the fixed instant of the house is a Saturday.
MONDAY = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    """A working day."""
    return MONDAY


@pytest.fixture
def errands(monkeypatch: pytest.MonkeyPatch, database: object) -> Errands:
    """The open errands, none at first. Registered after the areas, so that it alone is due."""
    return reminders.errands(monkeypatch)
