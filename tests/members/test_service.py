"""Seats, holders, rules, facts, deputies, absences, roles: terms, and what is refused."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.history import queries as history
from collab.kernel import i18n, targets
from collab.kernel.access import Role, Scope, job_actor
from collab.kernel.clock import today
from collab.kernel.errors import InvalidInput, NotAllowed, NotFound, StateConflict, VersionConflict
from collab.kernel.ids import new_id
from collab.kernel.targets import Ref
from collab.members import account_queries, queries, reference_data, standing_queries
from collab.members.models import (
    Capacity,
    CommitteeRules,
    FactKind,
    OrganisationFact,
    OrganisationKind,
    RoleAssignment,
    SeatHolder,
    User,
)
from collab.members.service import committees, organisations, people, seats, standing
from tests.factories.world import FIRST_DAY, World

DAY = date(2026, 12, 1)


def terms(valid_from: date = DAY, valid_to: date | None = None, *, is_voting: bool = True, weight: str = "1") -> seats.Terms:
    return seats.Terms(Capacity.MEMBER, is_voting, Decimal(weight), valid_from, valid_to)


def test_seats_are_listed_by_rank_then_name_with_their_holders(session: Session, world: World, now: datetime) -> None:
    found = queries.seats_on(session, world.committee.id, today(now))
    assert [seat.organisation_name for seat in found] == ["เทศบาลเมืองคอหงส์", "เทศบาลเมืองบ้านพรุ", "เทศบาลตำบลพะตง"]
    assert [seat.holder_user_id for seat in found] == [
        world.users[f"executive_{name}"].id for name in ("khohong", "banphru", "phatong")
    ]
    assert queries.seats_on(session, world.committee.id, FIRST_DAY - timedelta(days=1)) == []
    with i18n.speaking("en"):
        assert queries.seats_on(session, world.committee.id, today(now))[1].holder_name == "Tester executive_banphru"


def test_an_organisation_has_one_voting_seat_at_a_time(session: Session, world: World, now: datetime) -> None:
    actor, banphru = world.actors["coordinator"], world.org_id("banphru")
    common = {"actor": actor, "now": now, "committee_id": world.committee.id, "organisation_id": banphru}
    with pytest.raises(InvalidInput):
        seats.add_seat(session, **common, terms=terms())
    seats.add_seat(session, **common, terms=terms(is_voting=False))
    seats.change_seat(
        session, actor=actor, now=now, seat_id=world.seats["banphru"].id, terms=terms(FIRST_DAY, DAY - timedelta(days=1)),
        expected_version=1,
    )  # fmt: skip
    seats.add_seat(session, **common, terms=terms())


@pytest.mark.parametrize("role", ["clerk_banphru", "chair", "auditor", "executive_banphru", "clerk_outside"])
def test_who_may_not_change_seats(session: Session, world: World, now: datetime, role: str) -> None:
    seat_id = world.seats["banphru"].id
    with pytest.raises(NotAllowed):
        seats.change_seat(session, actor=world.actors[role], now=now, seat_id=seat_id, terms=terms(), expected_version=1)


def test_a_new_holder_ends_the_one_before(session: Session, world: World, now: datetime) -> None:
    actor, seat = world.actors["coordinator"], world.seats["banphru"]
    holder = seats.Holder(world.users["clerk_banphru"].id, "", "ปลัดเทศบาล", DAY)
    made = seats.fill_seat(session, actor=actor, now=now, seat_id=seat.id, holder=holder)
    session.commit()
    latest, before = queries.list_holders(session, seat.id)
    assert (latest.id, before.valid_to) == (made.id, DAY - timedelta(days=1))
    holders = {row.seat_id: row.holder_user_id for row in queries.seats_on(session, world.committee.id, DAY)}
    assert holders[seat.id] == world.users["clerk_banphru"].id
    with pytest.raises(InvalidInput):
        seats.fill_seat(session, actor=actor, now=now, seat_id=seat.id, holder=seats.Holder(None, "คนอื่น", "", DAY))
    with pytest.raises(InvalidInput):
        seats.fill_seat(session, actor=actor, now=now, seat_id=seat.id, holder=seats.Holder(None, " ", "", date(2027, 1, 1)))
    with pytest.raises(NotFound):
        seats.fill_seat(session, actor=actor, now=now, seat_id=seat.id, holder=seats.Holder(new_id(), "", "", date(2027, 1, 1)))


def test_new_rules_end_those_before_and_can_be_taken_back(session: Session, world: World, now: datetime) -> None:
    actor = world.actors["administrator"]
    made = committees.set_rules(
        session, actor=actor, now=now, committee_id=world.committee.id, procedure=committees.Procedure(notice_days=3),
        valid_from=DAY, reason="มติ 1/2570",
    )  # fmt: skip
    session.commit()
    assert queries.rules_on(session, world.committee.id, DAY - timedelta(days=1)).notice_days == 7
    assert queries.rules_on(session, world.committee.id, DAY).notice_days == 3
    with pytest.raises(InvalidInput):
        committees.set_rules(
            session,
            actor=actor,
            now=now,
            committee_id=world.committee.id,
            procedure=committees.Procedure(),
            valid_from=DAY,
            reason="x",
        )
    committees.remove_rules(session, actor=actor, now=now, rules_id=made.id, expected_version=1)
    session.commit()
    assert queries.rules_on(session, world.committee.id, DAY).id == world.rules.id
    with pytest.raises(StateConflict):
        committees.remove_rules(session, actor=actor, now=now, rules_id=world.rules.id, expected_version=None)
    with pytest.raises(NotFound):
        queries.rules_on(session, world.committee.id, FIRST_DAY - timedelta(days=1))


def test_a_new_name_is_a_dated_fact(session: Session, world: World, now: datetime) -> None:
    actor, organisation = world.actors["administrator"], world.organisations["banphru"]
    for name, since in (("เทศบาลตำบลบ้านพรุ", date(2000, 1, 1)), ("เทศบาลนครบ้านพรุ", date(2026, 11, 1))):
        fact = organisations.Fact(FactKind.NAME_TH, name, "ราชกิจจานุเบกษา", since)
        organisations.add_fact(session, actor=actor, now=now, organisation_id=organisation.id, fact=fact)
    session.commit()
    assert organisation.name_th == "เทศบาลนครบ้านพรุ"
    ends = {row.value: row.valid_to for row in session.scalars(sa.select(OrganisationFact))}
    assert ends == {"เทศบาลตำบลบ้านพรุ": date(2026, 10, 31), "เทศบาลนครบ้านพรุ": None}
    assert history.list_subject(session, organisation.id).rows[0].changes[0].new == "เทศบาลนครบ้านพรุ"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (FactKind.POPULATION, "many"), (FactKind.POPULATION, "-1"), (FactKind.POPULATION, "1" * 20), (FactKind.AREA_KM2, "NaN"),
        (FactKind.AREA_KM2, "0"), (FactKind.AREA_KM2, "1.234"), (FactKind.KIND, "kingdom"), (FactKind.NAME_TH, " "),
    ],
)  # fmt: skip
def test_a_fact_of_the_wrong_kind_is_refused(session: Session, world: World, now: datetime, kind: FactKind, value: str) -> None:
    fact = organisations.Fact(kind, value, "x", None)
    with pytest.raises(InvalidInput):
        organisations.add_fact(
            session, actor=world.actors["administrator"], now=now, organisation_id=world.org_id("banphru"), fact=fact
        )


def test_an_organisation_in_use_stays(session: Session, world: World, now: datetime) -> None:
    actor = world.actors["administrator"]
    with pytest.raises(StateConflict):
        organisations.remove_organisation(
            session, actor=actor, now=now, organisation_id=world.org_id("banphru"), expected_version=1, reason="x"
        )
    made = organisations.create_organisation(
        session, actor=actor, now=now, kind=OrganisationKind.OTHER, values={"name_th": "กข", "name_en": "KK"}
    )
    organisations.remove_organisation(session, actor=actor, now=now, organisation_id=made.id, expected_version=1, reason="x")
    session.commit()
    assert made.id not in {row.id for row in queries.list_organisations(session)}
    assert queries.organisation_names(session, [made.id]) == {made.id: "กข"}


def test_the_lists_are_loaded_once_and_with_their_sources(session: Session, now: datetime) -> None:
    loaded = reference_data.load_organisations(session, actor=job_actor("test"), now=now)
    session.commit()
    assert len(loaded) == 28
    assert loaded["เทศบาลเมืองบ้านพรุ"].lao_code == "04901102"
    assert loaded["เทศบาลเมืองบ้านพรุ"].short_th == "ทม.บ้านพรุ"
    assert loaded["องค์การบริหารส่วนจังหวัดสงขลา"].kind is OrganisationKind.PAO
    facts = list(session.scalars(sa.select(OrganisationFact)))
    assert facts
    hatyai = [row for row in loaded.values() if row.district == "หาดใหญ่"]
    assert len(hatyai) == 15
    again = reference_data.load_organisations(session, actor=job_actor("test"), now=now)
    assert {row.id for row in again.values()} == {row.id for row in loaded.values()}
    assert [row.kind for row in queries.list_organisations(session)][:2] == [OrganisationKind.AGENCY, OrganisationKind.PAO]


def test_deputies_act_while_a_person_is_away(session: Session, world: World, now: datetime) -> None:
    boss, deputy = world.users["executive_banphru"], world.users["clerk_banphru"]
    standing.appoint_deputy(
        session, actor=world.actors["coordinator"], now=now, user_id=boss.id, deputy_id=deputy.id, order_number="5/2569",
        valid_from=FIRST_DAY, valid_to=None,
    )  # fmt: skip
    own = world.actors["executive_banphru"]
    standing.add_absence(session, actor=own, now=now, user_id=boss.id, first_day=DAY, last_day=DAY)
    session.commit()
    assert standing_queries.deputies_on(session, [boss.id], DAY) == {boss.id: deputy}
    assert standing_queries.deputies_on(session, [boss.id], DAY + timedelta(days=1)) == {}
    with pytest.raises(InvalidInput):
        standing.add_absence(session, actor=own, now=now, user_id=boss.id, first_day=DAY, last_day=DAY)
    with pytest.raises(NotAllowed):
        standing.add_absence(
            session, actor=world.actors["clerk_khohong"], now=now, user_id=boss.id, first_day=DAY + timedelta(days=3),
            last_day=DAY + timedelta(days=3),
        )  # fmt: skip


def test_nobody_is_their_own_deputy(session: Session, world: World, now: datetime) -> None:
    user = world.users["executive_banphru"]
    with pytest.raises(InvalidInput):
        standing.appoint_deputy(
            session, actor=world.actors["coordinator"], now=now, user_id=user.id, deputy_id=user.id, order_number="1",
            valid_from=DAY, valid_to=None,
        )  # fmt: skip


def test_a_role_ends_and_the_last_administrator_stays(session: Session, world: World, now: datetime) -> None:
    actor = world.actors["administrator"]
    [own] = account_queries.roles_of(session, world.users["administrator"].id)
    with pytest.raises(StateConflict):
        people.change_role_term(
            session, actor=actor, now=now, assignment_id=own.id, valid_from=FIRST_DAY, valid_to=DAY, expected_version=1
        )
    session.rollback()
    with pytest.raises(StateConflict):
        people.disable_user(
            session, actor=actor, now=now, user_id=world.users["administrator"].id, expected_version=1, reason="x"
        )
    session.rollback()
    [other] = account_queries.roles_of(session, world.users["clerk_banphru"].id)
    people.change_role_term(
        session, actor=actor, now=now, assignment_id=other.id, valid_from=FIRST_DAY, valid_to=FIRST_DAY, expected_version=1
    )
    session.commit()
    user = world.users["clerk_banphru"]
    assert account_queries.load_actor(session, user.id, user.organisation_id, now).grants == ()
    assert queries.users_with_role(session, Role.CLERK, Scope.ORGANISATION, world.org_id("banphru"), today(now)) == []


def test_a_role_is_held_once_at_a_time(session: Session, world: World, now: datetime) -> None:
    common = {"actor": world.actors["administrator"], "now": now, "user_id": world.users["clerk_banphru"].id}
    place = {"role": Role.CLERK, "scope": Scope.ORGANISATION}
    with pytest.raises(InvalidInput):
        people.assign_role(session, **common, **place, scope_id=world.org_id("banphru"), valid_from=DAY, valid_to=None)
    people.assign_role(session, **common, **place, scope_id=world.org_id("khohong"), valid_from=DAY, valid_to=None)
    with pytest.raises(NotFound):
        people.assign_role(session, **common, **place, scope_id=new_id(), valid_from=DAY, valid_to=None)


def test_an_address_belongs_to_one_person(session: Session, world: World, now: datetime) -> None:
    user = world.users["clerk_banphru"]
    values = {"email": "EXECUTIVE_banphru@example.test", "name_th": "ก", "name_en": "", "position": "ข"}
    common = {"actor": world.actors["administrator"], "now": now, "organisation_id": world.org_id("banphru")}
    with pytest.raises(InvalidInput):
        people.change_user(session, **common, user_id=user.id, values=values, expected_version=1)
    session.rollback()
    with pytest.raises(VersionConflict):
        people.change_user(session, **common, user_id=user.id, values=values, expected_version=7)


def test_every_kind_can_be_named_on_a_timeline(session: Session, world: World, now: datetime) -> None:
    refs = [
        Ref("organisation", world.org_id("banphru")), Ref("committee", world.committee.id), Ref("user", world.users["chair"].id),
        Ref("seat", world.seats["banphru"].id), Ref("committee_rules", world.rules.id),
        Ref("seat_holder", session.scalars(sa.select(SeatHolder.id)).first() or new_id()),
        Ref("role_assignment", session.scalars(sa.select(RoleAssignment.id)).first() or new_id()),
    ]  # fmt: skip
    assert set(targets.resolve(session, world.actors["clerk_banphru"], refs)) == set(refs)
    hidden = {ref.kind for ref in refs} - {ref.kind for ref in targets.visible(session, world.actors["clerk_outside"], refs)}
    assert hidden == {"committee", "seat", "committee_rules", "seat_holder"}
    chain = targets.why(session, world.actors["clerk_banphru"], refs[5])
    assert [info.kind for info in chain] == ["seat_holder", "seat", "committee"]


def test_lists_are_what_the_actor_may_see(session: Session, world: World) -> None:
    assert queries.list_committees(session, world.actors["clerk_banphru"]) == [world.committee]
    assert queries.list_committees(session, world.actors["auditor"]) == [world.committee]
    assert queries.list_committees(session, world.actors["clerk_outside"]) == []
    assert session.scalars(sa.select(CommitteeRules)).one().id == world.rules.id
    assert session.get(User, new_id()) is None
