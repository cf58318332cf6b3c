"""The ground that mass data stands on: committees with seats, people, meetings and active plans, made through the services."""

import io
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.action_plans import service as action_plans
from collab.action_plans.models import ActionItem
from collab.documents.models import Document
from collab.factory.demo import steps
from collab.factory.demo.people import PASSWORD
from collab.factory.demo.stage import SYSTEM, Stage
from collab.kernel.access import Actor, Grant, Role, Scope
from collab.kernel.clock import today
from collab.kernel.dates import fiscal_year, fiscal_year_bounds
from collab.kernel.targets import Ref
from collab.members.models import Capacity, Committee, Credential, GovernanceForm, Organisation, OrganisationKind
from collab.members.passwords import hash_password
from collab.members.service import committees, organisations, people, seats

ORGANISATIONS = 5
OWNERS = 2
YEARS = 3
CODE = "จล"
EVIDENCE = "รายงานผลการดำเนินงาน (สมมติเพื่อทดสอบปริมาณข้อมูล)\n"


@dataclass(frozen=True)
class Office:
    """An organisation with its clerk and those who own items."""

    id: UUID
    clerk: Actor
    owners: tuple[Actor, ...]


@dataclass(frozen=True)
class PlanGround:
    """An active plan that takes items from ``since`` on; ``first_day`` and ``last_day`` bound its fiscal year."""

    id: UUID
    authority: Ref
    since: datetime
    first_day: date
    last_day: date


@dataclass(frozen=True)
class Proof:
    """A kept file that evidence may name: mass data has many reports and one file."""

    sha256: str
    size: int
    media_type: str
    filename: str


@dataclass(frozen=True)
class Ground:
    """A committee ready for items: who acts in it, its plans, oldest first, and the file that stands for evidence."""

    committee_id: UUID
    coordinator: Actor
    offices: tuple[Office, ...]
    plans: tuple[PlanGround, ...]
    proof: Proof


def enter_agency(session: Session, now: datetime) -> UUID:
    """Return the installation's provincial administration, entering an invented one when there is none."""
    known = session.scalar(
        sa.select(Organisation.id).where(Organisation.kind == OrganisationKind.PAO).order_by(Organisation.id).limit(1)
    )
    if known is not None:
        return known
    values = {"name_th": "องค์การบริหารส่วนจังหวัดจำลอง (สมมติ)", "name_en": "Model PAO (invented)"}
    return organisations.enter_organisation(session, actor=SYSTEM, now=now, kind=OrganisationKind.PAO, values=values).id


def committees_known(session: Session) -> int:
    """Return how many committees earlier runs made: their numbers go on from there."""
    made = sa.select(sa.func.count()).select_from(Committee).where(Committee.code.regexp_match(f"^{CODE}[0-9]+$"))
    return session.scalar(made) or 0


def prepare(session: Session, now: datetime, number: int, agency_id: UUID, password_hash: str) -> Ground:
    """Make the committee ``number`` with its people, a meeting for each fiscal year, and the plans that those meetings resolve."""
    began = now - timedelta(days=_days_ago(now, YEARS - 1) + 60)
    stage = _found(session, now, began, number, agency_id)
    offices = tuple(_office(stage, began, number, each, password_hash) for each in range(1, ORGANISATIONS + 1))
    for role, key in ((Role.COORDINATOR, "coordinator"), (Role.CHAIR, "chair")):
        home = agency_id if role is Role.COORDINATOR else offices[0].id
        _person(stage, began, f"{key}.{number}", home, password_hash, Grant(role, Scope.COMMITTEE, stage.committee.id))
    plans = [_plan(stage, years_ago, offices[0]) for years_ago in reversed(range(YEARS))]
    proof = session.scalars(sa.select(Document).where(Document.uploaded_by == offices[0].clerk.user_id).limit(1)).one()
    return Ground(
        stage.committee.id, stage.actors["coordinator"], offices, tuple(plans),
        Proof(proof.sha256, proof.size, proof.media_type, proof.filename),
    )  # fmt: skip


def shared_password_hash() -> str:
    """Return the hash of the demonstration's password: reckoned once, because a thousand argon2 hashes take a minute."""
    return hash_password(PASSWORD)


def _days_ago(now: datetime, years_ago: int) -> int:
    """Return how many days ago the fiscal year began that was ``years_ago`` before the present one; at least 1."""
    day = today(now)
    return max(1, (day - fiscal_year_bounds(fiscal_year(day) - years_ago)[0]).days)


def _found(session: Session, now: datetime, began: datetime, number: int, agency_id: UUID) -> Stage:
    charter = committees.Charter(
        values={
            "name_th": f"คณะกรรมการความร่วมมือจำลอง ชุดที่ {number} (สมมติ)", "name_en": f"Model committee {number} (invented)",
            "code": f"{CODE}{number}", "mandate": "ทดสอบปริมาณข้อมูล (สมมติ)", "order_number": f"คำสั่งที่ {number} (สมมติ)",
        },
        agency_id=agency_id, order_on=today(began), governance=GovernanceForm.ADMINISTRATIVE_ORGANISATION,
    )  # fmt: skip
    committee = committees.enter_committee(
        session, actor=SYSTEM, now=began, charter=charter, procedure=committees.Procedure(), valid_from=today(began)
    )
    return Stage(session, now, {}, committee)


