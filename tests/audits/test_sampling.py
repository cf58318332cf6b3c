"""Samples: the sums, that they can be drawn again, the working papers, and the files taken away."""

import csv
import io
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from sqlalchemy.orm import Session

from collab.action_plans.models import ActionItem
from collab.audits import sample_queries, sampling, service
from collab.audits.models import AuditReading, Sample
from collab.audits.models.samples import Check
from collab.audits.sampling import Choice, Method, Subject, Unit
from collab.kernel.errors import InvalidInput, NotAllowed, NotFound, VersionConflict
from collab.kernel.ids import new_id
from collab.kernel.targets import Ref
from tests.factories import action_plans as plans
from tests.factories.world import World

Browse = Callable[[str], FlaskClient]
SEEDS = st.integers(1, sampling.LARGEST_SEED)


def test_the_generator_is_that_of_park_and_miller() -> None:
    # The check value that their paper gives: the 10,000th number after the seed 1 is 1043618065.
    generator = sampling.numbers(1)
    assert [next(generator) for _ in range(10_000)][-1] == 1_043_618_065


@given(st.integers(1, 3000), st.integers(1, 60), SEEDS)
def test_a_random_sample_is_the_same_again_without_repeats(population: int, size: int, seed: int) -> None:
    chosen = sampling.draw_random(population, size, seed)
    assert chosen == sampling.draw_random(population, size, seed)
    found = [choice.number for choice in chosen]
    assert len(set(found)) == len(found) == min(size, population)
    assert all(1 <= number <= population for number in found)


def test_every_item_has_about_the_same_chance() -> None:
    hits = Counter(choice.number for seed in range(1, 3001) for choice in sampling.draw_random(10, 2, seed * 7919))
    assert set(hits) == set(range(1, 11))
    assert all(500 < hits[number] < 700 for number in hits)


@settings(max_examples=200)
@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=80), st.integers(1, 40), SEEDS)
def test_every_jth_baht_is_hit(amounts: list[int], size: int, seed: int) -> None:
    found = sampling.draw_monetary(amounts, size, seed)
    if sum(amounts) == 0:
        assert found.choices == ()
        return
    assert 1 <= found.start <= found.interval
    points = range(found.start, sum(amounts) + 1, found.interval) if sum(amounts) // found.interval < 10_000 else ()
    owners, running = [], 0
    for number, amount in enumerate(amounts, start=1):
        if any(running < point <= running + amount for point in points):
            owners.append(number)
        running += amount
    assert [choice.number for choice in found.choices] == owners
    for number, amount in enumerate(amounts, start=1):
        if amount >= found.interval:
            assert number in owners
        if amount == 0:
            assert number not in owners


def unit(amount: int = 0, **flags: Any) -> Unit:
    key = new_id()
    return Unit(key, "ก", amount, Ref("action_item", key), **flags)


def test_points_of_risk() -> None:
    assert sampling.score(unit()) == 0
    assert sampling.score(unit(2_500_000, is_late=True, without_authority=True, slips=9)) == 3 + 3 + 5 + 2
    assert sampling.score(unit(99_000_000)) == 5
    units = [unit(1), unit(5, slips=1), unit(9, slips=1), unit(0, is_late=True)]
    assert sampling.draw_risk(units, 3) == [Choice(4, 3), Choice(3, 1), Choice(2, 1)]


@given(st.decimals(0, 10**9, places=2))
def test_whole_baht_is_never_half_a_baht_away(amount: Decimal) -> None:
    assert abs(sampling.whole_baht(amount) - amount) <= Decimal("0.5")


@pytest.fixture
def items(session: Session, world: World, now: datetime) -> list[ActionItem]:
    before = now - timedelta(days=3)
    plan = plans.make_plan(session, world, before)
    resolution = plans.make_resolution(session, world, before)
    sums = (0, 100, 900_000, 5_000_000)
    made = [
        plans.make_item(session, world, before, plan, resolution, title=f"งาน {baht}", budget_planned=Decimal(baht))
        for baht in sums
    ]
    plans.activate(session, world, now - timedelta(days=2), plan)
    return made


def wish(world: World, now: datetime, **changes: Any) -> service.Wish:
    values = {
        "title": "ตัวอย่าง",
        "subject": Subject.ACTION_ITEMS,
        "committee_id": world.committee.id,
        "method": Method.RANDOM,
        "seed": 2570,
        "size": 2,
        "frozen_at": now,
    }
    return service.Wish(**{**values, **changes})


@pytest.mark.parametrize("method", list(Method))
def test_what_is_recorded_later_changes_nothing(
    session: Session, world: World, now: datetime, items: list[ActionItem], method: Method
) -> None:
    auditor = world.actors["auditor"]
    first = service.draw_sample(session, actor=auditor, now=now, wish=wish(world, now, method=method))
    session.commit()
    later = now + timedelta(days=1)
    with_change(session, world, later, items[1])
    again = service.draw_sample(session, actor=auditor, now=later, wish=wish(world, now, method=method))
    session.commit()
    assert (again.population, again.population_sha256, again.total) == (first.population, first.population_sha256, first.total)
    pairs = [
        [(row.number, row.drawn, row.target_id, row.amount) for row in sample_queries.rows_of(session, one.id)]
        for one in (first, again)
    ]
    assert pairs[0] == pairs[1]
    assert first.population == 4
    moved = service.draw_sample(session, actor=auditor, now=later, wish=wish(world, later, method=method))
    assert moved.population_sha256 != first.population_sha256


def with_change(session: Session, world: World, now: datetime, item: ActionItem) -> None:
    from collab import history

    with history.act(session, verb="action_item.edited", actor=world.actors["coordinator"], now=now, subject=item):
        item.budget_planned = Decimal(777_777)
    session.commit()


