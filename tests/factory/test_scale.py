"""Mass data is true: its chains, its versions, its rows and its pages, as if every act had gone through a service."""

import json
import os
from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from collab.action_plans.models import ActionItem, ActionPlan, ItemSupporter, ProgressReport
from collab.documents.models import Document
from collab.factory import create_core
from collab.factory.commands import demo
from collab.factory.demo.people import PASSWORD
from collab.factory.demo.scale import ScaleError, Wanted, build
from collab.history import canon
from collab.history.models import FOREVER, HistoryEvent, HistoryOpening, HistoryStream, HistoryVersion
from collab.history.store import NO_HASH
from collab.history.tracking import columns_of
from collab.kernel import bootstrap
from collab.kernel.db import Database, create_engine
from collab.members.models import Committee, User
from collab.search.models import SearchEntry
from config import load_settings
from tests.conftest import NOW, web_app
from tests.databases import fresh_database
from tests.services import app_url, superuser_url

WANTED = Wanted(committees=2, items=60, events=900, processes=1)
MODELS: tuple[Any, ...] = (ActionItem, ItemSupporter, ProgressReport, Document)


@pytest.fixture(scope="module")
def mass(template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Flask, str]]:
    """An application on a database of mass data, and who has a full work list there."""
    with fresh_database(f"collab_scale_{os.getpid()}", template) as name:
        url = app_url(superuser_url(), bootstrap.APP_ROLE, name)
        folder = tmp_path_factory.mktemp("scale")
        environ = {
            "COLLAB_ENV": "test",
            "COLLAB_SECRET_KEY": "test-only-0123456789abcdefghijklmnop",
            "COLLAB_BROKER_URL": "memory://",
        }
        settings = load_settings({**environ, "COLLAB_DATABASE_URL": url, "COLLAB_STATE_DIR": str(folder)})
        told: list[str] = []
        done = build(settings, WANTED, NOW, told.append)
        assert told[-1].startswith("54 of 54 items")
        engine = create_engine(url)
        core = create_core(
            settings, lambda _job, _arguments: None, database=Database(engine, lambda *_given: None), clock=lambda: NOW
        )
        yield web_app(core), done.example
        engine.dispose()


@pytest.fixture
def reading(mass: tuple[Flask, str]) -> Iterator[Session]:
    """A session on the mass data."""
    with mass[0].extensions["collab"].database.reading() as session:
        yield session


def test_it_makes_what_was_asked_for(reading: Session) -> None:
    def count(model: Any) -> int | None:
        return reading.scalar(sa.select(sa.func.count()).select_from(model))

    assert count(ActionItem) == WANTED.items
    assert count(HistoryEvent) == WANTED.events
    assert count(ActionPlan) == WANTED.plans
    assert set(reading.scalars(sa.select(ActionItem.state))) >= {"done", "in_progress"}
    assert reading.scalar(sa.select(sa.func.count()).where(SearchEntry.kind == "action_item")) == WANTED.items


def test_chains_verify_from_their_bytes(reading: Session) -> None:
    ends: dict[str, tuple[int, bytes, Any]] = {}
    for event in reading.scalars(sa.select(HistoryEvent).order_by(HistoryEvent.stream_id, HistoryEvent.seq)):
        seq, head, before = ends.get(event.stream_id, (0, NO_HASH, None))
        body = canon.decode(event.body)
        assert event.seq == body["seq"] == seq + 1
        assert body["prev"] == head.hex()
        assert event.leaf_hash == canon.leaf_hash(event.body)
        assert (body["stream"], body["id"], body["action"]) == (event.stream_id, str(event.id), event.verb)
        assert body["recorded"] == canon.instant(event.recorded_at)
        assert body["subject"]["id"] == str(event.subject_id)
        assert before is None or event.recorded_at >= before
        ends[event.stream_id] = (event.seq, event.leaf_hash, event.recorded_at)
    heads = {row.id: (row.seq, row.head, row.recorded_at) for row in reading.scalars(sa.select(HistoryStream))}
    assert heads == ends


def test_openings_open_every_commitment(reading: Session) -> None:
    openings = {(row.event_id, row.path): row for row in reading.scalars(sa.select(HistoryOpening))}
    in_force: dict[UUID, dict[str, str]] = defaultdict(dict)
    used = set()
    for event in reading.scalars(sa.select(HistoryEvent).order_by(HistoryEvent.stream_id, HistoryEvent.seq)):
        body = json.loads(event.body)
        fresh = {f"state.{change['f']}": change["nc"] for change in body["changes"] if "nc" in change}
        if body["reason_c"]:
            fresh["reason"] = body["reason_c"]
        for path, digest in fresh.items():
            opening = openings[event.id, path]
            assert canon.commitment(opening.salt, path, opening.value) == digest
            used.add((event.id, path))
        in_force[event.subject_id] |= {path.removeprefix("state."): digest for path, digest in fresh.items() if path != "reason"}
        assert body["state_c"] == in_force[event.subject_id]
    assert used == set(openings)


