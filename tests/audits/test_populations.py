"""Populations of samples beside action items: agreements, decisions and lines of money, as they stood at an instant."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from collab import history
from collab.action_plans.models import BudgetLine
from collab.agreements.models import Agreement
from collab.agreements.states import AgreementState
from collab.audits import populations, sample_queries, sample_words, sampling, service
from collab.audits.sampling import Method, Subject
from collab.cost_sharing import service as cost_sharing
from collab.cost_sharing.rules import Method as Share
from collab.cost_sharing.rules import Terms
from collab.kernel.access import Grant, Role, Scope
from collab.kernel.errors import InvalidInput, NotAllowed
from collab.kernel.i18n import speaking
from collab.kernel.ids import new_id
from collab.kernel.targets import Ref
from tests.factories import action_plans as plans
from tests.factories.agreements import agreement_in
from tests.factories.world import MEMBERS, World

Browse = Callable[[str], FlaskClient]
PAIRS = [(subject, method) for subject in Subject for method in sampling.METHODS[subject]]
SIZES = {
    Subject.ACTION_ITEMS: 1,
    Subject.AGREEMENTS: 1,
    # The resolutions on the action plan and on two service plans, and the ratifications of three councils.
    Subject.DECISIONS: 6,
    Subject.BUDGETS: 2,
    Subject.COSTS: 1,
    Subject.CONTRIBUTIONS: 3,
}


@dataclass
class Records:
    """What the tests change later."""

    agreement: Agreement
    line: BudgetLine


@pytest.fixture
def records(session: Session, world: World, now: datetime) -> Records:
    before = now - timedelta(days=3)
    plan = plans.make_plan(session, world, before)
    item = plans.make_item(session, world, before, plan, plans.make_resolution(session, world, before))
    line = plans.budget_line(session, world, before, item, "banphru", 5_000, spent=4_000)
    plans.budget_line(session, world, before, item, "khohong", 7_000)
    plans.activate(session, world, before, plan)
    agreement = agreement_in(session, world, before, AgreementState.IN_FORCE)
    agreement_in(session, world, before)
    for total in (300_000, 900_000):
        share(session, world, before, agreement, total)
    return Records(agreement, line)


def share(session: Session, world: World, now: datetime, agreement: Agreement, total: int) -> None:
    cost_sharing.reckon(
        session, actor=world.actors["coordinator"], now=now, target=Ref("agreement", agreement.id), method=Share.BY_MEASURE,
        measures={world.org_id(name): Decimal(1) for name in MEMBERS}, terms=Terms(total=Decimal(total)), unit="ตัน",
        source="ชั่งจริง", measured_on=None,
    )  # fmt: skip
    session.commit()


def wish(world: World, now: datetime, subject: Subject, method: Method) -> service.Wish:
    return service.Wish("ตัวอย่าง", subject, world.committee.id, method, 2570, 2, now)


def drawn(session: Session, world: World, now: datetime, wanted: service.Wish) -> list[tuple[object, ...]]:
    made = service.draw_sample(session, actor=world.actors["auditor"], now=now, wish=wanted)
    session.commit()
    rows = [
        (row.number, row.drawn, row.target_kind, row.target_id, row.title, row.amount)
        for row in sample_queries.rows_of(session, made.id)
    ]
    return [(made.population, made.population_sha256, made.total, made.interval, made.start), *rows]


@pytest.mark.parametrize(("subject", "method"), PAIRS)
def test_a_population_stands_still(
    session: Session, world: World, now: datetime, records: Records, subject: Subject, method: Method
) -> None:
    first = drawn(session, world, now, wish(world, now, subject, method))
    assert first[0][0] == SIZES[subject]
    later = now + timedelta(days=1)
    change_all(session, world, later, records)
    assert drawn(session, world, later, wish(world, now, subject, method)) == first
    assert drawn(session, world, later, wish(world, later, subject, method))[0] != first[0]


def change_all(session: Session, world: World, now: datetime, records: Records) -> None:
    """Change every population: a new item with lines, another agreement with its ratifications and its shares."""
    plan = plans.make_plan(session, world, now, "แผนเพิ่มเติม")
    item = plans.make_item(session, world, now, plan, plans.make_resolution(session, world, now, 2))
    plans.budget_line(session, world, now, item, "banphru", 1_000, spent=1_000)
    plans.activate(session, world, now, plan)
    with history.act(session, verb="action_item.budgeted", actor=world.actors["coordinator"], now=now, subject=records.line):
        records.line.spent, records.line.planned = Decimal(9_000), Decimal(9_000)
    session.commit()
    share(session, world, now, agreement_in(session, world, now, AgreementState.IN_FORCE), 1_000)
    share(session, world, now, records.agreement, 1_200_000)


def test_each_line_is_what_its_name_says(session: Session, world: World, now: datetime, records: Records) -> None:
    def sums(subject: Subject) -> list[int]:
        return sorted(unit.amount for unit in populations.population_at(session, world.actors["auditor"], subject, None, now))

    assert sums(Subject.BUDGETS) == [5_000, 7_000]
    # Who has spent nothing has no cost.
    assert sums(Subject.COSTS) == [4_000]
    # Of the two formulas the newest counts.
    assert sums(Subject.CONTRIBUTIONS) == [300_000] * 3
    assert sums(Subject.AGREEMENTS) == [900_000]
    assert sums(Subject.DECISIONS) == [0] * 6


def test_signs_of_risk(session: Session, world: World, now: datetime, records: Records) -> None:
    auditor = world.actors["auditor"]
    decisions = populations.population_at(session, auditor, Subject.DECISIONS, None, now)
    # The three councils named no mandate to sign; the committee's resolution needs none.
    assert [unit.without_authority for unit in decisions if unit.target.kind == "ratification"] == [True] * 3
    assert [sampling.score(unit) for unit in decisions if unit.target.kind == "resolution"] == [0] * 3
    # Its last day is 30 September 2029.
    for days, is_late in ((0, False), (4 * 366, True)):
        (unit,) = populations.population_at(session, auditor, Subject.AGREEMENTS, None, now + timedelta(days=days))
        assert unit.is_late is is_late


@pytest.mark.parametrize("subject", list(Subject))
def test_ways_that_a_population_does_not_have(
    session: Session, world: World, now: datetime, records: Records, subject: Subject
) -> None:
    for method in set(Method) - set(sampling.METHODS[subject]):
        with pytest.raises(InvalidInput) as caught:
            service.draw_sample(session, actor=world.actors["auditor"], now=now, wish=wish(world, now, subject, method))
        assert set(caught.value.errors) == {"method"}


@pytest.mark.parametrize("subject", list(Subject))
def test_who_draws(session: Session, world: World, now: datetime, records: Records, subject: Subject) -> None:
    for who in ("administrator", "coordinator", "chair", "clerk_banphru", "executive_khohong", "clerk_outside"):
        with pytest.raises(NotAllowed):
            service.draw_sample(session, actor=world.actors[who], now=now, wish=wish(world, now, subject, Method.RANDOM))
    grants = {committee: (Grant(Role.AUDITOR, Scope.COMMITTEE, committee),) for committee in (world.committee.id, new_id())}
    found = [
        len(populations.population_at(session, replace(world.actors["auditor"], grants=own), subject, None, now))
        for own in grants.values()
    ]
    # A mandate for one committee shows that committee's records and no other's.
    assert found == [SIZES[subject], 0]


@pytest.mark.parametrize("subject", list(Subject))
def test_in_the_browser(
    session: Session, world: World, now: datetime, records: Records, browse: Browse, subject: Subject
) -> None:
    client = browse("auditor")
    form = {"title": "ตัวอย่าง", "subject": subject.value, "where": "", "method": "random", "size": "9", "seed": "7", "once": "s1",
            "frozen_on-day": "21", "frozen_on-month": "11", "frozen_on-year": "2569"}  # fmt: skip
    page = client.post("/audit/samples/new", data=form).headers["Location"]
    text = client.get(page).get_data(as_text=True)
    table = list(csv.reader(io.StringIO(client.get(f"{page}/population.csv").get_data().decode("utf-8-sig"))))
    assert len(table) - 1 == SIZES[subject]
    for line in table[1:]:
        assert line[2] in text
    # What each chosen item opens is there.
    for key in {path for path in text.split('"') if path.startswith("/history/") and "sample" not in path}:
        assert client.get(key).status_code == 200, key
    assert browse("clerk_banphru").get(page).status_code == 403


def test_a_version_that_was_replaced_counts_no_more(session: Session, world: World, now: datetime, records: Records) -> None:
    later = now + timedelta(days=1)
    change_all(session, world, later, records)
    units = populations.population_at(session, world.actors["auditor"], Subject.BUDGETS, None, later)
    assert sorted(unit.amount for unit in units) == [1_000, 7_000, 9_000]


def test_a_chosen_item_is_told_in_its_readers_words_and_without_a_sum_that_nobody_knows(
    session: Session, world: World, now: datetime, records: Records, browse: Browse
) -> None:
    """What is kept holds no wording: the auditor who drew in Thai and the one who reads in English get their own."""
    wanted = service.Wish("ตัวอย่าง", Subject.DECISIONS, world.committee.id, Method.RANDOM, 2570, 6, now)
    made = service.draw_sample(session, actor=world.actors["auditor"], now=now, wish=wanted)
    session.commit()
    rows = sample_queries.rows_of(session, made.id)
    told: dict[str, list[str]] = {}
    for locale in ("th", "en"):
        with speaking(locale):
            told[locale] = sample_words.titles_of(session, rows)
    ratified = [row.target_kind for row in rows].index("ratification")
    organisation = next(row for row in world.organisations.values() if row.id == rows[ratified].organisation_id)
    assert organisation.name_th in told["th"][ratified]
    assert str(organisation.name_en) in told["en"][ratified]
    assert organisation.name_th not in rows[ratified].title
    moved = sampling.Unit(
        new_id(), "ก", 0, Ref("deadline_change", new_id()), old_due_on=date(2026, 12, 1), new_due_on=date(2027, 1, 5)
    )
    with speaking("th"):
        assert sample_words.titles_of(session, [moved]) == ["ก · 1 ธ.ค. 2569 → 5 ม.ค. 2570"]
    page = browse("auditor").get(f"/audit/samples/{made.id}").text
    assert page.count("ไม่มีจำนวนเงิน") == len(rows), "a decision costs nothing that anybody knows: a dash and no nought"
    assert sample_words.sum_of(Subject.ACTION_ITEMS, 0) == 0
