"""Stored values are told in words: no code, no ISO date and no shortened id stands on an auditor's page."""

import json
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from collab.audits.values import MONEY_FIELDS, Names, ids_in, value_text
from collab.factory import register_areas
from collab.history.tracking import tracked_models
from collab.kernel.db import Money
from collab.kernel.i18n import speaking

PERSON = UUID(int=7)
NAMES = Names({PERSON: "สุดา"}, {}, {})


@pytest.fixture(autouse=True)
def _areas() -> None:
    register_areas()


@pytest.mark.parametrize(
    ("name", "value", "thai", "english"),
    [
        ("in_force_from", "2024-07-14", "14 กรกฎาคม 2567", "14 July 2567 BE"),
        ("on_since", "2026-11-20T03:00:00.000000Z", "20 พฤศจิกายน 2569 เวลา 10.00 น.", "20 November 2569 BE, 10:00"),
        (
            "places",
            [{"event": str(PERSON), "path": "state.position"}],
            "(1) ช่องข้อมูลที่ระบุ: ตำแหน่ง",
            "(1) Field that was named: Position",
        ),
        ("month", "2026-10-01", "ตุลาคม 2569", "October 2569 BE"),
        ("name_th", "[erased, event 01a1fef6-88b6-71a0-a013-36bf5ab13afc]", "ลบออกจากประวัติแล้ว", "Erased from the history"),
        ("spent", "285000.00", "285,000.00 บาท", "285,000.00 baht"),
        ("target", "20.00", "20", "20"),
        ("weight", "0.50", "0.5", "0.5"),
        ("target_kind", "action_plan", "แผนปฏิบัติการร่วม", "Action plan"),
        ("acts", ["service_fee"], "คู่ข้อตกลงจ่ายค่าบริการตามปริมาณ", "Parties pay a fee for the service, by quantity"),
        ("owner_id", str(PERSON), "สุดา", "สุดา"),
        ("host", {}, "–", "–"),
        ("text", '{"not": a record', '{"not": a record', '{"not": a record'),
    ],
)
def test_a_value_is_told_in_words(name: str, value: object, thai: str, english: str) -> None:
    with speaking("th"):
        assert value_text(name, value, NAMES) == thai
    with speaking("en"):
        assert value_text(name, value, NAMES) == english


def test_every_column_of_money_is_told_in_baht() -> None:
    columns = [column for model in tracked_models().values() for column in sa.inspect(model).columns]
    assert {str(column.key) for column in columns if column.type is Money} == MONEY_FIELDS
    others = {str(column.key) for column in columns if isinstance(column.type, sa.Numeric) and column.type is not Money}
    assert others & MONEY_FIELDS == set(), "a field of one name cannot be both"


def test_a_record_is_told_key_by_key_in_its_readers_order() -> None:
    value = {"is_carried": True, "votes_for": "10", "rule": "simple_of_votes_cast", "casting_vote": False, "recused": "0"}
    with speaking("en"):
        assert value_text("arithmetic", value, NAMES) == (
            "In favour: 10; Recused: 0; Rule of majority: more than half of the votes cast;"
            " Decided by the chair's casting vote: no; Motion carried: yes"
        )


def test_the_same_key_is_told_as_its_field_means_it() -> None:
    with speaking("en"):
        assert value_text("readiness", {"staff": 3}, NAMES) == "Staff: 3"
        assert value_text("answers", {"staff": 3}, NAMES) == "Are there enough trained staff?: 3"


def test_a_circulated_text_is_told_like_any_record() -> None:
    key = str(uuid4())
    text = json.dumps({
        "valid_to": None, "valid_from": "2024-07-14",
        "parties": [{"organisation_id": key, "organisation": "บ้านพรุ"}], "clauses": [{"number": 1, "text": "ก"}, {"number": 2}],
    })  # fmt: skip
    assert [str(found) for found in ids_in(text)] == [key]
    with speaking("en"):
        told = value_text("text", text, Names({}, {next(ids_in(text)): "Ban Phru"}, {}))
    assert told == (
        "Parties: (1) Organisation: Ban Phru; Clauses: (1) Number: 1; Text: ก (2) Number: 2; First day: 14 July 2567 BE"
    )


def test_an_id_that_nobody_knows_stands_whole() -> None:
    key = str(uuid4())
    assert value_text("begun_event_id", key, NAMES) == key
