"""Who may change what."""

import pytest

from collab.kernel.access import Permission, can
from collab.kernel.ids import new_id
from collab.members.models import User
from collab.members.policy import Seating, Standing
from tests.factories.world import World

EVERYBODY = (
    "administrator", "coordinator", "chair", "auditor", "clerk_banphru", "executive_banphru", "clerk_outside"
)  # fmt: skip


@pytest.mark.parametrize("role", EVERYBODY)
def test_who_changes_members(world: World, role: str) -> None:
    actor = world.actors[role]
    mine, other = world.committee.id, new_id()

    def may(target: object) -> bool:
        return can(actor, Permission.MEMBERS_MANAGE, target)

    is_administrator, is_coordinator = role == "administrator", role == "coordinator"
    assert may(world.committee) == is_administrator
    assert may(world.organisations["banphru"]) == is_administrator
    assert may(User()) == is_administrator
    assert may(Seating(mine)) == (is_administrator or is_coordinator)
    assert may(Seating(other)) == is_administrator
    assert may(Standing(new_id(), frozenset({mine}))) == (is_administrator or is_coordinator)
    assert may(Standing(new_id(), frozenset({other}))) == is_administrator


@pytest.mark.parametrize("role", EVERYBODY)
def test_who_sees_the_committee(world: World, role: str) -> None:
    assert can(world.actors[role], Permission.MEMBERS_VIEW, world.committee) == (role != "clerk_outside")
    assert can(world.actors[role], Permission.MEMBERS_VIEW, Seating(new_id())) == (role in ("administrator", "auditor"))
    assert can(world.actors[role], Permission.MEMBERS_VIEW, world.organisations["outside"])
