"""The minutes as a paper (แบบที่ ๑๑ ของระเบียบสำนักนายกรัฐมนตรีว่าด้วยงานสารบรรณ พ.ศ. ๒๕๒๖)."""

from collab.documents.typesetting import Block, Heading, Paper, Paragraph, Signatures
from collab.meetings.models import Meeting

_HEADS = ("ผู้มาประชุม", "ผู้ไม่มาประชุม", "ระเบียบวาระที่")
_TITLE_LINES = 4


def minutes_paper(meeting: Meeting) -> Paper:
    """Return the paper of the meeting's minutes, as they were drafted from the record; ``meeting.minutes`` is not empty."""
    lines = meeting.minutes.split("\n")
    blocks: list[Block] = []
    for line in lines[_TITLE_LINES:]:
        if line.startswith(_HEADS):
            blocks.append(Heading(line, 3))
        elif line:
            blocks.append(Paragraph(line))
    blocks.append(Signatures([("(ลงชื่อ)", "", "ผู้จดรายงานการประชุม"), ("(ลงชื่อ)", "", "ผู้ตรวจรายงานการประชุม")]))
    footer = "ที่ประชุมรับรองรายงานแล้ว" if meeting.minutes_adopted_at else "ร่าง ยังไม่ได้รับรอง"
    return Paper(title=lines[:_TITLE_LINES], blocks=blocks, official=True, footer=footer, page_words="หน้า {page} จาก {pages}")