def test_who_may_draw_and_from_what(session: Session, world: World, now: datetime, items: list[ActionItem]) -> None:
    for who in ("administrator", "coordinator", "chair", "clerk_banphru", "clerk_outside"):
        with pytest.raises(NotAllowed):
            service.draw_sample(session, actor=world.actors[who], now=now, wish=wish(world, now))
    auditor = world.actors["auditor"]
    for changes in (
        {"frozen_at": now + timedelta(seconds=1)},
        {"frozen_at": now - timedelta(days=400)},
        {"committee_id": new_id()},
    ):
        with pytest.raises(InvalidInput):
            service.draw_sample(session, actor=auditor, now=now, wish=wish(world, now, **changes))


def test_working_papers_in_the_browser(
    session: Session, world: World, now: datetime, items: list[ActionItem], browse: Browse
) -> None:
    client = browse("auditor")
    form = {"title": "สุ่มเงิน", "subject": "action_items", "where": str(world.committee.id), "method": "monetary", "size": "2", "seed": "7", "once": "s1",
            "frozen_on-day": "21", "frozen_on-month": "11", "frozen_on-year": "2569"}  # fmt: skip
    assert client.get("/audit/samples/new").status_code == 200
    first, second = client.post("/audit/samples/new", data=form), client.post("/audit/samples/new", data=form)
    assert first.headers["Location"] == second.headers["Location"]
    assert session.scalar(sa.select(sa.func.count()).select_from(Sample)) == 1
    page = first.headers["Location"]
    assert "งาน 5000000" in client.get(page).get_data(as_text=True)
    sample = session.scalars(sa.select(Sample)).one()
    row = sample_queries.rows_of(session, sample.id)[0]
    path = f"{page}/rows/{row.id}"
    assert client.get(path).status_code == 200
    assert client.post(path, data={"check": "x", "conclusion": "ก", "version": "1"}).status_code == 422
    assert client.post(path, data={"check": "exception", "conclusion": "ไม่มีใบรับ", "version": "1"}).status_code == 303
    stale = client.post(path, data={"check": "satisfactory", "conclusion": "ของฉัน", "version": "1"})
    assert stale.status_code == 409
    assert {word for word in ("ของฉัน", "ไม่มีใบรับ") if word in stale.get_data(as_text=True)} == {"ของฉัน", "ไม่มีใบรับ"}
    assert client.get(f"/audit/samples/{sample.id}/rows/{new_id()}").status_code == 404
    assert browse("clerk_banphru").get(page).status_code == 403
    for changes in (
        {"size": "0"},
        {"seed": "0"},
        {"seed": "99999999999"},
        {"method": "x"},
        {"subject": "x"},
        {"subject": "decisions"},
        {"title": ""},
        {"frozen_on-year": "2575"},
    ):
        assert client.post("/audit/samples/new", data={**form, "once": "s2", **changes}).status_code == 422, changes


def test_the_population_taken_away_is_enough_to_draw_again(
    session: Session, world: World, now: datetime, items: list[ActionItem], browse: Browse
) -> None:
    sample = service.draw_sample(session, actor=world.actors["auditor"], now=now, wish=wish(world, now, method=Method.MONETARY))
    session.commit()
    client = browse("auditor")
    table = list(csv.reader(io.StringIO(client.get(f"/audit/samples/{sample.id}/population.csv").get_data().decode("utf-8-sig"))))
    amounts = [int(line[3]) for line in table[1:]]
    again = sampling.draw_monetary(amounts, sample.wanted, sample.seed)
    assert [choice.number for choice in again.choices] == [row.number for row in sample_queries.rows_of(session, sample.id)]
    book = load_workbook(io.BytesIO(client.get(f"/audit/samples/{sample.id}.xlsx").get_data()))
    assert book.active is not None
    assert book.active.max_row == 1 + len(again.choices)
    taken = session.scalars(sa.select(AuditReading).where(AuditReading.target_id == sample.id)).all()
    assert [len(row.sha256) for row in taken] == [64, 64]


def test_two_who_write_one_working_paper(session: Session, world: World, now: datetime, items: list[ActionItem]) -> None:
    sample = service.draw_sample(session, actor=world.actors["auditor"], now=now, wish=wish(world, now))
    session.commit()
    row = sample_queries.rows_of(session, sample.id)[0]
    arguments: dict[str, Any] = {"now": now, "row_id": row.id, "check": Check.SATISFACTORY, "conclusion": "ก"}
    service.check_row(session, actor=world.actors["auditor"], expected_version=1, **arguments)
    session.commit()
    with pytest.raises(VersionConflict):
        service.check_row(session, actor=world.actors["auditor"], expected_version=1, **arguments)
    with pytest.raises(NotFound):
        service.check_row(session, actor=world.actors["coordinator"], expected_version=None, **arguments)


def test_changes_taken_away_are_recorded(session: Session, world: World, items: list[ActionItem], browse: Browse) -> None:
    client = browse("auditor")
    answer = client.get(f"/audit/changes.csv?object=action_plan/{items[0].plan_id}&about=action_item")
    table = list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
    assert any("งาน 900000" in cell for line in table for cell in line)
    assert client.get("/audit/changes.xlsx").status_code == 200
    rows = session.scalars(sa.select(AuditReading).order_by(AuditReading.id)).all()
    assert [row.count for row in rows][:1] == [len(table) - 1]
    assert client.get("/audit/changes.csv?verb=x").status_code == 422
    assert client.get("/audit/changes.csv?object=action_plan/x").status_code == 404
    assert client.get("/audit/changes.pdf").status_code == 404
    assert browse("clerk_banphru").get("/audit/changes.csv").status_code == 403
