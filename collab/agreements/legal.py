"""Law as data: titles of agreements, legal bases, acts, and what the law demands for each act. Names of law are Thai data.

Sources: Municipality Act B.E. 2496 (sections 57 bis, 57 ter, 58, 66, 67 bis), Decentralisation Plan and Steps Act B.E. 2542
section 21 paragraph 2. An installation's lawyers confirm them; whether an approval is demanded is decided here only.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from collab.kernel.i18n import LazyText, lazy

#: Titles under which agreements are made, by code. The first is offered first.
FORMS: Mapping[str, str] = {
    "cooperation": "บันทึกข้อตกลงความร่วมมือ",
    "joint_service": "บันทึกการทำความตกลงร่วมมือกันจัดทำบริการสาธารณะ",
    "understanding": "บันทึกความเข้าใจ",
    "service_use": "ข้อตกลงการใช้บริการสาธารณะร่วมกัน",
}

#: Legal bases, by code.
LEGAL_BASES: Mapping[str, str] = {
    "decentralisation_21": "มาตรา 21 วรรคสอง แห่งพระราชบัญญัติกำหนดแผนและขั้นตอนการกระจายอำนาจให้แก่องค์กรปกครองส่วนท้องถิ่น พ.ศ. 2542",
    "municipality_57_bis": "มาตรา 57 ทวิ แห่งพระราชบัญญัติเทศบาล พ.ศ. 2496",
    "municipality_57_ter": "มาตรา 57 ตรี แห่งพระราชบัญญัติเทศบาล พ.ศ. 2496",
    "municipality_67_bis": "มาตรา 67 ทวิ แห่งพระราชบัญญัติเทศบาล พ.ศ. 2496",
    "decentralisation_17": "มาตรา 17 แห่งพระราชบัญญัติกำหนดแผนและขั้นตอนการกระจายอำนาจให้แก่องค์กรปกครองส่วนท้องถิ่น พ.ศ. 2542",
}


class Act(StrEnum):
    """What an agreement makes its parties do, as far as the law treats it in its own way."""

    GRANT = "grant"
    OUTSIDE_AREA = "outside_area"
    SERVICE_FEE = "service_fee"
    COMPANY = "company"


ACTS: Mapping[Act, LazyText] = {
    Act.GRANT: lazy("A party pays a grant or invests"),
    Act.OUTSIDE_AREA: lazy("A party works outside its own area"),
    Act.SERVICE_FEE: lazy("Parties pay a fee for the service, by quantity"),
    Act.COMPANY: lazy("The parties hold shares in a company"),
}


class Demand(StrEnum):
    """A consent or approval that the law demands."""

    COUNCIL_CONSENT = "council_consent"
    HOST_COUNCIL_CONSENT = "host_council_consent"
    GOVERNOR_APPROVAL = "governor_approval"
    MINISTER_APPROVAL = "minister_approval"
    BUDGET_ORDINANCE = "budget_ordinance"


DEMANDS: Mapping[Demand, LazyText] = {
    Demand.COUNCIL_CONSENT: lazy("Consent of each party's council"),
    Demand.HOST_COUNCIL_CONSENT: lazy("Consent of the council of the area in which the work is done"),
    Demand.GOVERNOR_APPROVAL: lazy("Approval of the provincial governor"),
    Demand.MINISTER_APPROVAL: lazy("Approval of the Minister of Interior"),
    Demand.BUDGET_ORDINANCE: lazy("The fee stands in each payer's budget ordinance"),
}


@dataclass(frozen=True)
class Requirement:
    """A demand with the law that makes it. ``is_blocking``: without it the agreement cannot enter into force."""

    demand: Demand
    law: str
    is_blocking: bool = True

    @property
    def by_ratification(self) -> bool:
        """Whether the parties' ratifications meet it; all others are recorded one by one."""
        return self.demand in (Demand.COUNCIL_CONSENT, Demand.HOST_COUNCIL_CONSENT)


_67_BIS, _57_BIS = LEGAL_BASES["municipality_67_bis"], LEGAL_BASES["municipality_57_bis"]
_57_TER, _21 = LEGAL_BASES["municipality_57_ter"], LEGAL_BASES["decentralisation_21"]
_BUDGET = "ระเบียบกระทรวงมหาดไทยว่าด้วยวิธีการงบประมาณขององค์กรปกครองส่วนท้องถิ่น พ.ศ. 2563"

#: The approval matrix: act -> what it demands.
MATRIX: Mapping[Act, tuple[Requirement, ...]] = {
    Act.GRANT: (Requirement(Demand.COUNCIL_CONSENT, _67_BIS), Requirement(Demand.GOVERNOR_APPROVAL, _67_BIS)),
    Act.OUTSIDE_AREA: (Requirement(Demand.HOST_COUNCIL_CONSENT, _57_BIS), Requirement(Demand.MINISTER_APPROVAL, _57_BIS)),
    Act.SERVICE_FEE: (Requirement(Demand.BUDGET_ORDINANCE, _BUDGET, is_blocking=False),),
    Act.COMPANY: (Requirement(Demand.COUNCIL_CONSENT, _57_TER), Requirement(Demand.MINISTER_APPROVAL, _57_TER)),
}
#: With no special act a council's consent is recommended; the entry-into-force rule decides how many are needed.
ORDINARY = (Requirement(Demand.COUNCIL_CONSENT, _21, is_blocking=False),)

#: The basis that an act needs; the chosen one may be another, then the page says so.
BASIS_OF: Mapping[Act, str] = {
    Act.GRANT: "municipality_67_bis",
    Act.OUTSIDE_AREA: "municipality_57_bis",
    Act.COMPANY: "municipality_57_ter",
}


def requirements_for(acts: Collection[str]) -> list[Requirement]:
    """Return what the law demands for ``acts`` (codes of `Act`; unknown ones are left out), each demand once.

    When two acts make the same demand the blocking one stands.
    """
    found: dict[Demand, Requirement] = {}
    for act in Act:
        for requirement in MATRIX[act] if act.value in acts else ():
            earlier = found.get(requirement.demand)
            if earlier is None or (requirement.is_blocking and not earlier.is_blocking):
                found[requirement.demand] = requirement
    for requirement in ORDINARY:
        found.setdefault(requirement.demand, requirement)
    return [found[demand] for demand in Demand if demand in found]


def missing_approvals(acts: Collection[str], granted: Collection[str]) -> list[Requirement]:
    """Return the requirements that are not met by a recorded approval in ``granted`` (ratifications are reckoned apart)."""
    return [item for item in requirements_for(acts) if not item.by_ratification and item.demand.value not in granted]


def blocking_missing(acts: Collection[str], granted: Collection[str]) -> list[Requirement]:
    """Return those of `missing_approvals` without which the agreement cannot enter into force."""
    return [item for item in missing_approvals(acts, granted) if item.is_blocking]


def must_all_consent(acts: Collection[str]) -> bool:
    """Say whether the law demands every party's council, whatever the entry-into-force rule says."""
    return any(item.is_blocking and item.demand is Demand.COUNCIL_CONSENT for item in requirements_for(acts))


def must_hosts_consent(acts: Collection[str]) -> bool:
    """Say whether the law demands the councils of the hosts."""
    return any(item.demand is Demand.HOST_COUNCIL_CONSENT for item in requirements_for(acts))


def bases_left_out(acts: Collection[str], basis: str) -> list[str]:
    """Return the legal bases that the acts need beside the chosen one."""
    return [LEGAL_BASES[needed] for act, needed in BASIS_OF.items() if act.value in acts and needed != basis]
