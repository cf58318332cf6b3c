"""What the tables of a plan share: in whose chain of events their changes are written."""

from typing import Any
from uuid import UUID


def plan_stream(row: Any) -> tuple[str, UUID]:
    """Return the stream of the plan to which ``row`` belongs."""
    return ("action_plan", row.plan_id)
