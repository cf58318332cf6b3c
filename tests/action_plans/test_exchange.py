"""Sheets, tables and calendars of a plan: out and in again, faults by row and column, nothing changed before it is confirmed."""

import io
import json
import re
import zipfile
import zlib
from collections.abc import Callable
from datetime import date, datetime
from itertools import pairwise
from typing import Any

import icalendar
import openpyxl
import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from collab import history
from collab.action_plans import authorities, exchange_apply, exchange_check, exchange_form, exchange_sheet, feeds, queries
from collab.action_plans.exchange_check import Effect
from collab.action_plans.models import ActionItem, ActionPlan, Dependency
from collab.action_plans.states import SheetKind
from collab.kernel import targets
from collab.kernel.errors import InvalidInput, NotFound, StateConflict
from collab.kernel.ids import new_id
from collab.kernel.targets import Ref
from tests.action_plans.test_views import add_many
from tests.factories import action_plans as made
from tests.factories.world import World

Browse = Callable[[str], FlaskClient]
HEAD = [
    "Key (do not change)",
    "What will be done",
    "Leading organisation",
    "Starts on",
    "Due on",
    "Planned budget (baht)",
    "Owner (e-mail)",
]


@pytest.fixture(autouse=True)
def choices(monkeypatch: pytest.MonkeyPatch, authority: Ref) -> None:
    """The authorities that sheets may name: the stand-in resolution."""
    monkeypatch.setattr(
        authorities, "candidates", lambda session, actor, plan: list(targets.resolve(session, actor, [authority]).values())
    )


def workbook(*rows: list[Any]) -> io.BytesIO:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    buffer.seek(0)
    return buffer


def good_row(world: World, **changes: Any) -> list[Any]:
    values = {
        "key": "",
        "title": "ซื้อรถ",
        "lead": world.organisations["khohong"].name_th,
        "starts": "1/10/2569",
        "due": "31 ม.ค. 2570",
        "budget": "1,250,000.50",
        "owner": "",
    }
    return list({**values, **changes}.values())


def send(client: FlaskClient, plan: ActionPlan, file: io.BytesIO, kind: str = "items") -> Any:
    data = {"kind": kind, "file": (file, "แผน.xlsx"), "once": str(new_id())}
    return client.post(f"/action-plans/{plan.id}/import", data=data, content_type="multipart/form-data")


def confirm(client: FlaskClient, address: str) -> Any:
    seen = re.search(r'name="seen" value="([0-9a-f]+)"', client.get(address).text)
    assert seen is not None
    return client.post(address, data={"seen": seen.group(1)})


def count(session: Session, plan: ActionPlan) -> int:
    return len(queries.items_of(session, plan.id))


def test_a_sheet_is_read_checked_and_then_applied(browse: Browse, session: Session, world: World, draft: ActionPlan) -> None:
    client = browse("coordinator")
    bad = good_row(world, lead="เทศบาลที่ไม่มี", due="31/2/2570", starts="ต้นเดือน")
    answer = send(client, draft, workbook(HEAD, good_row(world), bad, good_row(world, title="+1+1", budget="-")))
    assert answer.status_code == 303
    page = client.get(answer.location).text
    assert "เทศบาลที่ไม่มี" in page
    assert page.count("เขียนวันที่เป็น 31/1/2570") == 1
    assert page.count("ไม่มีวันนี้ในปฏิทิน") == 1, "a day that is written as it should be is told what is wrong with it"
    assert count(session, draft) == 0
    assert browse("clerk_banphru").get(answer.location).status_code == 403
    assert browse("chair").get(answer.location).status_code in (403, 404)
    applied = confirm(client, answer.location)
    assert (applied.status_code, applied.location) == (303, f"/action-plans/{draft.id}")
    items = queries.items_of(session, draft.id)
    assert [(item.title, item.due_on) for item in items] == [("ซื้อรถ", date(2027, 1, 31)), ("+1+1", date(2027, 1, 31))]
    again = client.post(answer.location, data={"seen": "x"})
    assert again.status_code == 409
    assert count(session, draft) == 2


