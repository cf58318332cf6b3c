"""What lies in a bundle for people: how to verify, names for the ids, provenance in PROV, and a report to print."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from collab.audits import presenters
from collab.audits.bundles.provenance import provenance
from collab.documents.sheets import as_csv
from collab.documents.typesetting import Facts, Heading, Paper, Paragraph, Table, render_pdf
from collab.history import queries as history_queries
from collab.history.origin import origin
from collab.kernel.access import Actor
from collab.kernel.dates import format_datetime
from collab.kernel.i18n import _
from collab.members import queries as members

MOST_IN_REPORT = 400

README_TH = """ชุดพยานหลักฐานจากระบบ Collab

สิ่งที่อยู่ในชุดนี้
  events.jsonl       เหตุการณ์ทุกรายการตามขอบเขต หนึ่งบรรทัดต่อหนึ่งเหตุการณ์ เป็นข้อมูลชุดเดียวกับที่ลงลายพิมพ์ไว้
  leaves.txt         ลำดับของแต่ละเหตุการณ์ในบันทึกกลาง (- คือยังไม่ได้ผนึก จึงยังไม่มีการคุ้มครอง)
  checkpoint.txt     จุดตรวจสอบที่ลงนามแล้ว พร้อมลายมือชื่อพยาน
  proof.txt          หลักฐานว่าเหตุการณ์ทั้งหมดอยู่ในบันทึกที่จุดตรวจสอบรับรอง
  heads.jsonl        หลักฐานว่าไม่มีเหตุการณ์ท้ายสายถูกตัดออก
  prior/ consistency/  จุดตรวจสอบก่อนหน้า และหลักฐานว่าบันทึกปัจจุบันต่อเนื่องจากจุดนั้น
  openings.jsonl     ค่าของข้อมูลส่วนบุคคลและข้อความที่ผู้รับมีสิทธิอ่าน หรือคำบอกว่าถูกลบตามกฎหมาย
  attachments/       เอกสารแนบต้นฉบับ ชื่อแฟ้มคือ SHA-256
  asof/              สถานะ ณ สิ้นวัน คำนวณใหม่ได้จากเหตุการณ์
  names.csv report.pdf provenance.json   เพื่อการอ่าน ไม่ใช่หลักฐาน

วิธีตรวจสอบ (ไม่ต้องใช้เครือข่าย ใช้ Python 3.11 ขึ้นไป)
  python3 -I verify.py ชุด.zip --policy นโยบาย.txt --prior จุดตรวจสอบที่เก็บไว้.txt
  รากที่พิมพ์ในรายงานการประชุม: พิมพ์สามบรรทัดนั้นลงแฟ้มข้อความ แล้วเพิ่ม --printed แฟ้มนั้น
  ผล: 0 ผ่าน, 1 ถูกแก้ไข, 2 ตรวจสอบไม่ได้, 3 ผ่านโดยมีข้อสังเกต
  ให้ใช้ verify.py และนโยบายที่ได้มาก่อนจากแหล่งของผู้ตรวจสอบเอง โปรแกรมที่แนบมาในชุดไม่พิสูจน์สิ่งใดด้วยตัวมันเอง

สิ่งที่ไม่ได้พิสูจน์
  1. ความจริงของสิ่งที่บันทึก: ผู้มีสิทธิบันทึกข้อความเท็จได้
  2. สิ่งที่ไม่เคยบันทึก: การตกลงนอกระบบไม่ทิ้งร่องรอย
  3. กรณีผู้ถือกุญแจลงนามสมคบกับพยานทุกราย และผู้ตรวจสอบไม่มีจุดตรวจสอบเดิม: ควรเก็บ checkpoint.txt ไว้เดือนละหนึ่งฉบับ
  4. เหตุการณ์ที่ยังไม่ได้ผนึก และเวลาที่แน่นอนก่อนพยานลงนามครั้งแรก
"""

README_EN = """Evidence bundle from Collab

What is in it
  events.jsonl       every event within the scope, one a line: the very bytes that were hashed
  leaves.txt         the place of each event in the log (-: not sealed yet, and so not protected)
  checkpoint.txt     the signed checkpoint with the witnesses' signatures (C2SP tlog-checkpoint)
  proof.txt          that all these events are in the log that the checkpoint covers
  heads.jsonl        that nothing was left out at the end of a stream
  prior/ consistency/  earlier checkpoints, and that the log of today continues them
  openings.jsonl     personal data and free text that the recipient may read, or that they were erased by law
  attachments/       original files, named by their SHA-256
  asof/              states at the end of a day; they follow from the events
  names.csv report.pdf provenance.json   for reading; no evidence

