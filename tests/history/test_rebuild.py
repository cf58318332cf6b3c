"""Versions rebuilt from events equal the stored ones, for two hundred random histories."""

import random
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from collab import history
from collab.history.integrity import reconcile
from collab.history.integrity.rebuild import check_versions
from tests.factories.world import World

HISTORIES = 200


def test_two_hundred_random_histories_are_rebuilt_as_they_are(session: Session, world: World, now: datetime) -> None:
    dice = random.Random(2569)
    subjects = [world.committee, *world.organisations.values(), *world.users.values()]
    for number in range(HISTORIES):
        for _act in range(dice.randrange(1, 3)):
            subject, *others = dice.sample(subjects, dice.randrange(1, 3))
            moment = now + timedelta(minutes=dice.randrange(-90, 90))
            with history.act(session, verb="bench.changed", actor=world.actors["administrator"], now=moment, subject=subject,
                             reason=dice.choice(["", "เหตุผล"])):  # fmt: skip
                for row in (subject, *others):
                    field = dice.choice(["name_en", "name_th"])
                    setattr(row, field, dice.choice([f"ชื่อ {number}", f"name {number}", getattr(row, field)]))
        if number % 4:
            continue
        if dice.random() < 0.9:
            session.commit()
        else:
            session.rollback()
    session.commit()
    assert list(check_versions(session)) == []
    assert list(reconcile.find_disagreements(session)) == []