def test_what_was_exported_changes_nothing(
    browse: Browse, session: Session, plan: ActionPlan, world: World, now: datetime, authority: Ref
) -> None:
    made.make_item(session, world, now, plan, authority, title="=cmd|' /C calc'!A0", description="@SUM(1)", group_name="")
    for locale in ("th", "en"):
        client = browse("coordinator")
        client.set_cookie("collab_locale", locale)
        for name, kind in (("items.xlsx", "items"), ("form.xlsx", "form")):
            exported = client.get(f"/action-plans/{plan.id}/{name}")
            assert exported.status_code == 200
            book = openpyxl.load_workbook(io.BytesIO(exported.data))
            assert not [cell for row in book.active.iter_rows() for cell in row if cell.data_type == "f"]
            answer = send(client, plan, io.BytesIO(exported.data), kind)
            page = client.get(answer.location).text
            assert 'name="seen"' not in page, (locale, name)
            assert re.findall(r"<dd>(\d+)</dd>", page)[:4] == ["0", "0", "2", "0"], (locale, name)


def test_a_sheet_that_comes_back_updates_by_key(
    browse: Browse, session: Session, world: World, now: datetime, draft: ActionPlan, authority: Ref
) -> None:
    item = made.make_item(session, world, now, draft, authority)
    client = browse("coordinator")
    head = ["รหัสรายการ (ห้ามแก้ไข)", "สิ่งที่จะดำเนินการ", "งบประมาณตามแผน (บาท)", "หน่วยงานสนับสนุน"]
    answer = send(client, draft, workbook(head, [str(item.id), "ซื้อรถใหม่", 7, world.organisations["phatong"].name_en]))
    page = client.get(answer.location).text
    assert "<del>1,250,000.50</del> <ins>7.00</ins>" in page
    with history.act(session, verb="action_item.edited", actor=world.actors["coordinator"], now=now, subject=item):
        item.weight = 9
    session.commit()
    assert confirm(client, answer.location).status_code == 303
    session.expire_all()
    assert (item.title, item.budget_planned, item.weight, item.owner_id) == ("ซื้อรถใหม่", 7, 9, world.users["clerk_banphru"].id)
    assert queries.supporters_of(session, [item.id])[item.id] == [world.org_id("phatong")]


def test_what_was_seen_is_what_is_done(
    browse: Browse, session: Session, world: World, now: datetime, draft: ActionPlan, authority: Ref
) -> None:
    item = made.make_item(session, world, now, draft, authority)
    client = browse("coordinator")
    answer = send(client, draft, workbook(["Key (do not change)", "What will be done"], [str(item.id), "ใหม่"]))
    seen = re.search(r'name="seen" value="([0-9a-f]+)"', client.get(answer.location).text)
    assert seen is not None
    with history.act(session, verb="action_item.edited", actor=world.actors["coordinator"], now=now, subject=item):
        item.title = "แก้แล้วโดยคนอื่น"
    session.commit()
    conflict = client.post(answer.location, data={"seen": seen.group(1)})
    assert conflict.status_code == 409
    assert "แก้แล้วโดยคนอื่น" in conflict.text
    session.expire_all()
    assert item.title == "แก้แล้วโดยคนอื่น"


@pytest.mark.parametrize(("changes", "column"), [
    ({"title": ""}, "title"), ({"title": "ก" * 201}, "title"), ({"lead": ""}, "lead"), ({"starts": ""}, "starts_on"), ({"due": "1/10/2568"}, "due_on"),
    ({"due": "29/2/2570"}, "due_on"), ({"due": "31/1/70"}, "due_on"), ({"budget": "มาก"}, "budget"), ({"budget": "-5"}, "budget"),
    ({"owner": "nobody@example.test"}, "owner"), ({"owner": "clerk_banphru@example.test"}, "owner"), ({"key": "x"}, "key"), ({"key": str(new_id())}, "key"),
])  # fmt: skip
def test_faults_name_their_column(
    session: Session, world: World, now: datetime, draft: ActionPlan, changes: dict[str, str], column: str
) -> None:
    rows = exchange_sheet.read_items(workbook(HEAD, good_row(world, **changes)))
    actor = world.actors["coordinator"]
    staged = exchange_apply.stage(
        session, actor=actor, now=now, plan_id=draft.id, kind=SheetKind.ITEMS, filename="a.xlsx", rows=rows
    )
    outcome = exchange_apply.outcomes_of(session, actor, now, draft, staged).outcomes[0]
    assert outcome.effect is Effect.BAD
    assert column in outcome.faults


