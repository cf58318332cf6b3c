"""What erasure leaves alone, that it lasts, and that a restored backup of an earlier day is erased again."""

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab import history
from collab.history import erasure
from collab.history.erasure_models import ErasureDecision, HistoryErasure
from collab.history.integrity.rebuild import check_versions
from collab.history.integrity.whole import verify_log
from collab.history.models import FOREVER, HistoryEvent, HistoryOpening, HistoryVersion
from collab.history.queries import list_subject
from collab.kernel import bootstrap
from collab.kernel.access import job_actor
from collab.kernel.db import create_engine
from collab.kernel.ids import new_id
from collab.members.models import User
from tests.conftest import NOW
from tests.factories.world import World
from tests.services import app_url, superuser_url

Place = erasure.Place


@pytest.fixture
def clerk(world: World) -> User:
    return world.users["clerk_banphru"]


def rename(session: Session, world: World, user: User, **fields: str) -> None:
    """Change fields of a person, as an act of the administrator."""
    with history.act(session, verb="user.changed", actor=world.actors["administrator"], now=NOW, subject=user, reason="ตามคำขอ"):
        for name, value in fields.items():
            setattr(user, name, value)
    session.commit()


def erase(session: Session, world: World, places: list[Place]) -> ErasureDecision:
    second = world.users["auditor"].id
    made = erasure.erase(
        session, actor=world.actors["administrator"], second_person=second, now=NOW, places=places, ground="ม.33"
    )
    session.commit()
    session.refresh(made)
    return made


def openings(session: Session) -> set[tuple[Place, bytes]]:
    return {((row.event_id, row.path), row.salt) for row in session.scalars(sa.select(HistoryOpening))}


def test_nothing_is_taken_out_but_what_was_named(session: Session, world: World, clerk: User) -> None:
    rename(session, world, clerk, name_th="นางสาวใหม่ ทดสอบ", name_en="New Test")
    before, places = openings(session), erasure.places_of(session, clerk.id, "name_th")
    decision = erase(session, world, places)
    gone = {place for place, _salt in before - openings(session)}
    assert gone == set(places)
    assert decision.places == [{"event": str(event), "path": path} for event, path in places]
    others = session.scalars(sa.select(HistoryVersion.state).where(HistoryVersion.subject_id == world.users["auditor"].id)).all()
    assert all(state["name_th"] == world.users["auditor"].name_th for state in others)
    assert list(check_versions(session)) == []


def test_one_of_two_values_may_go_and_the_other_stays(session: Session, world: World, clerk: User) -> None:
    rename(session, world, clerk, name_th="นางสาวใหม่ ทดสอบ")
    rename(session, world, clerk, name_en="New Test")
    first, *later = erasure.places_of(session, clerk.id, "name_th")
    # Named twice, and once more afterwards: a value is erased once.
    decision = erase(session, world, [first, first])
    assert erasure.places_of(session, clerk.id, "name_th") == later
    mark = f"[erased, event {session.scalars(sa.select(HistoryErasure.erasure_event_id)).one()}]"
    states = session.scalars(
        sa.select(HistoryVersion.state)
        .join(HistoryEvent, HistoryEvent.id == HistoryVersion.event_id)
        .where(HistoryVersion.subject_id == clerk.id)
        .order_by(HistoryEvent.seq)
    ).all()
    assert [state["name_th"] for state in states] == [mark, "นางสาวใหม่ ทดสอบ", "นางสาวใหม่ ทดสอบ"]
    assert erase(session, world, [first, *later]).places == [{"event": str(event), "path": path} for event, path in later]
    assert decision.places != []
    assert list(check_versions(session)) == []
    assert verify_log(session).faults == []


def test_what_was_erased_does_not_come_back_with_the_next_change(session: Session, world: World, clerk: User) -> None:
    """The record may hold the value still: a change of something else neither opens it anew nor says that it was changed."""
    erase(session, world, erasure.places_of(session, clerk.id, "name_th"))
    rename(session, world, clerk, name_en="New Test")
    # A form sends all its fields, the unchanged ones too.
    rename(session, world, clerk, name_en="Newer Test", name_th=clerk.name_th)
    assert erasure.places_of(session, clerk.id, "name_th") == []
    in_force = session.scalars(
        sa.select(HistoryVersion.state).where(HistoryVersion.subject_id == clerk.id, HistoryVersion.recorded_to == FOREVER)
    ).one()
    assert in_force["name_th"].startswith("[erased, event ")
    newest = list_subject(session, clerk.id).rows[0]
    assert [change.name for change in newest.changes] == ["name_en"]
    assert list(check_versions(session)) == []
    assert verify_log(session).faults == []
    # A new value is a new fact.
    rename(session, world, clerk, name_th="นางสาวใหม่ ทดสอบ")
    assert len(erasure.places_of(session, clerk.id, "name_th")) == 1
    assert list(check_versions(session)) == []


