"""The demonstration loads whole, and leaves everybody something true to do."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.action_plans import feeds, filters_saved, ledger, overview, overview_queries, service
from collab.action_plans import queries as plan_queries
from collab.action_plans.comparison import compare_plan
from collab.action_plans.lights import Light
from collab.action_plans.models import ActionPlan
from collab.action_plans.states import ApprovalLevel, ItemKind, PlanState
from collab.agreements.models import Agreement
from collab.audits import presenters, trail
from collab.audits.models import ErasureRequest, RequestState
from collab.factory import create_core
from collab.factory.demo import campaign, daily_work, routine, story
from collab.factory.demo.people import PEOPLE, PLACES
from collab.factory.demo.stage import Stage
from collab.history import canon
from collab.history import queries as history_queries
from collab.history.comparison import Change
from collab.history.integrity import reconcile
from collab.history.integrity.rebuild import check_versions
from collab.history.integrity.reconcile import find_disagreements
from collab.history.integrity.whole import verify_log
from collab.history.models import HistoryEvent, HistoryStream
from collab.kernel import i18n, turns
from collab.kernel.access import Actor, Grant, Scope
from collab.kernel.clock import today
from collab.kernel.db import Database
from collab.meetings.models import Meeting
from collab.meetings.states import MeetingState
from collab.members.models import AddressFlag, Committee, Organisation, User
from collab.notices import channels
from collab.notices.channel_models import Channel
from collab.notices.models import Finding, MailReport, Message
from collab.reminders import evidence
from collab.reminders.models import ReminderEvidence
from collab.reminders.registry import due_kinds
from tests.conftest import NOW, settings_for
from tests.databases import own_database


@pytest.fixture(scope="module")
def theatre(template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A database in which the story was told once, for all tests of this file: none of them writes."""
    i18n.set_locale("th")
    with own_database("story", template) as database:
        create_core(settings_for("postgresql://unused", tmp_path_factory.mktemp("story")), database.send_job, database=database)
        with database.unit_of_work() as session:
            story.tell(session, NOW)
        yield database


@pytest.mark.parametrize("hour", range(24))
def test_the_story_can_be_told_at_any_hour(hour: int) -> None:
    """What happens on a day of the story happens on that day in Bangkok, where a council cannot have resolved tomorrow."""
    stage = Stage(None, NOW.replace(hour=hour, minute=20), {}, None)  # type: ignore[arg-type]
    assert {today(stage.at(ago, at)) - stage.day(ago) for ago in (1, 945) for at in (0, 3, 16)} == {timedelta(0)}
    assert stage.at(1).hour == 3


@pytest.fixture
def told(theatre: Database) -> Iterator[Session]:
    with theatre.reading() as session:
        yield session


def actor_of(session: Session, key: str) -> Actor:
    person = next(found for found in PEOPLE if found.key == key)
    user = session.scalars(sa.select(User).where(User.email == person.email)).one()
    committee = session.scalars(sa.select(Committee)).one()
    scope_id = {Scope.COMMITTEE: committee.id, Scope.ORGANISATION: user.organisation_id}.get(person.scope)
    return Actor(
        user_id=user.id, grants=(Grant(person.role, person.scope, scope_id),), organisation_id=user.organisation_id,
        committee_ids=frozenset({committee.id}),
    )  # fmt: skip


def test_the_story_is_told_whole(told: Session, now: datetime) -> None:
    events = told.scalars(sa.select(HistoryEvent).order_by(HistoryEvent.stream_id, HistoryEvent.seq)).all()
    assert len(events) > 300
    heads = {row.id: row for row in told.scalars(sa.select(HistoryStream))}
    previous: dict[str, tuple[int, bytes]] = {}
    for event in events:
        seq, head = previous.get(event.stream_id, (0, bytes(32)))
        body = canon.decode(event.body)
        assert (event.seq, body["prev"]) == (seq + 1, head.hex())
        assert canon.leaf_hash(event.body) == event.leaf_hash
        previous[event.stream_id] = (event.seq, event.leaf_hash)
    assert {key: bytes(row.head) for key, row in heads.items()} == {key: head for key, (_seq, head) in previous.items()}
    late = [(event.verb, event.stream_id) for event in trail.read(told, trail.Filter(late=True), size=200).events]
    assert late == [], "the story is told in the order of time: nothing of it may look entered late"
    assert verify_log(told).faults == []
    assert told.scalar(sa.select(sa.func.count()).select_from(ReminderEvidence)), "somebody was reminded of something"
    states = told.scalars(sa.select(Agreement.state).order_by(Agreement.id)).all()
    assert [state.value for state in states] == ["in_force", "ratifying"]


@pytest.mark.parametrize("locale", ["th", "en"])
def test_no_code_and_no_id_stands_where_the_history_is_told(told: Session, locale: str) -> None:
    keys = told.scalars(sa.select(HistoryEvent.id)).all()
    with i18n.speaking(locale):
        shown = presenters.present(told, list(history_queries.entries_by_ids(told, keys).values()))
    texts = {f"{line.field}: {text}" for row in shown for line in row.body_changes for text in (line.old, line.new)}
    texts |= {text for row in shown for text in (row.title, row.subject, row.actor, row.authority)}
    raw = re.compile(r"\b[a-z]+_[a-z_]+\b|\b(?:19|20)\d\d-\d\d-\d\d|[0-9a-f]{8}-[0-9a-f]{4}-|\bNone\b|\bnull\b")
    assert sorted(text for text in texts if raw.search(text)) == []


