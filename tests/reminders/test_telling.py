"""What a reminder says to each rung, and why it came to this person."""

from datetime import date

import pytest

from collab.kernel.i18n import speaking
from collab.kernel.ids import new_id
from collab.kernel.targets import TargetInfo
from collab.reminders.models import Audience, Reminder
from collab.reminders.telling import Circumstances, Told, tell
from tests.factories.reminders import KIND, Errands
from tests.factories.reminders import errands as made_up

OWNER, TOLD, PLACE = new_id(), new_id(), new_id()
NAMES = {OWNER: "สมศรี", TOLD: "วิภา", PLACE: "ทต.บ้านพรุ"}
TODAY = date(2026, 11, 23)


@pytest.fixture
def errands(monkeypatch: pytest.MonkeyPatch) -> Errands:
    return made_up(monkeypatch)


def said(audience: Audience, *, to: object = TOLD, owner: object = OWNER, instead_of: object = None, day: date = TODAY) -> Told:
    row = Reminder(
        due_kind=KIND, target_kind=KIND, target_id=new_id(), due_on=date(2026, 11, 20), audience=audience, recipient_id=to,
        deputy_for_id=instead_of, organisation_id=PLACE,
    )  # fmt: skip
    info = TargetInfo(KIND, row.target_id, "ซื้อรถเก็บขยะ", "/x", number="หญ 3/2570")
    with speaking("th"):
        return tell(row, Circumstances(info, owner, day, NAMES))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("audience", "why"),
    [
        (Audience.CLERK, "ในฐานะปลัดของทต.บ้านพรุ"), (Audience.EXECUTIVE, "ในฐานะผู้บริหารของทต.บ้านพรุ"),
        (Audience.CHAIR, "ในฐานะประธานคณะกรรมการ"), (Audience.COORDINATOR, "ในฐานะผู้ประสานงาน"),
    ],
)  # fmt: skip
def test_each_rung_reads_whose_it_is_and_why_it_is_told(errands: Errands, audience: Audience, why: str) -> None:
    told = said(audience)
    assert told.subject == "ช้ากว่ากำหนด 3 วัน: หญ 3/2570 ซื้อรถเก็บขยะ"
    assert "20 พฤศจิกายน 2569" in told.text
    assert told.text.endswith("\nผู้รับผิดชอบ: สมศรี, ทต.บ้านพรุ")
    assert why in told.because


def test_the_owner_is_not_told_who_the_owner_is(errands: Errands) -> None:
    told = said(Audience.OWNER, to=OWNER)
    assert "ผู้รับผิดชอบ" not in told.text
    assert "เป็นผู้รับผิดชอบ" in told.because


def test_a_deputy_reads_for_whom(errands: Errands) -> None:
    told = said(Audience.OWNER, instead_of=OWNER)
    assert "ปฏิบัติหน้าที่แทนสมศรี" in told.because
    assert "ผู้รับผิดชอบ: สมศรี" in told.text


def test_clerks_of_what_has_no_owner_are_told_as_clerks(errands: Errands) -> None:
    assert "ในฐานะปลัดของทต.บ้านพรุ" in said(Audience.OWNER, owner=None).because


def test_before_the_day_it_is_not_late(errands: Errands) -> None:
    told = said(Audience.OWNER, to=OWNER, day=date(2026, 11, 20))
    assert told.subject == "ครบกำหนด 20 พฤศจิกายน 2569: หญ 3/2570 ซื้อรถเก็บขยะ"
