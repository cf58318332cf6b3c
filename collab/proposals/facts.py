"""Names of law that a proposal may rest on, and the factors of readiness. Law is data: its names are not translated."""

from dataclasses import dataclass

from collab.kernel.i18n import LazyText, lazy


@dataclass(frozen=True)
class LegalBasis:
    """A section of law on which a joint service may rest, and what it demands."""

    code: str
    name: str


#: Sections as in the texts of the Decentralisation Plan and Steps Act B.E. 2542 and the Municipality Act B.E. 2496.
LEGAL_BASES = (
    LegalBasis(
        "decentralisation_21", "พ.ร.บ.กำหนดแผนและขั้นตอนการกระจายอำนาจฯ พ.ศ. 2542 มาตรา 21 วรรคสอง (ร่วมมือกัน หรือร้องขอให้กระทำแทน)"
    ),
    LegalBasis("decentralisation_17", "พ.ร.บ.กำหนดแผนและขั้นตอนการกระจายอำนาจฯ พ.ศ. 2542 มาตรา 17 (อำนาจหน้าที่ของ อบจ.)"),
    LegalBasis("municipality_57_bis", "พ.ร.บ.เทศบาล พ.ศ. 2496 มาตรา 57 ทวิ (ทำกิจการนอกเขต)"),
    LegalBasis("municipality_57_ter", "พ.ร.บ.เทศบาล พ.ศ. 2496 มาตรา 57 ตรี (ร่วมกับบุคคลอื่นก่อตั้งบริษัท)"),
    LegalBasis("municipality_58", "พ.ร.บ.เทศบาล พ.ศ. 2496 มาตรา 58 (สหการ)"),
)

#: The seven factors of Suwanvong (2564), each judged from 1 (not ready) to 5 (ready).
READINESS: dict[str, LazyText] = {
    "law": lazy("Law and powers"),
    "structure": lazy("Internal structure"),
    "technology": lazy("Information technology"),
    "executives": lazy("Executives' outlook"),
    "staff": lazy("Staff"),
    "people": lazy("People of the area"),
    "oversight": lazy("Audit and budget"),
}


def legal_name(code: str) -> str:
    """Return the name of a legal basis by its code, the code itself for one no longer listed."""
    return next((basis.name for basis in LEGAL_BASES if basis.code == code), code)
