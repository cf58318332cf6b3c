"""The stage: organisations, committee, seats and people, and a clock that the story moves from the past to today."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from collab.calendar import service as calendar
from collab.factory.demo.people import PAO, PASSWORD, PEOPLE, PLACES
from collab.kernel.access import Actor, Grant, Scope, job_actor
from collab.kernel.clock import at_bangkok, today
from collab.members import queries, reference_data
from collab.members.models import Capacity, Committee, GovernanceForm, Organisation, User
from collab.members.service import committees, passwords, people, seats
from collab.reminders import service as reminders

SYSTEM = job_actor("demo.load")
HOUSE_KINDS = ("city", "town", "subdistrict", "tao")


@dataclass
class Stage:
    """Everything the story's chapters act with."""

    session: Session
    end: datetime
    organisations: dict[str, Organisation]
    committee: Committee
    users: dict[str, User] = field(default_factory=dict)
    actors: dict[str, Actor] = field(default_factory=dict)

    def at(self, days_ago: int, hour: int = 3) -> datetime:
        """Return the instant on ``day(days_ago)`` at ``hour`` UTC (ten in the morning in Bangkok by default)."""
        return at_bangkok(self.day(days_ago), 7) + timedelta(hours=hour)

    def day(self, days_ago: int) -> date:
        """Return the day ``days_ago`` before the end of the story; negative for one to come."""
        return today(self.end) - timedelta(days=days_ago)

    def place(self, key: str) -> UUID:
        """Return the id of a municipality of the story."""
        return self.organisations[PLACES[key]].id


def build(session: Session, now: datetime, began_days_ago: int) -> Stage:
    """Set the stage as it stood ``began_days_ago`` before ``now``."""
    began = at_bangkok(today(now) - timedelta(days=began_days_ago), 9)
    calendar.load_holidays(session, actor=SYSTEM, now=began)
    organisations = reference_data.load_organisations(session, actor=SYSTEM, now=began)
    committee = _committee(session, began, organisations)
    stage = Stage(session, now, organisations, committee)
    for person in PEOPLE:
        _enter(stage, began, person.key)
    _seats(stage, began)
    reminders.install_default_rules(session, actor=stage.actors["admin"], now=began)
    return stage


def _committee(session: Session, began: datetime, organisations: dict[str, Organisation]) -> Committee:
    charter = committees.Charter(
        values={
            "name_th": "คณะกรรมการความร่วมมือจัดการขยะมูลฝอย อำเภอหาดใหญ่",
            "name_en": "Hat Yai District Committee for Joint Waste Management",
            "code": "หญ",
            "mandate": "ร่วมกันวางแผนและจัดบริการกำจัดขยะมูลฝอยขององค์กรปกครองส่วนท้องถิ่นในอำเภอหาดใหญ่ (สมมติเพื่อการสาธิต)",
            "order_number": "คำสั่งที่ 101/2566 (สมมติ)",
        },
        agency_id=organisations[PAO].id,
        order_on=today(began),
        governance=GovernanceForm.ADMINISTRATIVE_ORGANISATION,
    )
    return committees.enter_committee(
        session, actor=SYSTEM, now=began, charter=charter, procedure=committees.Procedure(), valid_from=today(began)
    )


def _enter(stage: Stage, began: datetime, key: str) -> None:
    person = next(found for found in PEOPLE if found.key == key)
    session, organisation = stage.session, stage.organisations[person.organisation]
    values = {"email": person.email, "name_th": person.name_th, "name_en": person.name_en, "position": person.position}
    user = people.enter_user(session, actor=SYSTEM, now=began, organisation_id=organisation.id, values=values)
    scope_id = {Scope.COMMITTEE: stage.committee.id, Scope.ORGANISATION: organisation.id}.get(person.scope)
    people.enter_role(
        session, actor=SYSTEM, now=began, user=user, role=person.role, scope=person.scope, scope_id=scope_id,
        valid_from=today(began), valid_to=None,
    )  # fmt: skip
    passwords.give_password(session, actor=SYSTEM, now=began, user_id=user.id, password=PASSWORD)
    stage.users[key] = user
    stage.actors[key] = Actor(
        user_id=user.id, grants=(Grant(person.role, person.scope, scope_id),), organisation_id=organisation.id,
        committee_ids=frozenset({stage.committee.id}), request_id="demo",
    )  # fmt: skip


def _seats(stage: Stage, began: datetime) -> None:
    holders = {PLACES[key.split(".")[1]]: user for key, user in stage.users.items() if key.startswith("mayor.")}
    for name, organisation in stage.organisations.items():
        is_house = organisation.kind.value in HOUSE_KINDS and organisation.district == "หาดใหญ่"
        if not is_house and name != PAO:
            continue
        capacity = Capacity.SECRETARY if name == PAO else Capacity.CHAIR if name.endswith("นครหาดใหญ่") else Capacity.MEMBER
        terms = seats.Terms(capacity, is_house, Decimal(1), today(began), None)
        seat = seats.enter_seat(
            stage.session, actor=SYSTEM, now=began, committee=stage.committee, organisation_id=organisation.id, terms=terms
        )
        user = holders.get(name) or (stage.users["coordinator"] if name == PAO else None)
        name_shown = user.name_th if user else f"ผู้แทน {organisation.short_th} (สมมติ)"
        holder = seats.Holder(user.id if user else None, name_shown, "นายกเทศมนตรี" if is_house else "เลขานุการ", today(began))
        seats.enter_holder(stage.session, actor=SYSTEM, now=began, seat=seat, holder=holder)


def seated(stage: Stage, day: date) -> list[UUID]:
    """Return the seats of the committee that have a vote on ``day``."""
    return [seat.seat_id for seat in queries.seats_on(stage.session, stage.committee.id, day) if seat.is_voting]
