"""Pages of the calendar."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from collab.calendar import queries, service
from collab.calendar.models import Holiday
from collab.kernel.access import job_actor

Browse = Callable[[str], FlaskClient]
FORM = {
    "day-day": "๑๔", "day-month": "ธันวาคม", "day-year": "๒๕๖๙", "name_th": "วันปิดทำการพิเศษ", "is_office_closed": "y",
    "source": "มติคณะรัฐมนตรี",
}  # fmt: skip


@pytest.fixture
def holidays(session: Session, now: datetime) -> list[Holiday]:
    service.load_holidays(session, actor=job_actor("test"), now=now)
    session.commit()
    return queries.list_holidays(session, 2026)


@pytest.mark.parametrize("role", ["administrator", "clerk_banphru", "clerk_outside", "auditor"])
def test_everybody_reads_the_calendar(browse: Browse, holidays: list[Holiday], role: str, count_queries: Any) -> None:
    person = browse(role)
    assert person.get("/calendar").headers["Location"] == "/calendar/2569"
    with count_queries() as statements:
        page = person.get("/calendar/2569")
    assert page.status_code == 200
    assert "วันพืชมงคล" in page.text
    assert len(statements) <= 3
    assert ("/calendar/new" in page.text) == (role == "administrator")


@pytest.mark.parametrize("year", ["0", "2569999999999", "2400", "9999", "-1", "x"])
def test_no_such_year(browse: Browse, year: str) -> None:
    assert browse("administrator").get(f"/calendar/{year}").status_code == 404


def test_a_closure_is_entered_once(browse: Browse, session: Session) -> None:
    person = browse("administrator")
    for _time in range(2):
        response = person.post("/calendar/new", data={**FORM, "once": "same"})
        assert response.status_code == 303
        assert response.headers["Location"] == "/calendar/2569"
    assert session.scalars(sa.select(Holiday)).one().day.isoformat() == "2026-12-14"
    assert person.post("/calendar/new", data=FORM).status_code == 422


@pytest.mark.parametrize(
    "changed",
    [
        {"day-day": "31", "day-month": "2", "day-year": "2570"}, {"day-year": "69"}, {"day-day": ""}, {"name_th": "ก" * 301},
        {"name_th": "\x00"}, {"source": ""}, {"day-day": "😀"},
    ],
)  # fmt: skip
def test_bad_input_comes_back(browse: Browse, changed: dict[str, str]) -> None:
    response = browse("administrator").post("/calendar/new", data={**FORM, **changed})
    assert response.status_code == 422
    assert "govuk-error-summary" in response.text


def test_two_editors(browse: Browse, holidays: list[Holiday]) -> None:
    path = f"/calendar/days/{holidays[0].id}/edit"
    person = browse("administrator")
    assert person.get(path).status_code == 200
    assert person.post(path, data={**FORM, "version": "1", "name_en": "First"}).status_code == 303
    second = person.post(path, data={**FORM, "version": "1", "name_en": "Second"})
    assert second.status_code == 409
    assert "First" in second.text
    assert 'value="Second"' in second.text
    assert person.post(path, data={**FORM, "version": "2", "name_en": "Second"}).status_code == 303


def test_an_entry_is_taken_out(browse: Browse, holidays: list[Holiday]) -> None:
    path = f"/calendar/days/{holidays[0].id}/remove"
    assert browse("clerk_banphru").post(path, data={"version": "1"}).status_code == 403
    assert browse("administrator").post(path, data={"version": "7"}).status_code == 409
    assert browse("administrator").post(path, data={"version": "1"}).status_code == 303
    assert browse("administrator").post(path, data={"version": "1"}).status_code == 404