def test_versions_equal_the_replay_of_events(reading: Session) -> None:
    versions = {row.event_id: row for row in reading.scalars(sa.select(HistoryVersion))}
    opened = {(row.event_id, row.path): row.value for row in reading.scalars(sa.select(HistoryOpening))}
    states: dict[UUID, dict[str, Any]] = defaultdict(dict)
    last: dict[UUID, Any] = {}
    for event in reading.scalars(
        sa.select(HistoryEvent).order_by(HistoryEvent.recorded_at, HistoryEvent.stream_id, HistoryEvent.seq)
    ):
        version, state = versions[event.id], states[event.subject_id]
        for change in json.loads(event.body)["changes"]:
            if "nc" in change:
                state[change["f"]] = opened[event.id, f"state.{change['f']}"]
            else:
                assert state.get(change["f"]) == change["o"]
                state[change["f"]] = change["n"]
        before = last.get(event.subject_id)
        assert version.state == state
        assert version.previous_event_id == (before.event_id if before else None)
        assert before is None or before.recorded_to == version.recorded_from
        last[event.subject_id] = version
    assert all(version.recorded_to == FOREVER for version in last.values())
    assert len(versions) == WANTED.events


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__tablename__)
def test_present_versions_equal_the_rows(reading: Session, model: Any) -> None:
    rows = {row.id: row for row in reading.scalars(sa.select(model))}
    kind = model.__tracked__.kind
    present = reading.scalars(
        sa.select(HistoryVersion).where(HistoryVersion.subject_kind == kind, HistoryVersion.recorded_to == FOREVER)
    )
    names = [name for part in columns_of(model) for name in part]
    found = 0
    for version in present:
        row = rows[version.subject_id]
        assert version.state == {name: canon.plain(getattr(row, name)) for name in names}
        assert version.stream_id == "{}/{}".format(*model.__tracked__.stream(row))
        last = reading.scalar(sa.select(HistoryEvent.body).where(HistoryEvent.id == version.event_id))
        assert json.loads(last or b"")["subject"]["ver"] == getattr(row, "version", 1)
        found += 1
    assert found == len(rows) > 0


def test_open_items_are_those_that_are_not_done(reading: Session) -> None:
    assert all(item.is_open == (item.state not in ("done", "cancelled")) for item in reading.scalars(sa.select(ActionItem)))


def test_its_pages_open(mass: tuple[Flask, str], reading: Session) -> None:
    app, email = mass
    client = app.test_client()
    client.post("/sign-in", data={"email": email, "password": PASSWORD})
    work = client.get("/work")
    assert work.status_code == 200
    assert "จำลอง" in work.get_data(as_text=True)
    me = reading.scalar(sa.select(User.organisation_id).where(User.email == email))
    mine = sa.select(ActionItem).where(ActionItem.lead_organisation_id == me, ActionItem.state == "done")
    item = reading.scalars(mine.order_by(ActionItem.id.desc()).limit(1)).one()
    for address in (
        f"/action-plans/{item.plan_id}", f"/action-plans/items/{item.id}", f"/history/action_item/{item.id}",
        f"/history/action_plan/{item.plan_id}?all=1", f"/search?q={item.title[:6]}",
    ):  # fmt: skip
        page = client.get(address)
        assert page.status_code == 200, address
        assert "มติ" in page.get_data(as_text=True) or "จำลอง" in page.get_data(as_text=True)


def test_again_it_adds_and_the_same_seed_makes_the_same_items(mass: tuple[Flask, str], reading: Session) -> None:
    """The last test of this database, because the others count what the first run made."""
    # What is said of an item when it is added; how far it came depends on the number of events too.
    columns = (ActionItem.title, ActionItem.starts_on, ActionItem.due_on, ActionItem.budget_planned)

    def items(code: str) -> list[Any]:
        statement = sa.select(*columns).join(Committee, Committee.id == ActionItem.committee_id).where(Committee.code == code)
        return sorted(tuple(row) for row in reading.execute(statement))

    one = Wanted(committees=1, items=30, events=450, processes=1)
    done = build(mass[0].extensions["collab"].settings, one, NOW, lambda _line: None)
    assert done.example == "clerk.3-1@demo.invalid"
    assert items("จล3") == items("จล1")
    assert reading.scalar(sa.select(sa.func.count()).select_from(HistoryEvent)) == WANTED.events + one.events


@pytest.mark.parametrize(("wanted", "said"), [
    (Wanted(0, 10, 1000), "--committees must be from 1"), (Wanted(1, 2_000_000, 3_000_000), "--items must be from 1 to 1,000,000"),
    (Wanted(1, 100, 99), "--events 99 is too few"), (Wanted(5, 6, 5000), "--items 6 is too few"),
    (Wanted(1, 10, 100_000), "is too many"), (Wanted(1, 100, -1), "--events must be from 1"),
])  # fmt: skip
def test_silly_numbers_are_refused(wanted: Wanted, said: str) -> None:
    with pytest.raises(ScaleError, match=said):
        wanted.check()


def test_never_in_production(app: Flask) -> None:
    core = app.extensions["collab"]
    environ = {
        "COLLAB_ENV": "production", "COLLAB_SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz", "COLLAB_DATABASE_URL": core.settings.database_url,
        "COLLAB_BROKER_URL": "redis://127.0.0.1/9", "COLLAB_MAIL_URL": "sink://", "COLLAB_MAIL_FROM": "a@example.test",
        "COLLAB_BASE_URL": "https://example.test",
    }  # fmt: skip
    core.settings = load_settings(environ)
    result = app.test_cli_runner().invoke(demo, ["scale", "--committees", "1", "--items", "10", "--events", "400"])
    assert result.exit_code == 1
    assert "not made in production" in result.output
