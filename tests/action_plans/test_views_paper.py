"""Views of a plan on paper."""

import re
from collections.abc import Callable
from datetime import date, datetime
from types import SimpleNamespace

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from collab.action_plans import documents
from collab.action_plans.models import ActionPlan
from collab.action_plans.routes import views_paper
from collab.documents.typesetting import Paper, Paragraph, Table
from collab.kernel.targets import Ref
from tests.action_plans.test_views import add_many
from tests.factories import action_plans as made
from tests.factories.world import World

Browse = Callable[[str], FlaskClient]


@pytest.mark.parametrize(
    "name",
    [
        "table.pdf",
        "timeline.pdf",
        "month.pdf?month=2026-11",
        "board.pdf",
        "board.pdf?by=state",
        "waits.pdf",
        "map.pdf",
        "table.pdf?state=done",
        "timeline.pdf?state=done",
    ],
)
def test_papers(
    browse: Browse, session: Session, world: World, now: datetime, draft: ActionPlan, authority: Ref, name: str
) -> None:
    items = add_many(session, world, now, draft, authority, 25)
    made.link(session, world, now, items[0], items[1])
    answer = browse("coordinator").get(f"/action-plans/{draft.id}/{name}")
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert answer.data.startswith(b"%PDF-")
    assert browse("clerk_outside").get(f"/action-plans/{draft.id}/{name}").status_code == 404


def test_papers_say_what_the_views_show(
    browse: Browse,
    session: Session,
    world: World,
    now: datetime,
    draft: ActionPlan,
    authority: Ref,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    items = add_many(session, world, now, draft, authority, 120)
    made.link(session, world, now, items[0], items[1])
    papers: list[Paper] = []
    monkeypatch.setattr(views_paper, "render_pdf", lambda paper, _now: papers.append(paper) or b"%PDF-")
    for name in ("board.pdf", "waits.pdf", "map.pdf"):
        assert browse("coordinator").get(f"/action-plans/{draft.id}/{name}").status_code == 200
    board, waits, on_map = ([block for block in paper.blocks if isinstance(block, Table)] for paper in papers)
    assert [len(table.rows) for table in board] == [60, 60], "every card, not only those that a screen shows"
    assert [list(row) for row in waits[0].rows] == [["เทศบาลเมืองคอหงส์", "1"]]
    assert items[1].title in waits[1].rows[0][0]
    assert items[0].title in waits[1].rows[0][1]
    assert [row[1] for row in on_map[0].rows] == ["60", "60"]


def test_a_paper_says_what_it_leaves_out(
    browse: Browse,
    session: Session,
    world: World,
    now: datetime,
    draft: ActionPlan,
    authority: Ref,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    add_many(session, world, now, draft, authority, 4)
    papers: list[Paper] = []
    monkeypatch.setattr(views_paper, "render_pdf", lambda paper, _now: papers.append(paper) or b"%PDF-")
    khohong, query = world.org_id("khohong"), "state=open&text=a&late=1&due_from=2026-12-01&no_authority=1&group=ก"
    for address in (
        "table.pdf",
        f"table.pdf?organisation={khohong}&leads=1&{query}",
        f"waits.pdf?organisation={khohong}&{query}",
    ):
        assert browse("coordinator").get(f"/action-plans/{draft.id}/{address}").status_code == 200
    said = [[block.text for block in paper.blocks if isinstance(block, Paragraph)][:1] for paper in papers]
    assert not any("เฉพาะ" in text for text in said[0])
    for word in ("รับผิดชอบหลักโดยเทศบาลเมืองคอหงส์", "ที่ยังต้องดำเนินการ", "กลุ่มงาน ก", "“a”", "ล่าช้า", "1 ธ.ค. 2569"):
        assert word in said[1][0]
    assert said[2] == ["เฉพาะรายการ: รับผิดชอบหลักหรือสนับสนุนโดยเทศบาลเมืองคอหงส์"], "what the view does not heed is not said"
    assert said[1][0] in browse("coordinator").get(f"/action-plans/{draft.id}?organisation={khohong}&leads=1&{query}").get_data(
        as_text=True
    )


def test_a_figure_of_the_map_opens_the_rows_that_it_counts(
    browse: Browse, session: Session, world: World, now: datetime, draft: ActionPlan, authority: Ref
) -> None:
    for number in range(3):
        made.make_item(session, world, now, draft, authority, title=f"นำ {number}")
    made.make_item(
        session, world, now, draft, authority, title="ช่วย", owner_id=None, lead_organisation_id=world.org_id("khohong"),
        supporter_ids=frozenset({world.org_id("banphru")}),
    )  # fmt: skip
    client = browse("coordinator")
    page = client.get(f"/action-plans/{draft.id}/map").text
    found = re.search(
        r'<td class="n"><a class="govuk-link" href="([^"]*organisation=' + str(world.org_id("banphru")) + r'[^"]*)">3</a>', page
    )
    assert found
    opened = client.get(found[1].replace("&amp;", "&")).text
    assert "นำ 2" in opened
    assert "ช่วย" not in opened


def test_a_month_says_what_runs_and_what_should_have_run() -> None:
    line = SimpleNamespace(
        starts_on=date(2026, 12, 31),
        due_on=date(2027, 2, 1),
        baseline_starts_on=date(2026, 11, 30),
        baseline_due_on=date(2027, 1, 1),
    )
    months = documents.months_between(date(2026, 10, 1), date(2027, 3, 31))
    assert [documents.sign_of(line, month) for month in months] == ["", "□", "■", "■", "■", ""]  # type: ignore[arg-type]
