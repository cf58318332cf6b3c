"""An area that is written later: a table of its own and one registration, and everything that reminders do works for it."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.kernel import targets
from collab.kernel.access import Actor, job_actor
from collab.kernel.db import Database
from collab.kernel.i18n import lazy
from collab.kernel.ids import new_id
from collab.kernel.paging import AnySelect
from collab.kernel.targets import Ref, TargetInfo, TargetKind
from collab.notices import delivery as mail
from collab.notices import digest
from collab.reminders import delivery, evidence, queries, registry, rehearsal, service
from collab.reminders.firing import setting_of
from collab.reminders.models import Audience, Outcome, Reminder, ReminderEvidence
from collab.reminders.registry import DueKind, register_due
from collab.reminders.sweep import sweep
from tests.factories.notices import Remembering
from tests.factories.reminders import add_rule, send_away
from tests.factories.world import World

DAY = timedelta(days=1)
#: A Monday.
TODAY = date(2026, 11, 23)

# What such an area would have in its models: licences of waste lorries that must be renewed.
LICENCES = sa.Table(
    "lorry_licence", sa.MetaData(), sa.Column("id", sa.Uuid, primary_key=True), sa.Column("plate", sa.Text),
    sa.Column("expires_on", sa.Date), sa.Column("keeper_id", sa.Uuid), sa.Column("municipality_id", sa.Uuid),
    sa.Column("committee_id", sa.Uuid), sa.Column("renewed", sa.Boolean), prefixes=["TEMPORARY"],
)  # fmt: skip


def due_licences() -> AnySelect:
    """What is due (the day it expires), who is responsible (keeper, municipality), settled when it is renewed."""
    return sa.select(
        LICENCES.c.id.label("target_id"), LICENCES.c.expires_on.label("due_on"), LICENCES.c.municipality_id.label("organisation_id"),
        LICENCES.c.keeper_id.label("owner_id"), LICENCES.c.committee_id,
    ).where(~LICENCES.c.renewed)  # fmt: skip


def load_licences(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
    rows = session.execute(sa.select(LICENCES).where(LICENCES.c.id.in_(keys)))
    return [TargetInfo("lorry_licence", row.id, row.plate, f"/licences/{row.id}", committee_id=row.committee_id) for row in rows]


def everybody(_session: Session, _actor: Actor, keys: Sequence[UUID]) -> set[UUID]:
    return set(keys)


@pytest.fixture
def area(database: Database, session: Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The area's one registration beside its model."""
    monkeypatch.setattr(registry, "_kinds", {})
    monkeypatch.setattr(targets, "_kinds", dict(targets._kinds))
    LICENCES.create(session.connection())
    session.commit()
    targets.register("lorry_licence", TargetKind(lazy("Reminder"), load_licences, everybody))
    register_due(DueKind("lorry_licence", "lorry_licence", lazy("Reminder"), due_licences))
    yield
    LICENCES.drop(session.connection())


def enter(session: Session, world: World, expires_on: date, keeper: str | None = "clerk_banphru") -> UUID:
    key = new_id()
    session.execute(sa.insert(LICENCES).values(
        id=key, plate="80-1234 สงขลา", expires_on=expires_on, keeper_id=world.users[keeper].id if keeper else None,
        municipality_id=world.org_id("banphru"), committee_id=world.committee.id, renewed=False,
    ))  # fmt: skip
    session.commit()
    return key


def turn(session: Session, database: Database, now: datetime) -> int:
    recorded = sweep(session, now=now)
    session.commit()
    delivery.deliver_batch(database, now)
    return recorded


def send(session: Session, database: Database, now: datetime) -> list[Any]:
    post = Remembering()
    digest.compose_due(database, now=now)
    mail.deliver_batch(database, post, now, sender="collab@example.test", base_url="https://c.test")
    evidence.follow(session, actor=job_actor("test"), now=now)
    session.commit()
    return post.mails


def outcomes(session: Session) -> list[Outcome]:
    return list(session.scalars(sa.select(ReminderEvidence.outcome).order_by(ReminderEvidence.id)))


def test_rules_dry_run_sweep_mail_and_evidence(
    area: None, session: Session, database: Database, world: World, now: datetime
) -> None:
    key = enter(session, world, TODAY + 7 * DAY)
    rule = add_rule(session, world, now, Audience.OWNER, -5, due_kind="lorry_licence", enable=False)
    variants = rehearsal.variants_within(rule, [], setting_of(rule).place, TODAY)
    shown = rehearsal.rehearse(session, rule, variants, TODAY)
    assert [(row.day, row.target, row.recipient_id) for row in shown] == [
        (TODAY, Ref("lorry_licence", key), world.users["clerk_banphru"].id)
    ]
    assert turn(session, database, now) == 0, "a dry run records nothing, and the rule is off"
    service.switch_rule(
        session, actor=world.actors["administrator"], now=now, rule_id=rule.id, enable=True, expected_version=None
    )
    assert turn(session, database, now) == 1
    assert turn(session, database, now) == 0, "told once"
    (sent,) = send(session, database, now + DAY)
    body = sent.get_body(("plain",)).get_content()
    assert "80-1234 สงขลา" in sent["Subject"]
    assert f"https://c.test/licences/{key}" in body
    assert outcomes(session) == [Outcome.QUEUED, Outcome.ACCEPTED]
    service.acknowledge(
        session,
        actor=world.actors["clerk_banphru"],
        now=now + DAY,
        target=Ref("lorry_licence", key),
        until_on=TODAY + 2 * DAY,
        note="",
    )
    assert outcomes(session)[-1] is Outcome.ACKNOWLEDGED
    assert len(queries.list_evidence(session, Ref("lorry_licence", key)).rows) == 3


def test_the_ladder_climbs_and_stops_when_it_is_settled(
    area: None, session: Session, database: Database, world: World, now: datetime
) -> None:
    key = enter(session, world, TODAY - 3 * DAY)
    for audience, offset in ((Audience.OWNER, 1), (Audience.EXECUTIVE, 2), (Audience.CHAIR, 3)):
        add_rule(session, world, now - 30 * DAY, audience, offset, due_kind="lorry_licence")
    send_away(session, world, now, "executive_banphru", TODAY, TODAY + 9 * DAY)
    session.commit()
    for later in (0, 1):
        turn(session, database, now + later * DAY)
    told = {row.recipient_id: row.audience for row in session.scalars(sa.select(Reminder))}
    assert told == {
        world.users["clerk_banphru"].id: Audience.OWNER,
        world.users["chair"].id: Audience.CHAIR,
    }, "the executive is away: the next rung"
    session.execute(sa.update(LICENCES).where(LICENCES.c.id == key).values(renewed=True))
    session.commit()
    assert turn(session, database, now + 2 * DAY) == 0
    assert send(session, database, now + 2 * DAY) == [], "what was queued before and is settled now is not mailed"
    assert outcomes(session).count(Outcome.SKIPPED) == 2


def test_without_a_keeper_the_clerks_of_the_municipality(
    area: None, session: Session, database: Database, world: World, now: datetime
) -> None:
    enter(session, world, TODAY, keeper=None)
    add_rule(session, world, now, Audience.OWNER, 0, due_kind="lorry_licence")
    turn(session, database, now)
    assert session.scalars(sa.select(Reminder.recipient_id)).all() == [world.users["clerk_banphru"].id]
