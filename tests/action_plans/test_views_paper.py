"""Views of a plan on paper."""

from collections.abc import Callable
from datetime import date, datetime
from types import SimpleNamespace

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from collab.action_plans import documents
from collab.action_plans.models import ActionPlan
from collab.kernel.targets import Ref
from tests.action_plans.test_views import add_many
from tests.factories.world import World

Browse = Callable[[str], FlaskClient]


@pytest.mark.parametrize(
    "name", ["table.pdf", "timeline.pdf", "month.pdf?month=2026-11", "table.pdf?state=done", "timeline.pdf?state=done"]
)
def test_papers(
    browse: Browse, session: Session, world: World, now: datetime, draft: ActionPlan, authority: Ref, name: str
) -> None:
    add_many(session, world, now, draft, authority, 25)
    answer = browse("coordinator").get(f"/action-plans/{draft.id}/{name}")
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert answer.data.startswith(b"%PDF-")
    assert browse("clerk_outside").get(f"/action-plans/{draft.id}/{name}").status_code == 404


def test_a_month_says_what_runs_and_what_should_have_run() -> None:
    line = SimpleNamespace(
        starts_on=date(2026, 12, 31),
        due_on=date(2027, 2, 1),
        baseline_starts_on=date(2026, 11, 30),
        baseline_due_on=date(2027, 1, 1),
    )
    months = documents.months_between(date(2026, 10, 1), date(2027, 3, 31))
    assert [documents.sign_of(line, month) for month in months] == ["", "□", "■", "■", "■", ""]  # type: ignore[arg-type]
