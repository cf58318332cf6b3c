"""A small world: three municipalities, the PAO as nanny agency, the audit office, one committee, one person per role."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from collab import history
from collab.kernel.access import Actor, Grant, Role, Scope, job_actor
from collab.kernel.text import sort_key
from collab.members.models import (
    Capacity,
    Committee,
    CommitteeRules,
    DayKind,
    GovernanceForm,
    MajorityRule,
    Organisation,
    OrganisationKind,
    QuorumRule,
    RoleAssignment,
    Seat,
    SeatHolder,
    User,
)

FIRST_DAY = date(2024, 10, 1)
ORGANISATIONS = {
    "banphru": ("เทศบาลเมืองบ้านพรุ", "Ban Phru Town Municipality", OrganisationKind.TOWN),
    "khohong": ("เทศบาลเมืองคอหงส์", "Kho Hong Town Municipality", OrganisationKind.TOWN),
    "phatong": ("เทศบาลตำบลพะตง", "Phatong Subdistrict Municipality", OrganisationKind.SUBDISTRICT),
    "outside": ("เทศบาลนครสงขลา", "Songkhla City Municipality", OrganisationKind.CITY),
    "pao": ("องค์การบริหารส่วนจังหวัดสงขลา", "Songkhla Provincial Administrative Organization", OrganisationKind.PAO),
    "audit": ("สำนักงานการตรวจเงินแผ่นดิน", "State Audit Office (OAG)", OrganisationKind.AUDIT_OFFICE),
}
MEMBERS = ("banphru", "khohong", "phatong")


@dataclass
class World:
    """What `build_world` made, by short names."""

    organisations: dict[str, Organisation]
    committee: Committee
    rules: CommitteeRules
    seats: dict[str, Seat]
    users: dict[str, User]
    actors: dict[str, Actor]

    def org_id(self, name: str) -> UUID:
        """Return the id of the organisation."""
        return self.organisations[name].id


def build_world(session: Session, now: datetime) -> World:
    """Make the world and commit it."""
    system = job_actor("test")
    organisations = {name: _organisation(session, now, system, *facts) for name, facts in ORGANISATIONS.items()}
    committee = Committee(
        agency_id=organisations["pao"].id, name_th="คณะกรรมการความร่วมมือทดสอบ", name_en="Test Cooperation Committee", code="ทส",
        mandate="ร่วมจัดบริการสาธารณะ", order_number="1/2567", order_on=FIRST_DAY,
        governance=GovernanceForm.ADMINISTRATIVE_ORGANISATION,
    )  # fmt: skip
    with history.act(session, verb="committee.created", actor=system, now=now, subject=committee):
        session.add(committee)
        session.flush()
        rules = CommitteeRules(
            committee_id=committee.id, quorum=QuorumRule.HALF, majority=MajorityRule.SIMPLE_OF_VOTES_CAST, casting_vote=True,
            notice_days=7, opinion_days=15, opinion_day_kind=DayKind.WORKING, valid_from=FIRST_DAY,
        )  # fmt: skip
        session.add(rules)
        seats = {name: _seat(session, committee, organisations[name]) for name in MEMBERS}
        session.flush()
    users, actors = {}, {}
    for key, (organisation, role, scope) in people(organisations, committee).items():
        users[key], actors[key] = _person(session, now, system, key, organisation, role, scope, committee)
    with history.act(session, verb="seat.filled", actor=system, now=now, subject=committee):
        for name in MEMBERS:
            holder = users.get(f"executive_{name}")
            session.add(SeatHolder(
                seat_id=seats[name].id, user_id=holder.id if holder else None, name=holder.name_th if holder else f"นายก {name}",
                position="นายกเทศมนตรี", valid_from=FIRST_DAY,
            ))  # fmt: skip
    session.commit()
    return World(organisations, committee, rules, seats, users, actors)


def brought_into(session: Session, world: World) -> World:
    """Return a world, built in the transaction of ``session``, with objects of this session; nothing is asked of the database."""

    def here(rows: dict[str, Any]) -> dict[str, Any]:
        return {name: session.merge(row, load=False) for name, row in rows.items()}

    return World(
        here(world.organisations), session.merge(world.committee, load=False), session.merge(world.rules, load=False),
        here(world.seats), here(world.users), dict(world.actors),
    )  # fmt: skip


def people(
    organisations: dict[str, Organisation], committee: Committee
) -> dict[str, tuple[Organisation, Role, tuple[Scope, UUID | None]]]:
    """Return who there is: key -> (organisation, role, scope)."""
    found: dict[str, tuple[Organisation, Role, tuple[Scope, UUID | None]]] = {
        "administrator": (organisations["pao"], Role.ADMINISTRATOR, (Scope.INSTALLATION, None)),
        "coordinator": (organisations["pao"], Role.COORDINATOR, (Scope.COMMITTEE, committee.id)),
        "chair": (organisations["banphru"], Role.CHAIR, (Scope.COMMITTEE, committee.id)),
        "auditor": (organisations["audit"], Role.AUDITOR, (Scope.INSTALLATION, None)),
        "clerk_outside": (organisations["outside"], Role.CLERK, (Scope.ORGANISATION, organisations["outside"].id)),
    }
    for name in MEMBERS:
        found[f"clerk_{name}"] = (organisations[name], Role.CLERK, (Scope.ORGANISATION, organisations[name].id))
        found[f"executive_{name}"] = (organisations[name], Role.EXECUTIVE, (Scope.ORGANISATION, organisations[name].id))
    return found


def _organisation(
    session: Session, now: datetime, actor: Actor, name_th: str, name_en: str, kind: OrganisationKind
) -> Organisation:
    made = Organisation(
        kind=kind, name_th=name_th, name_en=name_en, short_th=name_th[-12:], short_en=name_en.split(" ")[0], district="หาดใหญ่",
        sort_key=sort_key(name_th),
    )  # fmt: skip
    with history.act(session, verb="organisation.created", actor=actor, now=now, subject=made):
        session.add(made)
    return made


def _seat(session: Session, committee: Committee, organisation: Organisation) -> Seat:
    made = Seat(
        committee_id=committee.id, organisation_id=organisation.id, capacity=Capacity.MEMBER, is_voting=True, weight=Decimal(1),
        valid_from=FIRST_DAY,
    )  # fmt: skip
    session.add(made)
    return made


def _person(session: Session, now: datetime, actor: Actor, key: str, organisation: Organisation, role: Role,
            scope: tuple[Scope, UUID | None], committee: Committee) -> tuple[User, Actor]:  # fmt: skip
    user = User(
        email=f"{key}@example.test", name_th=f"ผู้ทดสอบ {key}", name_en=f"Tester {key}", position=role.value,
        organisation_id=organisation.id, locale="th",
    )  # fmt: skip
    with history.act(session, verb="user.created", actor=actor, now=now, subject=user):
        session.add(user)
        session.flush()
        session.add(RoleAssignment(user_id=user.id, role=role, scope=scope[0], scope_id=scope[1], valid_from=FIRST_DAY))
    seated = role is not Role.CLERK or "outside" not in key
    return user, Actor(
        user_id=user.id, grants=(Grant(role, *scope),), organisation_id=organisation.id,
        committee_ids=frozenset({committee.id}) if seated else frozenset(), request_id="test",
    )  # fmt: skip
