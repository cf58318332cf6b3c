"""Everybody knows people by name; their records, with addresses, days away and refused attempts, are for fewer."""

from collections.abc import Callable
from datetime import date, datetime

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from collab.history.models import HistoryEvent
from collab.kernel import targets
from collab.kernel.targets import Ref
from collab.members.service import standing
from tests.factories.world import World

Browse = Callable[[str], FlaskClient]
EMAIL = "clerk_banphru@example.test"
READERS = {"clerk_banphru", "administrator", "auditor", "coordinator"}


@pytest.mark.parametrize(
    "who",
    ["clerk_banphru", "clerk_khohong", "executive_khohong", "clerk_outside", "chair", "coordinator", "auditor", "administrator"],
)
def test_the_record_of_a_person_is_for_those_who_keep_it(
    browse: Browse, session: Session, world: World, now: datetime, who: str
) -> None:
    user = world.users["clerk_banphru"]
    day = date(2027, 1, 4)
    absence = standing.add_absence(
        session, actor=world.actors["clerk_banphru"], now=now, user_id=user.id, first_day=day, last_day=day
    )
    session.commit()
    event = session.scalars(sa.select(HistoryEvent.id).where(HistoryEvent.subject_id == user.id)).first()
    client, may = browse(who), who in READERS
    for kind, key in (("user", user.id), ("absence", absence.id)):
        for path in (f"/history/{kind}/{key}?view=every", f"/api/v1/objects/{kind}/{key}/history"):
            answer = client.get(path)
            assert answer.status_code == (200 if may else 404), path
            assert may or EMAIL not in answer.text
    assert client.get(f"/history/events/{event}/receipt").status_code == (200 if may else 404)
    assert client.get(f"/api/v1/objects/user/{user.id}").status_code == 200, "the person is still known by name"
    page = client.get(f"/members/people/{user.id}").text
    assert (f"/history/user/{user.id}" in page) is may


def test_a_coordinator_keeps_no_records_of_other_committees_people(session: Session, world: World) -> None:
    outside = Ref("user", world.users["clerk_outside"].id)
    assert targets.readable(session, world.actors["coordinator"], [outside]) == set()
    assert targets.readable(session, world.actors["clerk_outside"], [outside]) == {outside}