@pytest.mark.parametrize("hour", [0, 3, 16, 17, 23])
def test_what_is_told_of_a_day_happens_on_it_in_bangkok_whatever_the_clock_says(hour: int) -> None:
    stage = Stage(session=None, end=datetime(2026, 11, 21, hour, 30, tzinfo=UTC), organisations={}, committee=None)
    assert [today(stage.at(days)) for days in (1, 400)] == [stage.day(days) for days in (1, 400)]


def test_a_request_to_erase_waits_for_the_second_administrator(told: Session) -> None:
    waiting = told.scalars(sa.select(ErasureRequest)).one()
    administrators = {key: actor_of(told, key).user_id for key in ("admin", "admin2")}
    assert (waiting.state, waiting.asked_by_id) == (RequestState.ASKED, administrators["admin"])
    recipients = told.scalars(sa.select(Message.recipient_id).where(Message.kind == "erasure")).all()
    assert recipients == [administrators["admin2"]]


def test_versions_rows_and_events_agree(told: Session) -> None:
    assert list(check_versions(told)) == []
    assert list(find_disagreements(told)) == []


def test_the_nightly_comparison_finds_nothing_to_alarm_of(theatre: Database, now: datetime) -> None:
    with theatre._sessions() as session:
        assert reconcile.reconcile(session, now=now) + evidence.raise_alarms(session, now=now) == 0
        session.rollback()


@pytest.mark.parametrize("key", ["coordinator", "chair", "clerk.banphru", "mayor.khuanlang", "clerk.khohong"])
def test_everybody_has_something_to_do(told: Session, now: datetime, key: str) -> None:
    assert turns.work_of(told, actor_of(told, key), now).count > 0


def test_the_campaign_shows_every_light_and_every_kind_of_change(told: Session, now: datetime) -> None:
    actor = actor_of(told, "chair")
    plan = told.scalars(sa.select(ActionPlan).where(ActionPlan.title == campaign.TITLE)).one()
    leads = {row.lead_organisation_id for row in plan_queries.items_of(told, plan.id)}
    assert len(leads) >= 14, "every local government of the district takes part; one has left"
    lights = {
        row.verdict.light for row in overview.read(told, actor, overview_queries.Scope(plan_id=plan.id), now).by_organisation
    }
    assert {Light.GREEN, Light.YELLOW, Light.RED} <= lights
    assert plan.activated_at is not None
    assert all(compare_plan(told, plan.id, plan.activated_at, now).counts.values())


def test_the_daily_work_shows_what_a_plan_can_do(told: Session) -> None:
    plan = told.scalars(sa.select(ActionPlan).where(ActionPlan.title == daily_work.TITLE)).one()
    works = next(entry for entry in ledger.of_plan(told, plan) if entry.slips == 2)
    assert [line.change.level for line in works.changes] == [ApprovalLevel.EXECUTIVE, ApprovalLevel.COORDINATOR]
    baselines = plan_queries.baselines_of(told, plan.id)
    assert len(baselines) == 2
    assert all(service.is_unchanged(told, baseline) for baseline in baselines)
    apart = compare_plan(told, plan.id, *sorted(baseline.approved_at for baseline in baselines))
    assert apart.counts[Change.CHANGED]
    assert apart.slips
    items = plan_queries.items_of(told, plan.id)
    assert sum(row.recurrence_id is not None for row in items) > 3
    clerk = actor_of(told, "clerk.banphru")
    assert [row.is_shared for row in filters_saved.list_saved(told, clerk, plan.committee_id)] == [False, True]
    assert len(feeds.list_feeds(told, clerk)) == 1
    draft = told.scalars(sa.select(ActionPlan).where(ActionPlan.previous_id == plan.id)).one()
    assert draft.state is PlanState.DRAFT
    assert len(plan_queries.links_of(told, plan.id)) == 4
    assert len(plan_queries.budget_lines_of_plan(told, plan.id)) == 3
    assert any(row.kind is ItemKind.MILESTONE for row in plan_queries.items_of(told, plan.id))


def test_the_routine_leaves_two_behind_with_their_months_and_the_last_minutes_to_adopt(told: Session, now: datetime) -> None:
    months = due_kinds()["month_report"].select().subquery()
    late = sa.select(months.c.organisation_id).where(months.c.due_on < today(now))
    names = told.scalars(sa.select(Organisation.name_th).where(Organisation.id.in_(late))).all()
    assert set(names) == {PLACES[key] for key in routine.BEHIND}, "those without an item that has begun owe nothing yet"
    held = told.scalars(sa.select(Meeting).where(Meeting.state == MeetingState.CLOSED).order_by(Meeting.starts_at)).all()
    assert [row.minutes_adopted_at is None for row in held] == [False] * (len(held) - 1) + [True]
    plans = told.scalars(sa.select(ActionPlan).where(ActionPlan.state == PlanState.CLOSED)).all()
    assert len(plans) == 2, "the fiscal years that are over"


def test_one_address_came_back_and_one_municipality_has_a_channel(told: Session) -> None:
    (flag,) = told.scalars(sa.select(AddressFlag)).all()
    (channel,) = told.scalars(sa.select(Channel)).all()
    (report,) = told.scalars(sa.select(MailReport)).all()
    assert (flag.user_id, flag.confirmed_at, report.finding) == (report.user_id, None, Finding.FLAGGED)
    assert (channel.service, channel.on_since is not None) == ("tgram", True)
    assert channels.open_address(channel) is not None
