"""The minutes as a paper (แบบที่ ๑๑ ของระเบียบสำนักนายกรัฐมนตรีว่าด้วยงานสารบรรณ พ.ศ. ๒๕๒๖)."""

from collections.abc import Sequence

from collab.documents.typesetting import Block, Heading, Paper, Paragraph, Signatures
from collab.meetings.models import Meeting

_HEADS = ("ผู้มาประชุม", "ผู้ไม่มาประชุม", "ระเบียบวาระที่")
_TITLE_LINES = 4


def minutes_paper(meeting: Meeting, anchor: Sequence[str] = ()) -> Paper:
    """Return the paper of the meeting's minutes, as they were drafted from the record; ``meeting.minutes`` is not empty.

    ``anchor`` holds the lines of the newest checkpoint of the history (name, size, root). Signed on paper by the committee they are a
    witness that nobody can change afterwards (history design 4.7); without a checkpoint nothing is printed.
    """
    lines = meeting.minutes.split("\n")
    blocks: list[Block] = []
    for line in lines[_TITLE_LINES:]:
        if line.startswith(_HEADS):
            blocks.append(Heading(line, 3))
        elif line:
            blocks.append(Paragraph(line))
    if anchor:
        blocks.append(Heading("จุดตรวจสอบของบันทึกประวัติขณะพิมพ์รายงานนี้", 3))
        blocks.append(
            Paragraph(
                "ชื่อบันทึก จำนวนเหตุการณ์ และรากของต้นไม้แฮช ลายมือชื่อท้ายรายงานเป็นพยานของค่าเหล่านี้ ตรวจกับชุดพยานหลักฐานได้ด้วย verify.py --printed"
            )
        )
        blocks += [Paragraph(line) for line in anchor]
    blocks.append(Signatures([("(ลงชื่อ)", "", "ผู้จดรายงานการประชุม"), ("(ลงชื่อ)", "", "ผู้ตรวจรายงานการประชุม")]))
    footer = "ที่ประชุมรับรองรายงานแล้ว" if meeting.minutes_adopted_at else "ร่าง ยังไม่ได้รับรอง"
    return Paper(title=lines[:_TITLE_LINES], blocks=blocks, official=True, footer=footer, page_words="หน้า {page} จาก {pages}")
