"""Shares beside an object: who reckons them, that versions do not collide, and what bad input comes to."""

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from collab.cost_sharing import queries, service
from collab.cost_sharing.models import CostFormula
from collab.cost_sharing.rules import Method, Terms
from collab.kernel.db import Database
from collab.kernel.errors import InvalidInput, NotAllowed, NotFound
from collab.kernel.ids import new_id
from collab.kernel.targets import Ref
from collab.proposals.states import ProposalState
from tests.factories.proposals import proposal_in
from tests.factories.world import MEMBERS, World
from tests.threads import at_once

Browse = Callable[[str], FlaskClient]
PEOPLE = (
    "administrator",
    "coordinator",
    "chair",
    "auditor",
    "clerk_banphru",
    "clerk_khohong",
    "executive_khohong",
    "clerk_outside",
)
#: Tonnes a day and the split of a million baht, as in the reference's worked example without Phatong's satang.
TONNES = {"banphru": Decimal(20), "khohong": Decimal(40), "phatong": Decimal(6)}


@pytest.fixture
def target(session: Session, world: World, now: datetime) -> Ref:
    return Ref("proposal", proposal_in(session, world, now, ProposalState.SUBMITTED).id)


def reckon(session: Session, world: World, now: datetime, target: Ref, who: str = "coordinator", **changes: Any) -> CostFormula:
    values: dict[str, Any] = {
        "method": Method.BY_MEASURE, "measures": {world.org_id(name): value for name, value in TONNES.items()},
        "terms": Terms(total=Decimal(1_000_000)), "unit": "ตัน", "source": "ชั่งจริง", "measured_on": None,
    }  # fmt: skip
    made = service.reckon(session, actor=world.actors[who], now=now, target=target, **{**values, **changes})
    session.flush()
    return made


@pytest.mark.parametrize("who", PEOPLE)
def test_who_reckons(session: Session, world: World, now: datetime, target: Ref, who: str) -> None:
    if who in ("coordinator", "clerk_banphru", "clerk_khohong"):
        assert reckon(session, world, now, target, who).edition == 1
    else:
        with pytest.raises(NotFound if who == "clerk_outside" else NotAllowed):
            reckon(session, world, now, target, who)


def test_shares_are_kept_with_their_inputs_and_sum_to_the_satang(
    session: Session, world: World, now: datetime, target: Ref
) -> None:
    made = reckon(session, world, now, target)
    rows = queries.shares_of(session, [made.id])[made.id]
    assert [row.organisation_id for row in rows] == [world.org_id(name) for name in MEMBERS]
    assert [row.amount for row in rows] == [Decimal("303030.30"), Decimal("606060.61"), Decimal("90909.09")]
    assert (sum(row.amount for row in rows), made.total) == (Decimal(1_000_000), Decimal(1_000_000))


def test_a_trial_never_overwrites_the_one_before(session: Session, world: World, now: datetime, target: Ref) -> None:
    editions = [reckon(session, world, now, target, method=method).edition for method in (Method.EQUAL, Method.BY_MEASURE)]
    assert editions == [1, 2]
    assert len(queries.formulas_of(session, target.id)) == 2


@pytest.mark.parametrize("measures", [{}, {"banphru": Decimal(0)}, {"banphru": Decimal(-1)}])
def test_numbers_that_give_no_shares_are_refused(
    session: Session, world: World, now: datetime, target: Ref, measures: dict[str, Decimal]
) -> None:
    with pytest.raises(InvalidInput):
        reckon(session, world, now, target, measures={world.org_id(name): value for name, value in measures.items()})


def test_another_municipalitys_draft_has_no_shares_page(browse: Browse, session: Session, world: World, now: datetime) -> None:
    draft = Ref("proposal", proposal_in(session, world, now).id)
    with pytest.raises(NotFound):
        reckon(session, world, now, draft, "clerk_khohong")
    assert browse("clerk_khohong").get(f"/cost-sharing/proposal/{draft.id}").status_code == 404
    assert browse("clerk_banphru").get(f"/cost-sharing/proposal/{draft.id}").status_code == 200


def test_editions_taken_at_once_do_not_collide(committed: Database, people: World, now: datetime) -> None:
    with committed.unit_of_work() as session:
        target = Ref("proposal", proposal_in(session, people, now, ProposalState.SUBMITTED).id)

    def trial(_number: int) -> int:
        with committed.unit_of_work() as session:
            return reckon(session, people, now, target).edition

    assert sorted(at_once(6, trial)) == [1, 2, 3, 4, 5, 6]


def filled(world: World, page: str, **changes: str) -> dict[str, str]:
    key = re.search(r'name="once" value="([^"]+)"', page)
    assert key is not None
    measures = {f"measure-{world.org_id(name)}": str(value) for name, value in TONNES.items()}
    return {
        "method": "by_measure",
        "total": "1,000,000",
        "host": "",
        "source": "ชั่งจริง",
        "once": key.group(1),
        **measures,
        **changes,
    }


def test_a_second_click_reckons_once(browse: Browse, session: Session, world: World, target: Ref) -> None:
    client, path = browse("clerk_banphru"), f"/cost-sharing/proposal/{target.id}"
    data = filled(world, client.get(path).text, total="๑,๐๐๐,๐๐๐.๐๐")
    assert [client.post(path, data=data).status_code for _click in range(2)] == [303, 303]
    assert session.scalar(sa.select(sa.func.count()).select_from(CostFormula)) == 1
    assert "606,060.61" in client.get(path).text


@pytest.mark.parametrize("changes", [
    {"total": "x"}, {"total": "-1"}, {"method": "nonsense"}, {"source": ""}, {"cap_percent": "0"}, {"equal_percent": "101"},
    {"measure": "NaN"}, {"measure": "1e99"}, {"measure": "สอง"}, {"measure": "-3"}, {"method": "capped", "cap_percent": "10"},
])  # fmt: skip
def test_rubbish_comes_back_with_what_was_typed(
    browse: Browse, session: Session, world: World, target: Ref, changes: dict[str, str]
) -> None:
    client, path = browse("clerk_banphru"), f"/cost-sharing/proposal/{target.id}"
    key = f"measure-{world.org_id('banphru')}"
    renamed = {key if name == "measure" else name: value for name, value in changes.items()}
    answer = client.post(path, data=filled(world, client.get(path).text, **renamed))
    assert answer.status_code == 422
    assert "govuk-error-summary" in answer.text
    assert 'value="ชั่งจริง"' in answer.text or "source" in changes
    assert session.scalar(sa.select(sa.func.count()).select_from(CostFormula)) == 0


@pytest.mark.parametrize("kind", ["proposal", "nonsense"])
def test_unknown_ids_are_not_found(browse: Browse, world: World, kind: str) -> None:
    key: UUID = new_id()
    assert browse("coordinator").get(f"/cost-sharing/{kind}/{key}").status_code == 404