How to verify (no network; Python 3.11 or newer)
  python3 -I verify.py bundle.zip --policy policy.txt --prior checkpoint-kept-from-earlier.txt
  A root printed in minutes: type its three lines into a text file and add --printed that-file.txt
  Result: 0 clean, 1 tampered, 2 cannot verify, 3 verified with reservations
  Use a verify.py and a policy that you had before, from a source of your own: what comes with the evidence proves nothing by itself.

What is not proved
  1. That what was entered is true: who has the right to record can record a falsehood.
  2. What was never recorded: an agreement outside the system leaves no trace.
  3. A conspiracy of the key's holder with all witnesses against an auditor who kept no earlier checkpoint: keep one checkpoint.txt
     a month.
  4. Events that are not sealed yet, and the exact time before the first witness signed.
"""


@dataclass(frozen=True)
class ReportFacts:
    """What the report says at its head."""

    title: str
    kind_label: str
    recipient: str
    made_at: datetime
    checkpoint_size: int
    #: Who will read it; None: the console, which may read everything.
    actor: Actor | None


def papers(session: Session, facts: ReportFacts, streams: Sequence[str], bodies: Sequence[dict[str, Any]]) -> dict[str, bytes]:
    """Return the files for reading, by name."""
    return {
        "README.th.txt": README_TH.encode(),
        "README.en.txt": README_EN.encode(),
        "names.csv": names_csv(session, bodies),
        "provenance.json": provenance(bodies),
        "report.pdf": report(session, facts, streams),
    }


def names_csv(session: Session, bodies: Sequence[dict[str, Any]]) -> bytes:
    """Return the names behind the ids of people and organisations that act in the events."""
    people = {UUID(body["actor"]["id"]) for body in bodies if body["actor"]["id"]}
    organisations = {UUID(key) for body in bodies for key in (body["actor"]["org"], body["obo"]) if key}
    found = {"person": members.user_names(session, people), "organisation": members.organisation_names(session, organisations)}
    rows = [
        (kind, str(key), name)
        for kind, names in found.items()
        for key, name in sorted(names.items(), key=lambda pair: str(pair[0]))
    ]
    return as_csv(("kind", "id", "name"), rows)


def report(session: Session, facts: ReportFacts, streams: Sequence[str]) -> bytes:
    """Return the report as PDF: what was taken, every change in words (the newest first), and what is not proved."""
    entries = sorted(_entries(session, streams), key=lambda entry: (entry.recorded_at, entry.seq), reverse=True)
    allowed = entries if facts.actor is None else presenters.visible_to(session, facts.actor, entries)
    shown = presenters.present(session, allowed[:MOST_IN_REPORT])
    rows = [
        (
            format_datetime(row.at), row.actor, f"{row.title} {row.subject}".strip(),
            "\n".join(line.text for line in row.body_changes[:12]), row.authority or "–",
        )
        for row in shown
    ]  # fmt: skip
    heads = (_("When"), _("Who"), _("What"), _("Changes"), _("Authority"))
    paper = Paper(
        title=[_("Evidence report"), facts.title],
        blocks=[
            Facts([
                (_("Kind of object"), facts.kind_label), (_("Recipient"), facts.recipient), (_("Made"), format_datetime(facts.made_at)),
                (_("Log"), origin()), (_("Size of the checkpoint"), str(facts.checkpoint_size)),
            ]),
            Paragraph(_("This report is for reading. The proof is in the other files of the bundle and is verified with verify.py.")),
            Heading(_("Changes, the newest first")),
            *_cut(len(allowed)),
            Table(heads, rows, widths=(1.2, 1.2, 1.6, 3, 1.4)),
            Heading(_("What is not proved")),
            Paragraph(_("That what was entered is true; what was never recorded; events not sealed yet; a conspiracy of the key's holder with all witnesses against an auditor who kept no earlier checkpoint.")),
        ],
        landscape=True,
    )  # fmt: skip
    return render_pdf(paper, facts.made_at)


def _entries(session: Session, streams: Sequence[str]) -> list[history_queries.Entry]:
    """Return the newest events of each stream: enough that the newest of all are among them, and one to know of more."""
    found: list[history_queries.Entry] = []
    for stream in streams:
        cursor, most = None, len(found) + MOST_IN_REPORT + 1
        while len(found) < most:
            page = history_queries.list_stream(session, stream, cursor)
            found += page.rows
            cursor = page.next_cursor
            if cursor is None:
                break
    return found


def _cut(events: int) -> list[Paragraph]:
    if events <= MOST_IN_REPORT:
        return []
    text = _("Only the newest %(shown)s changes are printed here. All of them are in events.jsonl.", shown=MOST_IN_REPORT)
    return [Paragraph(text)]
