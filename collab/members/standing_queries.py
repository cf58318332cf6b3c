"""Who is away on a day, and who acts for them: one rule for reminders and for all that calls an office."""

from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session, aliased

from collab.members.models import Absence, Deputy, User
from collab.members.queries import in_force_on


def away_on(day: date) -> sa.Subquery:
    """Return who is away on ``day``. Few rows, reckoned once."""
    there = sa.and_(Absence.removed_at.is_(None), Absence.first_day <= day, Absence.last_day >= day)
    return sa.select(Absence.user_id).where(there).distinct().subquery()


def stand_ins_on(day: date) -> sa.Subquery:
    """Return who is away on ``day`` and who acts for them: the deputy named last of those who are there. Few rows, reckoned once."""
    return (
        sa.select(Deputy.user_id, Deputy.deputy_id)
        .ext(postgresql.distinct_on(Deputy.user_id))
        .join(User, User.id == Deputy.deputy_id)
        .where(
            in_force_on(Deputy, day), User.disabled_at.is_(None), _is_away(Deputy.user_id, day),
            sa.not_(_is_away(Deputy.deputy_id, day)),
        )
        .order_by(Deputy.user_id, Deputy.valid_from.desc(), Deputy.id)
        .subquery()
    )  # fmt: skip


def _is_away(person_id: Any, day: date) -> sa.Exists:
    absence = aliased(Absence)
    return sa.exists().where(
        absence.user_id == person_id, absence.removed_at.is_(None), absence.first_day <= day, absence.last_day >= day
    )


def deputies_on(session: Session, user_ids: Collection[UUID], day: date) -> dict[UUID, User]:
    """Return who acts for whom on ``day``: of the people ``user_ids``, those who are away and have a deputy who is there, to the deputy."""
    acting = stand_ins_on(day)
    rows = session.execute(
        sa.select(acting.c.user_id, User).join(User, User.id == acting.c.deputy_id).where(acting.c.user_id.in_(user_ids))
    )
    return {row.user_id: row.User for row in rows}
