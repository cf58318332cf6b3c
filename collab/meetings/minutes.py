"""Minutes drafted from the record (แบบที่ ๑๑ ของระเบียบงานสารบรรณ): always Thai, Thai digits, official dates."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from collab.kernel.clock import BANGKOK, today
from collab.kernel.dates import official_date, to_thai_digits
from collab.kernel.i18n import speaking
from collab.meetings import queries
from collab.meetings.models import AgendaItem, Attendance, Meeting, Resolution
from collab.meetings.rules import HEADINGS
from collab.meetings.states import ItemState, Presence
from collab.members import queries as members


def draft(session: Session, meeting: Meeting, now: datetime) -> str:
    """Return the text of the minutes from attendance, agenda and resolutions."""
    committee = members.get_committee(session, meeting.committee_id)
    attendance = list(queries.attendance_of(session, meeting.id).values())
    with speaking("th"):
        names = members.organisation_names(session, {row.organisation_id for row in attendance})
    resolutions = {row.agenda_item_id: row for row in queries.resolutions_of(session, meeting.id)}
    local = meeting.starts_at.astimezone(BANGKOK)
    lines = [
        f"รายงานการประชุม{committee.name_th}",
        to_thai_digits(f"ครั้งที่ {meeting.number}"),
        f"เมื่อวันที่ {official_date(today(meeting.starts_at))} เวลา {to_thai_digits(f'{local:%H.%M}')} น.",
        f"ณ {meeting.place}",
        "",
        "ผู้มาประชุม",
        *_people([row for row in attendance if row.presence is not Presence.ABSENT], names),
        "",
        "ผู้ไม่มาประชุม",
        *_people([row for row in attendance if row.presence is Presence.ABSENT], names),
        "",
        *_matters(queries.agenda_of(session, meeting.id), resolutions),
        f"เลิกประชุมเวลา {to_thai_digits(f'{now.astimezone(BANGKOK):%H.%M}')} น.",
    ]
    return "\n".join(lines)


def _people(rows: list[Attendance], names: Mapping[UUID, str]) -> list[str]:
    if not rows:
        return ["- ไม่มี -"]
    return [
        to_thai_digits(f"{number}. ")
        + f"{row.name} {names.get(row.organisation_id, '')}"
        + (" (มาประชุมแทน)" if row.presence is Presence.DEPUTY else "")
        for number, row in enumerate(rows, start=1)
    ]


def _matters(items: list[AgendaItem], resolutions: Mapping[UUID, Resolution]) -> list[str]:
    lines: list[str] = []
    for heading, title in HEADINGS.items():
        lines.append(to_thai_digits(f"ระเบียบวาระที่ {heading} ") + title)
        for item in [row for row in items if row.heading == heading]:
            lines.append(to_thai_digits(f"{heading}.{item.position} ") + item.title)
            lines.append("มติที่ประชุม " + _outcome(item, resolutions.get(item.id)))
        lines.append("")
    return lines


def _outcome(item: AgendaItem, resolution: Resolution | None) -> str:
    if resolution is not None:
        sums = resolution.arithmetic
        verdict = "เห็นชอบ" if resolution.carried else "ไม่เห็นชอบ"
        votes = f"เห็นด้วย {sums['votes_for']} ไม่เห็นด้วย {sums['votes_against']} งดออกเสียง {sums['abstained']}"
        return to_thai_digits(f"{verdict} (มติที่ {resolution.number}) {resolution.text} {votes}")
    return {ItemState.NOTED: "รับทราบ", ItemState.POSTPONED: "ให้เลื่อนไปพิจารณาในคราวต่อไป"}.get(item.state, "-")