def _office(stage: Stage, began: datetime, number: int, each: int, password_hash: str) -> Office:
    """Enter a municipality with a seat, its clerk and its owners of items."""
    session = stage.session
    values = {
        "name_th": f"เทศบาลตำบลจำลอง {number}/{each} (สมมติ)", "name_en": f"Model Municipality {number}/{each} (invented)",
        "short_th": f"ทต.จำลอง {number}/{each}", "short_en": f"Model {number}/{each}",
    }  # fmt: skip
    made = organisations.enter_organisation(session, actor=SYSTEM, now=began, kind=OrganisationKind.SUBDISTRICT, values=values)
    capacity = Capacity.CHAIR if each == 1 else Capacity.MEMBER
    terms = seats.Terms(capacity, True, Decimal(1), today(began), None)
    seat = seats.enter_seat(session, actor=SYSTEM, now=began, committee=stage.committee, organisation_id=made.id, terms=terms)
    holder = seats.Holder(None, f"นายกเทศมนตรีจำลอง {number}/{each} (สมมติ)", "นายกเทศมนตรี", today(began))
    seats.enter_holder(session, actor=SYSTEM, now=began, seat=seat, holder=holder)
    mark = f"{number}-{each}"
    clerk = _person(stage, began, f"clerk.{mark}", made.id, password_hash, Grant(Role.CLERK, Scope.ORGANISATION, made.id))
    owners = [_person(stage, began, f"owner{which}.{mark}", made.id, password_hash, None) for which in range(1, OWNERS + 1)]
    return Office(made.id, clerk, tuple(owners))


def _person(stage: Stage, began: datetime, key: str, home: UUID, password_hash: str, grant: Grant | None) -> Actor:
    """Enter a person with the demonstration's password and, if given, a role; the coordinator and the chair act on the stage."""
    session = stage.session
    values = {"email": f"{key}@demo.invalid", "name_th": f"เจ้าหน้าที่ {key} (สมมติ)", "name_en": "", "position": "เจ้าหน้าที่"}
    user = people.enter_user(session, actor=SYSTEM, now=began, organisation_id=home, values=values)
    session.add(Credential(user_id=user.id, password_hash=password_hash))
    if grant is not None:
        people.enter_role(
            session, actor=SYSTEM, now=began, user=user, role=grant.role, scope=grant.scope, scope_id=grant.scope_id,
            valid_from=today(began), valid_to=None,
        )  # fmt: skip
    actor = Actor(
        user_id=user.id, grants=(grant,) if grant else (), organisation_id=home, committee_ids=frozenset({stage.committee.id}),
        request_id="demo-scale",
    )  # fmt: skip
    role = key.partition(".")[0]
    stage.actors[role], stage.users[role] = actor, user
    return actor


def _plan(stage: Stage, years_ago: int, office: Office) -> PlanGround:
    """Draft the plan of a fiscal year, have the committee resolve it, and put it into force with a first item that is done."""
    session, coordinator, days = stage.session, stage.actors["coordinator"], _days_ago(stage.end, years_ago)
    year = fiscal_year(today(stage.end)) - years_ago
    first, last = fiscal_year_bounds(year)
    plan = action_plans.create_plan(
        session, actor=coordinator, now=stage.at(days + 25), committee_id=stage.committee.id, fiscal_year=year,
        title=f"แผนปฏิบัติการร่วม ปีงบประมาณ {year} (สมมติ)",
    )  # fmt: skip
    session.flush()
    motion = f"เห็นชอบแผนปฏิบัติการร่วม ปีงบประมาณ {year}"
    resolution = steps.meet(stage, days + 2, f"การประชุมเรื่องแผนปี {year}", {motion: Ref("action_plan", plan.id)})[0]
    authority = Ref("resolution", resolution.id)
    facts = action_plans.ItemFacts(
        title="จัดตั้งคณะทำงานร่วม", lead_organisation_id=office.id, starts_on=first, due_on=first + timedelta(days=30),
        group_name="งานเตรียมการ", owner_id=office.clerk.user_id, authority=authority,
    )  # fmt: skip
    item = action_plans.add_item(session, actor=coordinator, now=stage.at(days + 1), plan_id=plan.id, facts=facts)
    action_plans.activate_plan(session, actor=coordinator, now=stage.at(days), plan_id=plan.id)
    _finish(stage, days, item, office.clerk)
    return PlanGround(plan.id, authority, stage.at(days, 6), first, last)


def _finish(stage: Stage, days: int, item: ActionItem, clerk: Actor) -> None:
    session, sent = stage.session, action_plans.FileSent(io.BytesIO(EVIDENCE.encode()), "รายงานผล.txt")
    action_plans.report_progress(
        session, actor=clerk, now=stage.at(days, 4), item_id=item.id, percent=100, words="แต่งตั้งแล้ว", evidence=sent
    )
    action_plans.judge_report(
        session, actor=stage.actors["coordinator"], now=stage.at(days, 5), item_id=item.id, accepted=True, words=""
    )