def test_an_active_plan_keeps_its_rules(
    session: Session, world: World, now: datetime, plan: ActionPlan, item: ActionItem, authority: Ref
) -> None:
    other = made.make_item(session, world, now, plan, authority, title="ตามหลัง")
    link = Dependency(plan_id=plan.id, predecessor_id=item.id, successor_id=other.id, lag_days=0)
    actor = world.actors["coordinator"]
    with history.act(session, verb="dependency.added", actor=actor, now=now, subject=link):
        session.add(link)
    session.commit()

    def faults(*row: dict[str, str]) -> list[dict[str, str]]:
        staged = exchange_apply.stage(
            session, actor=actor, now=now, plan_id=plan.id, kind=SheetKind.ITEMS, filename="a", rows=row
        )
        return [outcome.faults for outcome in exchange_apply.outcomes_of(session, actor, now, plan, staged).outcomes]

    moved, begun, new, twice = (
        {"key": str(item.id), "title": item.title, "due_on": "1/3/2570"}, {"key": str(other.id), "title": other.title, "starts_on": "1/11/2569"},
        {"key": "", "title": "ใหม่", "lead": world.organisations["khohong"].name_th, "starts_on": "1/11/2569", "due_on": "2/11/2569"},
        {"key": str(other.id), "title": "x"},
    )  # fmt: skip
    assert [set(found) for found in faults(moved, new)] == [{"due_on"}, {"authority"}]
    assert set(faults(begun)[0]) == {"starts_on"}
    assert set(faults(begun, twice)[1]) == {"key"}
    made.report(session, world, now, item, 100)
    assert set(faults({"key": str(item.id), "title": "อื่น"})[0]) == {"key"}
    assert faults({"key": str(item.id), "title": item.title}) == [{}]


def zipped(**parts: bytes) -> io.BytesIO:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in parts.items():
            packed.writestr(name, data)
    buffer.seek(0)
    return buffer


