"""What the sweep asks of each kind every minute is served by an index on the due day, however much is open or over."""

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

#: The tables and columns that hold due days. Meetings and months reckon theirs from few rows: drafts, closed meetings, active plans.
DAYS = [
    ("action_item", "due_on"), ("agreement", "valid_to"), ("agreement", "ratify_by"), ("finding", "due_on"),
    ("finding", "follow_up_on"), ("obligation", "due_on"), ("opinion_request", "due_on"),
]  # fmt: skip


@pytest.mark.parametrize(("table", "day"), DAYS)
def test_an_index_leads_to_the_due_day(session: Session, table: str, day: str) -> None:
    found = session.scalars(sa.text("SELECT indexdef FROM pg_indexes WHERE tablename = :table"), {"table": table}).all()
    assert any(f"({day}" in text or f"state, {day}" in text or f"committee_id, {day}" in text for text in found), found