def test_a_backup_made_before_the_decision_is_erased_again(
    session: Session, connection: sa.Connection, world: World, clerk: User
) -> None:
    """Such a backup knows neither the decision nor its event, nor what was recorded after it was made."""
    session.commit()
    who, decided_by, second = clerk.id, world.users["administrator"].id, world.users["auditor"].id
    backup = connection.begin_nested()
    rename(session, world, clerk, name_th="นางสาวใหม่ ทดสอบ")
    decision = erase(session, world, erasure.places_of(session, clerk.id, "name_th"))
    kept = json.loads(json.dumps(erasure.export_list(session)))
    assert len(kept) == 2
    decision_id = decision.id
    session.close()
    backup.rollback()
    (place,) = erasure.places_of(session, who, "name_th")
    assert session.get(ErasureDecision, decision_id) is None
    assert erasure.repeat(session, kept, actor=job_actor("console"), now=NOW + timedelta(days=3)) == 1
    session.commit()
    assert erasure.places_of(session, who, "name_th") == []
    assert session.scalars(sa.select(HistoryErasure)).one().decision_id == decision_id
    again = session.get_one(ErasureDecision, decision_id)
    assert (again.ground, again.decided_by_id, again.second_person_id, again.decided_at) == (
        "ม.33", decided_by, second, NOW,
    )  # fmt: skip
    assert again.places == [{"event": str(place[0]), "path": place[1]}]
    event = session.scalars(sa.select(HistoryEvent).where(HistoryEvent.verb == "privacy.erased")).one()
    assert (event.subject_id, event.occurred_at) == (decision_id, NOW)
    assert verify_log(session).faults == []
    assert list(check_versions(session)) == []
    assert erasure.repeat(session, kept, actor=job_actor("console"), now=NOW + timedelta(days=4)) == 0


@pytest.mark.parametrize("named", ["the event", "no event", "an event of something else"])
def test_an_erasure_that_no_decision_tells_of_is_found(session: Session, world: World, clerk: User, named: str) -> None:
    """The application may write the list, so that a decision's name could be borrowed for more than was decided."""
    *wanted, last = [*erasure.places_of(session, clerk.id, "name_th"), *erasure.places_of(session, clerk.id, "email")]
    decision = erase(session, world, wanted)
    by = session.scalars(sa.select(HistoryErasure.erasure_event_id).limit(1)).one()
    if named != "the event":
        # The place stands in a decision; what is said to tell of it is nothing, or no decision to erase.
        verb = "privacy.erased" if named == "no event" else "user.changed"
        with history.act(session, verb=verb, actor=world.actors["administrator"], now=NOW, subject=decision) as done:
            decision.places = [*decision.places, {"event": str(last[0]), "path": last[1]}]
        session.commit()
        by = new_id() if named == "no event" else done.event_id
    session.add(HistoryErasure(event_id=last[0], path=last[1], decision_id=decision.id, erasure_event_id=by))
    session.flush()
    session.execute(sa.text("SELECT collab_erase_opening(:event, :path)"), {"event": last[0], "path": last[1]})
    session.commit()
    assert [(fault.mechanism, fault.what) for fault in verify_log(session).faults] == [("ERASURE", "erased_untold")]


def test_the_database_itself_asks_for_two_people_a_decision_and_an_act(session: Session, world: World, clerk: User) -> None:
    person, (place, *_others) = world.users["auditor"].id, erasure.places_of(session, clerk.id, "name_th")
    alone = ErasureDecision(id=new_id(), ground="x", decided_by_id=person, second_person_id=person, decided_at=NOW, places=[])
    with (
        pytest.raises(sa.exc.IntegrityError, match="ck_erasure_decision_two_people"),
        session.begin_nested(),
        history.act(session, verb="privacy.erased", actor=world.actors["administrator"], now=NOW, subject=alone),
    ):
        session.add(alone)
    session.add(HistoryErasure(event_id=place[0], path=place[1], decision_id=new_id(), erasure_event_id=new_id()))
    with pytest.raises(sa.exc.IntegrityError, match="fk_history_erasure_decision_id_erasure_decision"):
        session.flush()
    session.rollback()
    erase(session, world, [place])
    assert session.scalar(sa.text("SELECT current_setting('collab.erasing', true)")) == ""


def test_the_function_of_the_owner_is_for_the_application_alone(session: Session) -> None:
    """It runs with the owner's rights, so that nobody may lead it to tables of their own or call it from another account."""
    found = session.execute(
        sa.text("SELECT prosecdef, proconfig::text, proacl::text FROM pg_proc WHERE proname = 'collab_erase_opening'")
    ).one()
    assert found.prosecdef
    assert "search_path=public, pg_temp" in found.proconfig
    granted = {grant.partition("=")[0] for grant in found.proacl.strip("{}").split(",")}
    assert granted == {"collab_owner", "collab_app"}


def test_whoever_signs_in_as_the_owner_cannot_pretend_to_erase(database_name: str) -> None:
    engine = create_engine(app_url(superuser_url(), bootstrap.OWNER_ROLE, database_name))
    try:
        with engine.connect() as owner:
            owner.execute(sa.text("SELECT set_config('collab.erasing', '1', true)"))
            with pytest.raises(sa.exc.IntegrityError, match="the history only grows"):
                owner.execute(sa.text("DELETE FROM history_opening"))
    finally:
        engine.dispose()