@pytest.mark.parametrize("file", [
    io.BytesIO(b""), io.BytesIO(b"PK\x03\x04 broken"), io.BytesIO("ไม่ใช่".encode()), zipped(a=b"x"), zipped(bomb=b"0" * (exchange_sheet.MOST_UNPACKED + 1)),
    zipped(**{f"part{number}": b"" for number in range(exchange_sheet.MOST_PARTS + 1)}),
    zipped(**{"xl/workbook.xml": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x/>'}), workbook(), workbook(["nothing", "here"]), workbook(["What will be done"]),
])  # fmt: skip
@pytest.mark.parametrize("kind", ["items", "form"])
def test_files_that_are_no_sheets_are_refused_in_words(browse: Browse, draft: ActionPlan, file: io.BytesIO, kind: str) -> None:
    answer = send(browse("coordinator"), draft, io.BytesIO(file.getvalue()), kind)
    assert answer.status_code == 422
    assert "govuk-error-summary" in answer.text


def test_too_many_rows() -> None:
    with pytest.raises(InvalidInput):
        exchange_sheet.checked({"row": str(number), "title": "x"} for number in range(exchange_sheet.MOST_ROWS + 1))


def test_only_those_who_manage_import(browse: Browse, session: Session, world: World, now: datetime, plan: ActionPlan) -> None:
    path = f"/action-plans/{plan.id}/import"
    assert browse("coordinator").get(path).status_code == 200
    assert browse("clerk_banphru").get(path).status_code == 403
    assert browse("clerk_outside").get(path).status_code in (403, 404)
    assert send(browse("coordinator"), plan, io.BytesIO(b"")).status_code == 422
    nothing = browse("coordinator").post(path, data={"kind": "other"})
    assert nothing.status_code == 422


def test_a_closed_plan_takes_no_sheet(session: Session, world: World, now: datetime, plan: ActionPlan) -> None:
    from collab.action_plans import service

    actor = world.actors["coordinator"]
    service.close_plan(session, actor=actor, now=now, plan_id=plan.id, reason="จบ")
    with pytest.raises(StateConflict):
        exchange_apply.stage(session, actor=actor, now=now, plan_id=plan.id, kind=SheetKind.ITEMS, filename="a", rows=[])


@given(st.dates(date(1958, 1, 1), date(2156, 12, 31)))
def test_days_are_read_as_they_are_written(day: date) -> None:
    assert exchange_check.read_day(exchange_sheet.thai_day(day)) == day
    assert exchange_check.read_day(day.isoformat()) == day


@given(st.dates(date(2026, 10, 1), date(2027, 9, 30)), st.integers(0, 300))
def test_marked_months_are_those_in_which_it_runs(starts: date, length: int) -> None:
    due = date.fromordinal(starts.toordinal() + length)
    months = exchange_form.months_of(2570)
    assert (months[0], months[-1]) == (date(2026, 10, 1), date(2027, 9, 1))
    for first, marked in zip(months, exchange_form.marks(starts, due, months), strict=True):
        days = (date.fromordinal(number) for number in range(starts.toordinal(), due.toordinal() + 1))
        assert marked == any((day.year, day.month) == (first.year, first.month) for day in days)


def test_the_form_has_its_columns_and_shades_months(browse: Browse, plan: ActionPlan) -> None:
    data = browse("clerk_khohong").get(f"/action-plans/{plan.id}/form.xlsx").data
    sheet = openpyxl.load_workbook(io.BytesIO(data)).active
    assert [cell.value for cell in sheet[5]][:6] == list(exchange_form.HEAD)
    assert [cell.value for cell in sheet[6]][6:18] == [
        "ต.ค.",
        "พ.ย.",
        "ธ.ค.",
        "ม.ค.",
        "ก.พ.",
        "มี.ค.",
        "เม.ย.",
        "พ.ค.",
        "มิ.ย.",
        "ก.ค.",
        "ส.ค.",
        "ก.ย.",
    ]
    row = next(row for row in sheet.iter_rows(min_row=7) if row[1].value)
    assert [cell.value == exchange_form.MARK for cell in row[6:18]] == [True] * 4 + [False] * 8
    assert row[6].fill.fgColor.rgb != row[11].fill.fgColor.rgb


def test_tables_and_json_follow_the_filters(browse: Browse, plan: ActionPlan, item: ActionItem) -> None:
    client, path = browse("clerk_khohong"), f"/action-plans/{plan.id}"
    found = json.loads(client.get(f"{path}/items.json").data)
    assert [entry["id"] for entry in found["items"]] == [str(item.id)]
    assert found["items"][0]["budget_planned"] == "1250000.50"
    assert json.loads(client.get(f"{path}/items.json?state=done").data)["items"] == []
    assert item.title in client.get(f"{path}/items.csv").data.decode("utf-8-sig")
    assert item.title not in client.get(f"{path}/items.csv?state=done").data.decode("utf-8-sig")
    for name in ("items.json", "items.xlsx", "form.xlsx"):
        assert browse("clerk_outside").get(f"{path}/{name}").status_code == 404


def test_a_calendar_link_is_secret_and_revocable(
    browse: Browse, client: FlaskClient, session: Session, world: World, now: datetime, plan: ActionPlan, item: ActionItem
) -> None:
    mine = browse("clerk_banphru")
    for address in ("/calendar-links", f"/calendar-links?plan={plan.id}"):
        page = mine.post(address, data={}).text
        link = re.search(r"/calendar-links/[\w-]+\.ics", page)
        assert link is not None
        assert link.group(0) not in mine.get(address).text
        read = client.get(link.group(0))
        assert read.status_code == 200
        event = icalendar.Calendar.from_ical(read.data).walk("VEVENT")[0]
        assert str(event["summary"]) == item.title
        assert event["dtstart"].dt == item.due_on
    for feed in feeds.list_feeds(session, world.actors["clerk_banphru"]):
        assert browse("chair").post(f"/calendar-links/{feed.id}/revoke").status_code == 404
        assert mine.post(f"/calendar-links/{feed.id}/revoke").status_code == 303
    assert client.get(link.group(0)).status_code == 404
    assert client.get("/calendar-links/unknown.ics").status_code == 404
    assert browse("clerk_outside").post(f"/calendar-links?plan={plan.id}", data={}).status_code == 404


def test_a_link_ends_with_its_maker(client: FlaskClient, session: Session, world: World, now: datetime, plan: ActionPlan) -> None:
    token = feeds.make_feed(session, actor=world.actors["clerk_banphru"], now=now, plan_id=plan.id)
    session.commit()
    user = world.users["clerk_banphru"]
    assert client.get(f"/calendar-links/{token}.ics").status_code == 200
    with history.act(session, verb="user.disabled", actor=world.actors["administrator"], now=now, subject=user):
        user.disabled_at = now
    session.commit()
    assert client.get(f"/calendar-links/{token}.ics").status_code == 404
    with pytest.raises(NotFound):
        feeds.reader_of(session, token, now)


def test_the_link_of_ones_own_items_shows_only_plans_that_one_may_see(
    client: FlaskClient, session: Session, world: World, now: datetime, plan: ActionPlan, item: ActionItem
) -> None:
    """The municipality left the committee; the address in somebody's calendar still works."""
    token = feeds.make_feed(session, actor=world.actors["clerk_banphru"], now=now, plan_id=None)
    session.commit()
    assert item.title in client.get(f"/calendar-links/{token}.ics").text
    with history.act(session, verb="seat.changed", actor=world.actors["administrator"], now=now, subject=world.seats["banphru"]):
        world.seats["banphru"].valid_to = date(2025, 1, 1)
    session.commit()
    left = client.get(f"/calendar-links/{token}.ics")
    assert left.status_code == 200
    assert item.title not in left.text


def test_addresses_leave_only_with_those_who_bring_sheets_back(browse: Browse, plan: ActionPlan, item: ActionItem) -> None:
    for name in ("items.xlsx", "form.xlsx", "items.csv", "items.json"):
        for who, sees in (("coordinator", name == "items.xlsx"), ("clerk_khohong", False), ("auditor", False), ("chair", False)):
            data = browse(who).get(f"/action-plans/{plan.id}/{name}").data
            if name.endswith("xlsx"):
                data = b"".join(
                    zipfile.ZipFile(io.BytesIO(data)).read(part) for part in zipfile.ZipFile(io.BytesIO(data)).namelist()
                )
            assert (b"@example.test" in data) is sees, (name, who)


def _with_part(name: str, change: Callable[[bytes], bytes]) -> io.BytesIO:
    """Return a workbook of items with one part changed."""
    packed = zipfile.ZipFile(workbook(["What will be done", "Weight"], ["ซื้อรถ", 7]))
    made_anew = io.BytesIO()
    with zipfile.ZipFile(made_anew, "w", zipfile.ZIP_DEFLATED) as into:
        for part in packed.namelist():
            into.writestr(part, change(packed.read(part)) if part == name else packed.read(part))
    made_anew.seek(0)
    return made_anew


def _broken_stream() -> io.BytesIO:
    """Return a workbook whose compressed bytes are none: every place of the file damaged in turn until one is."""
    data = _with_part("", bytes).getvalue()
    for place in range(40, len(data), 7):
        damaged = data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :]
        try:
            for part in zipfile.ZipFile(io.BytesIO(damaged)).infolist():
                zipfile.ZipFile(io.BytesIO(damaged)).read(part)
        except zlib.error:
            return io.BytesIO(damaged)
        except (zipfile.BadZipFile, RuntimeError, EOFError, OSError, ValueError, KeyError):
            continue
    raise AssertionError("no place breaks the stream")


_SHEET = "xl/worksheets/sheet1.xml"
_ENTITIES = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize(
    "file",
    [
        _broken_stream(),
        _with_part(_SHEET, lambda xml: b"<?xml version='1.0'?><!--" + b"x" * 5000 + b"-->" + _ENTITIES + xml),
        _with_part(_SHEET, lambda xml: xml.decode().replace("UTF-8", "UTF-16").encode("utf-16")),
        _with_part(_SHEET, lambda xml: xml.replace(b"<v>7</v>", b"<v>1E999</v>")),
        _with_part(_SHEET, lambda xml: b"<?xml version='1.0' encoding='no-such'?>" + xml),
        _with_part("[Content_Types].xml", lambda xml: xml.replace(b"sheet.main", b"other")),
    ],
    ids=["broken stream", "late doctype", "two bytes a letter", "infinite", "unknown encoding", "no workbook"],
)  # fmt: skip
def test_a_hostile_workbook_is_told_in_words(browse: Browse, session: Session, draft: ActionPlan, file: io.BytesIO) -> None:
    file.seek(0)
    answer = send(browse("coordinator"), draft, file)
    assert answer.status_code == 422
    assert "XLSX" in answer.text
    assert count(session, draft) == 0


@pytest.fixture
def chain(session: Session, world: World, now: datetime, draft: ActionPlan, authority: Ref) -> list[ActionItem]:
    """Three items in a row, a week each, one waiting for the other."""
    days = [
        (date(2026, 10, 5), date(2026, 10, 9)),
        (date(2026, 10, 12), date(2026, 10, 16)),
        (date(2026, 10, 19), date(2026, 10, 22)),
    ]
    items = [
        made.make_item(session, world, now, draft, authority, title=f"ขั้น {number}", starts_on=first, due_on=last)
        for number, (first, last) in enumerate(days)
    ]
    links = [
        Dependency(plan_id=draft.id, predecessor_id=before.id, successor_id=after.id, lag_days=0)
        for before, after in pairwise(items)
    ]
    with history.act(session, verb="dependency.added", actor=world.actors["coordinator"], now=now, subject=links[0]):
        session.add_all(links)
    session.commit()
    return items


def row_of(item: ActionItem, starts: str, due: str, **more: str) -> dict[str, str]:
    return {"row": "2", "key": str(item.id), "title": item.title, "starts_on": starts, "due_on": due, **more}


def test_what_waits_for_a_row_moves_with_it_and_is_shown_first(
    browse: Browse, session: Session, world: World, draft: ActionPlan, chain: list[ActionItem]
) -> None:
    client = browse("coordinator")
    head = ["Key (do not change)", "What will be done", "Starts on", "Due on"]
    rows = [[str(chain[0].id), "ขั้น 0", "12/10/2569", "16/10/2569"], [str(chain[2].id), "ขั้นสุดท้าย", "19/10/2569", "22/10/2569"]]
    answer = send(client, draft, workbook(head, *rows))
    page = client.get(answer.location).text
    assert "2 รายการ" in page
    assert "19 ต.ค. 2569" in page
    assert "23 ต.ค. 2569" in page
    assert confirm(client, answer.location).status_code == 303
    for item in chain:
        session.refresh(item)
    assert [item.starts_on for item in chain] == [date(2026, 10, 12), date(2026, 10, 19), date(2026, 10, 26)]
    assert chain[2].title == "ขั้นสุดท้าย"


def test_a_row_that_begins_too_early_is_left_out_and_says_why(
    session: Session, world: World, now: datetime, draft: ActionPlan, chain: list[ActionItem]
) -> None:
    actor = world.actors["coordinator"]

    def checked(*rows: dict[str, str]) -> Any:
        staged = exchange_apply.stage(
            session, actor=actor, now=now, plan_id=draft.id, kind=SheetKind.ITEMS, filename="a", rows=rows
        )
        return exchange_apply.outcomes_of(session, actor, now, draft, staged)

    early = checked(row_of(chain[1], "8/10/2569", "9/10/2569"))
    assert "ขั้น 0" in early.outcomes[0].faults["starts_on"]
    assert early.impact.moves == ()
    # Brought forward together, they hold.
    both = checked(row_of(chain[0], "1/10/2569", "2/10/2569"), row_of(chain[1], "5/10/2569", "9/10/2569"))
    assert [each.effect for each in both.outcomes] == [Effect.CHANGE, Effect.CHANGE]
    # The first moves beyond the second's wish: the second is left out, and pushed.
    clash = checked(row_of(chain[0], "12/10/2569", "16/10/2569"), row_of(chain[1], "13/10/2569", "16/10/2569"))
    assert [each.effect for each in clash.outcomes] == [Effect.CHANGE, Effect.BAD]
    assert [(move.id, move.new[0]) for move in clash.impact.moves] == [
        (chain[1].id, date(2026, 10, 19)), (chain[2].id, date(2026, 10, 26)),
    ]  # fmt: skip
    assert early.fingerprint != both.fingerprint != clash.fingerprint


def test_a_move_that_came_in_between_has_to_be_seen(
    browse: Browse, session: Session, world: World, now: datetime, draft: ActionPlan, chain: list[ActionItem]
) -> None:
    client = browse("coordinator")
    head = ["Key (do not change)", "What will be done", "Starts on", "Due on"]
    answer = send(client, draft, workbook(head, [str(chain[0].id), "ขั้น 0", "12/10/2569", "16/10/2569"]))
    seen = re.search(r'name="seen" value="([0-9a-f]+)"', client.get(answer.location).text)
    assert seen is not None
    with history.act(session, verb="action_item.edited", actor=world.actors["coordinator"], now=now, subject=chain[2]):
        chain[2].due_on = date(2026, 10, 30)
    session.commit()
    assert client.post(answer.location, data={"seen": seen.group(1)}).status_code == 409
    session.refresh(chain[0])
    assert chain[0].starts_on == date(2026, 10, 5)


def test_the_largest_sheet_in_few_statements(
    session: Session, world: World, now: datetime, draft: ActionPlan, authority: Ref, count_queries: Any
) -> None:
    actor = world.actors["coordinator"]
    add_many(session, world, now, draft, authority, 20)
    many = exchange_sheet.MOST_ROWS
    rows = exchange_sheet.read_items(workbook(HEAD, *(good_row(world, title=f"รายการ {number}") for number in range(many))))
    staged = exchange_apply.stage(session, actor=actor, now=now, plan_id=draft.id, kind=SheetKind.ITEMS, filename="a", rows=rows)
    with count_queries() as statements:
        seen = exchange_apply.outcomes_of(session, actor, now, draft, staged).fingerprint
        done = exchange_apply.apply(session, actor=actor, now=now, import_id=staged.id, seen=seen)
    assert (done.added, done.left_out) == (many, 0)
    assert len(statements) < 60


def test_a_fault_shows_what_the_sheet_says(browse: Browse, world: World, draft: ActionPlan) -> None:
    client = browse("coordinator")
    rows = [good_row(world, title=f"รายการ {number}") for number in range(21)]
    page = client.get(send(client, draft, workbook(HEAD, *rows, good_row(world, due="31/2/2570"))).location).text
    assert "<td>31/2/2570</td>" in page
    assert "แสดงแถว" in page, "many good rows do not stand between the faults and the button"


def test_the_form_is_printed_as_far_as_its_rows_go(
    browse: Browse, session: Session, world: World, now: datetime, draft: ActionPlan, authority: Ref
) -> None:
    add_many(session, world, now, draft, authority, 3)
    book = openpyxl.load_workbook(io.BytesIO(browse("coordinator").get(f"/action-plans/{draft.id}/form.xlsx").data))
    sheet = book.active
    last = max(row[0].row for row in sheet.iter_rows() if any(cell.value for cell in row))
    assert sheet.print_area == f"'{sheet.title}'!$A$1:$R${last}"
    assert " " in sheet.title, "LibreOffice loses the area of a Thai name that is not quoted"
