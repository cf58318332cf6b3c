"""An active plan with one item, for all tests of the area."""

from datetime import datetime

import pytest
from sqlalchemy.orm import Session

from collab.action_plans.models import ActionItem, ActionPlan
from collab.kernel.targets import Ref
from tests.factories import action_plans as made
from tests.factories.world import World


@pytest.fixture
def authority(session: Session, world: World, now: datetime) -> Ref:
    """A resolution of the committee."""
    return made.make_resolution(session, world, now)


@pytest.fixture
def draft(session: Session, world: World, now: datetime) -> ActionPlan:
    """A draft plan without items."""
    return made.make_plan(session, world, now)


@pytest.fixture
def plan(session: Session, world: World, now: datetime, authority: Ref, draft: ActionPlan) -> ActionPlan:
    """An active plan with one item."""
    made.make_item(session, world, now, draft, authority)
    made.activate(session, world, now, draft)
    return draft


@pytest.fixture
def item(session: Session, plan: ActionPlan) -> ActionItem:
    """The item of the active plan."""
    from collab.action_plans import queries

    return queries.items_of(session, plan.id)[0]
