"""A made-up kind of things that can be due, so that reminders are tested without any area above them."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab import history
from collab.kernel import targets
from collab.kernel.access import Actor, job_actor
from collab.kernel.i18n import lazy
from collab.kernel.ids import new_id
from collab.kernel.paging import AnySelect
from collab.kernel.targets import TargetInfo, TargetKind
from collab.members.models import Absence, Deputy
from collab.reminders import registry, service
from collab.reminders.models import Audience, ReminderRule
from collab.reminders.registry import DueKind
from tests.factories.world import World

KIND, PLAN_KIND = "made_up", "made_up_plan"


@dataclass
class Errands:
    """What is open of the made-up kind; ``seen_by`` are those who may see it (None: everybody)."""

    rows: dict[UUID, tuple[date, UUID | None, UUID | None, UUID | None]] = field(default_factory=dict)
    seen_by: set[UUID | None] | None = None
    lost: set[UUID] = field(default_factory=set)
    #: Plans of errands, by errand.
    plans: dict[UUID, UUID] = field(default_factory=dict)

    def add(
        self, due_on: date, *, owner: UUID | None = None, organisation: UUID | None = None, committee: UUID | None = None
    ) -> UUID:
        """Open an errand; return its id."""
        key = new_id()
        self.rows[key] = (due_on, organisation, owner, committee)
        return key

    def move(self, key: UUID, due_on: date) -> None:
        """Give an errand another due day."""
        self.rows[key] = (due_on, *self.rows[key][1:])

    def select(self) -> AnySelect:
        """Return what an area's registration returns."""
        columns = sa.values(
            sa.column("target_id", sa.Uuid), sa.column("due_on", sa.Date), sa.column("organisation_id", sa.Uuid),
            sa.column("owner_id", sa.Uuid), sa.column("committee_id", sa.Uuid), sa.column("plan_id", sa.Uuid), name="errands",
        )  # fmt: skip
        data: list[tuple[Any, ...]] = [(key, *row, self.plans.get(key)) for key, row in self.rows.items()] or [
            (new_id(), None, None, None, None, None)
        ]
        table = columns.data(data).alias("errands")
        typed = [sa.cast(column, column.type).label(column.name) for column in table.c]
        return sa.select(*typed).where(table.c.due_on.is_not(None))

    def load(self, _session: Session, keys: Any) -> list[TargetInfo]:
        """Return what the timeline and the mail show."""
        return [TargetInfo(KIND, key, f"ธุระ {key.hex[-6:]}", f"/errands/{key}") for key in keys if key not in self.lost]

    def load_plans(self, _session: Session, keys: Any) -> list[TargetInfo]:
        """Return the plans of errands."""
        places = {self.plans[key]: row[3] for key, row in self.rows.items() if key in self.plans}
        return [
            TargetInfo(PLAN_KIND, key, "แผน", f"/errands/plans/{key}", committee_id=places[key]) for key in keys if key in places
        ]

    def visible(self, _session: Session, actor: Actor, keys: Any) -> set[UUID]:
        """Return what ``actor`` may see."""
        return set(keys) if self.seen_by is None or actor.user_id in self.seen_by else set()


def errands(monkeypatch: pytest.MonkeyPatch) -> Errands:
    """Register the made-up kind as the only one that can be due; return its rows."""
    made = Errands()
    monkeypatch.setattr(registry, "_kinds", {KIND: DueKind(KIND, KIND, lazy("Reminder"), made.select, PLAN_KIND)})
    monkeypatch.setitem(targets._kinds, KIND, TargetKind(lazy("Reminder"), made.load, made.visible))
    monkeypatch.setitem(targets._kinds, PLAN_KIND, TargetKind(lazy("Reminder"), made.load_plans, made.visible))
    return made


def add_rule(
    session: Session, world: World, now: datetime, audience: Audience, offset: int, repeat: int = 0, **changes: Any
) -> ReminderRule:
    """Add a rule and switch it on."""
    return service.add_rule(
        session, actor=world.actors["administrator"], now=now, audience=audience, offset_days=offset, repeat_days=repeat,
        **{"enable": True, **changes},
    )  # fmt: skip


def send_away(session: Session, world: World, now: datetime, who: str, first: date, last: date) -> None:
    """Let a person of the world be absent."""
    row = Absence(user_id=world.users[who].id, first_day=first, last_day=last)
    with history.act(session, verb="absence.entered", actor=job_actor("test"), now=now, subject=row):
        session.add(row)


def name_deputy(session: Session, world: World, now: datetime, who: str, deputy: str, since: date) -> None:
    """Let ``deputy`` act for ``who``."""
    row = Deputy(user_id=world.users[who].id, deputy_id=world.users[deputy].id, order_number="1/2569", valid_from=since)
    with history.act(session, verb="deputy.named", actor=job_actor("test"), now=now, subject=row):
        session.add(row)
