"""The agreement as a paper to read out, ratify and sign (บันทึกข้อตกลง). Always Thai, with Thai digits, as official papers are."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from collab.agreements.models import AgreementVersion
from collab.agreements.states import EntryRule
from collab.documents.typesetting import Block, Facts, Heading, Paper, Paragraph, Signatures
from collab.kernel.dates import official_date, to_thai_digits

#: The parties' names for each other; beyond these they are numbered.
_ORDINALS = ("หนึ่ง", "สอง", "สาม", "สี่", "ห้า", "หก", "เจ็ด", "แปด", "เก้า", "สิบ")


def paper_of(content: Mapping[str, Any], fixed: AgreementVersion | None) -> Paper:
    """Return the paper of an agreement from its ``content``; without a ``fixed`` text it says on every page that it is a draft."""
    if fixed is not None:
        content = json.loads(fixed.text)
    parties, clauses = content["parties"], content["clauses"]
    blocks: list[Block] = [
        Paragraph(_opening(content), indent=True),
        Facts([(f"ฝ่ายที่{_ordinal(at)}", _party(party)) for at, party in enumerate(parties)]),
        Paragraph(f"ทั้ง {len(parties)} ฝ่ายตกลงทำบันทึกนี้โดยอาศัยอำนาจตาม{content['legal_basis']} มีข้อความดังต่อไปนี้", indent=True),
    ]
    for clause in clauses:
        blocks += [Heading(f"ข้อ {clause['number']} {clause['title']}", 3), Paragraph(clause["text"], indent=True)]
    blocks += [
        Heading(f"ข้อ {len(clauses) + 1} การมีผลบังคับและระยะเวลา", 3),
        Paragraph(_validity(content), indent=True),
        Paragraph(
            f"บันทึกนี้ทำขึ้นเป็น {len(parties)} ฉบับ มีข้อความถูกต้องตรงกัน ทุกฝ่ายได้อ่านและเข้าใจข้อความโดยตลอดแล้ว "
            "จึงลงลายมือชื่อไว้เป็นหลักฐาน", indent=True,
        ),
        Signatures([_signature(party) for party in parties] + [("(ลงชื่อ)", "", "พยาน"), ("(ลงชื่อ)", "", "พยาน")]),
    ]  # fmt: skip
    title = [content["form"], f"เรื่อง {content['title']}", f"เลขที่ {content['number']}" if content["number"] else "(ร่าง)"]
    footer = f"ลายพิมพ์ข้อความ SHA-256 {fixed.sha256}" if fixed else "ร่าง ยังไม่เป็นข้อความที่เวียนให้สภาพิจารณา"
    return Paper(
        title=[to_thai_digits(line) for line in title], blocks=[_in_thai_digits(block) for block in blocks], official=True,
        footer=footer, page_words="หน้า {page} จาก {pages}", publisher="",
    )  # fmt: skip


def _in_thai_digits(block: Block) -> Block:
    if isinstance(block, Heading):
        return Heading(to_thai_digits(block.text), block.level)
    if isinstance(block, Paragraph):
        return Paragraph(to_thai_digits(block.text), block.indent)
    return block


def _ordinal(at: int) -> str:
    return _ORDINALS[at] if at < len(_ORDINALS) else to_thai_digits(f" {at + 1}")


def _opening(content: Mapping[str, Any]) -> str:
    names = [party["organisation"] for party in content["parties"]]
    between = "กับ".join(f" {name} " for name in names).strip()
    return f"{content['form']}ฉบับนี้ทำขึ้นระหว่าง {between} ซึ่งต่อไปในบันทึกนี้เรียกว่า"


def _party(party: Mapping[str, Any]) -> str:
    who = " ".join(part for part in (party["signatory_name"], party["signatory_position"]) if part)
    return f"{party['organisation']} โดย {who}" if who else party["organisation"]


def _signature(party: Mapping[str, Any]) -> tuple[str, str, str]:
    return (
        "(ลงชื่อ)",
        party["signatory_name"],
        "\n".join(part for part in (party["signatory_position"], party["organisation"]) if part),
    )


def _validity(content: Mapping[str, Any]) -> str:
    rule = {
        EntryRule.ALL: "เมื่อสภาท้องถิ่นของทุกฝ่ายให้ความเห็นชอบ",
        EntryRule.K_OF_N: f"เมื่อสภาท้องถิ่นอย่างน้อย {content['entry_count']} ฝ่ายให้ความเห็นชอบ",
        EntryRule.ON_DATE: f"ตั้งแต่วันที่ {_day(content['entry_on'])}",
    }[EntryRule(content["entry_rule"])]
    until = f"จนถึงวันที่ {_day(content['valid_to'])}" if content["valid_to"] else "โดยไม่มีกำหนดสิ้นสุด"
    return (
        f"บันทึกนี้มีผลบังคับ{rule} โดยใช้ตั้งแต่วันที่ {_day(content['valid_from'])} {until} "
        f"ฝ่ายใดประสงค์จะเลิกหรือถอนตัวให้แจ้งฝ่ายอื่นเป็นหนังสือล่วงหน้าไม่น้อยกว่า {content['notice_days']} วัน"
    )


def _day(iso: str | None) -> str:
    return official_date(date.fromisoformat(iso)) if iso else ""
