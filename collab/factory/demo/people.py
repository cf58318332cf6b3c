"""Who signs in at the demonstration: one account per role, and the invented officials of the municipalities in the story."""

from dataclasses import dataclass

from collab.kernel.access import Role, Scope

#: The password of every demonstration account. It exists only where the demonstration was loaded.
PASSWORD = "Songkhla-Lake-2570"  # noqa: S105 - printed at start, for the demonstration only

PAO = "องค์การบริหารส่วนจังหวัดสงขลา"
AUDIT = "สำนักงานการตรวจเงินแผ่นดิน"
HATYAI = "เทศบาลนครหาดใหญ่"
KHOHONG = "เทศบาลเมืองคอหงส์"
KHUANLANG = "เทศบาลเมืองควนลัง"
BANPHRU = "เทศบาลเมืองบ้านพรุ"
BANRAI = "เทศบาลตำบลบ้านไร่"
PHATONG = "เทศบาลตำบลพะตง"


@dataclass(frozen=True)
class Person:
    """An invented official: ``key`` names the person in the story and, before the @, in the address."""

    key: str
    name_th: str
    name_en: str
    position: str
    organisation: str
    role: Role
    scope: Scope
    #: Shown by `flask demo accounts`: the first of each role.
    is_listed: bool = False

    @property
    def email(self) -> str:
        """The address, in a domain that can receive nothing."""
        return f"{self.key}@demo.invalid"


_C, _I, _O = Scope.COMMITTEE, Scope.INSTALLATION, Scope.ORGANISATION

PEOPLE = (
    Person("admin", "สมชาย ผู้ดูแล (สมมติ)", "Somchai Phudulae (invented)", "นักวิชาการคอมพิวเตอร์", PAO, Role.ADMINISTRATOR, _I, True),
    Person("admin2", "พิมพ์ใจ กำกับ (สมมติ)", "Phimchai Kamkap (invented)", "นิติกร", PAO, Role.ADMINISTRATOR, _I, True),
    Person("coordinator", "วิภา ประสานงาน (สมมติ)", "Wipha Prasanngan (invented)", "ผู้ประสานงาน", PAO, Role.COORDINATOR, _C, True),
    Person("chair", "ประเสริฐ เป็นธรรม (สมมติ)", "Prasert Pentham (invented)", "ประธานกรรมการ", HATYAI, Role.CHAIR, _C, True),
    Person("clerk.banphru", "อารี รอบคอบ (สมมติ)", "Aree Ropkhop (invented)", "ปลัดเทศบาล", BANPHRU, Role.CLERK, _O, True),
    Person("mayor.banphru", "มานะ ใจดี (สมมติ)", "Mana Chaidi (invented)", "นายกเทศมนตรี", BANPHRU, Role.EXECUTIVE, _O, True),
    Person("auditor", "สุดา ตรวจตรา (สมมติ)", "Suda Truattra (invented)", "นักวิชาการตรวจเงินแผ่นดิน", AUDIT, Role.AUDITOR, _I, True),
    Person("clerk.khohong", "นิดา ขยัน (สมมติ)", "Nida Khayan (invented)", "ปลัดเทศบาล", KHOHONG, Role.CLERK, _O),
    Person("mayor.khohong", "ชูชาติ มั่นคง (สมมติ)", "Chuchat Mankhong (invented)", "นายกเทศมนตรี", KHOHONG, Role.EXECUTIVE, _O),
    Person("clerk.hatyai", "ธิดา เที่ยงตรง (สมมติ)", "Thida Thiangtrong (invented)", "ปลัดเทศบาล", HATYAI, Role.CLERK, _O),
    Person("mayor.hatyai", "เกรียงไกร นำพา (สมมติ)", "Kriangkrai Nampha (invented)", "นายกเทศมนตรี", HATYAI, Role.EXECUTIVE, _O),
    Person("clerk.khuanlang", "วารี สายธาร (สมมติ)", "Wari Saithan (invented)", "ปลัดเทศบาล", KHUANLANG, Role.CLERK, _O),
    Person("mayor.khuanlang", "สมพร ร่มเย็น (สมมติ)", "Somphon Romyen (invented)", "นายกเทศมนตรี", KHUANLANG, Role.EXECUTIVE, _O),
    Person("clerk.phatong", "กมล พอเพียง (สมมติ)", "Kamon Phophiang (invented)", "ปลัดเทศบาล", PHATONG, Role.CLERK, _O),
    Person("mayor.phatong", "บุญมี สุขใจ (สมมติ)", "Bunmi Sukchai (invented)", "นายกเทศมนตรี", PHATONG, Role.EXECUTIVE, _O),
    Person("clerk.banrai", "ดวงใจ ตั้งใจ (สมมติ)", "Duangchai Tangchai (invented)", "ปลัดเทศบาล", BANRAI, Role.CLERK, _O),
    Person("mayor.banrai", "ทวี พัฒนา (สมมติ)", "Thawi Phatthana (invented)", "นายกเทศมนตรี", BANRAI, Role.EXECUTIVE, _O),
)

#: Municipalities of the story by the second half of their people's keys.
PLACES = {
    "banphru": BANPHRU, "khohong": KHOHONG, "hatyai": HATYAI, "khuanlang": KHUANLANG, "phatong": PHATONG, "banrai": BANRAI,
}  # fmt: skip
