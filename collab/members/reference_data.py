"""The organisations that a fresh installation around Hat Yai starts with, from lists of facts that name their sources."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.kernel.access import Actor
from collab.kernel.dates import BUDDHIST_OFFSET
from collab.kernel.text import normalise
from collab.members.models import FactKind, Organisation, OrganisationKind
from collab.members.service.organisations import Fact, enter_fact, enter_organisation

FOLDER = Path(__file__).parent / "data"
#: The lists write sao (subdistrict administrative organization); the product calls it tao, as Thai law in English mostly does.
_KINDS = {"sao": OrganisationKind.TAO}
#: Abbreviations of the kinds, before the bare name: เทศบาลเมืองบ้านพรุ -> ทม.บ้านพรุ.
_SHORT = (
    ("องค์การบริหารส่วนจังหวัด", "อบจ."), ("องค์การบริหารส่วนตำบล", "อบต."), ("เทศบาลนคร", "ทน."), ("เทศบาลเมือง", "ทม."),
    ("เทศบาลตำบล", "ทต."),
)  # fmt: skip
_SHORT_EN = (
    " Provincial Administrative Organization", " Subdistrict Administrative Organization", " SAO", " City Municipality",
    " Town Municipality", " Subdistrict Municipality",
)  # fmt: skip
#: Bodies beside local government that every cooperation meets.
_OTHERS = (
    {
        "name_th": "สำนักงานการตรวจเงินแผ่นดิน", "name_en": "Office of the Auditor General of Thailand", "short_th": "สตง.",
        "short_en": "State Audit Office", "kind": OrganisationKind.AUDIT_OFFICE, "district": "",
    },
    {
        "name_th": "สำนักงานส่งเสริมการปกครองท้องถิ่นจังหวัดสงขลา", "name_en": "Songkhla Provincial Office of Local Administration",
        "short_th": "สถจ.สงขลา", "short_en": "Songkhla PLO", "kind": OrganisationKind.AGENCY, "district": "เมืองสงขลา",
    },
)  # fmt: skip
_DISTRICTS = {
    "Songkhla": "", "Mueang Songkhla": "เมืองสงขลา", "Na Mom": "นาหม่อม", "Bang Klam": "บางกล่ำ",
    "Khlong Hoi Khong": "คลองหอยโข่ง", "Sadao": "สะเดา",
}  # fmt: skip


@dataclass(frozen=True)
class Known:
    """An organisation of the lists, with what is known of it."""

    kind: OrganisationKind
    values: Mapping[str, str]
    facts: tuple[Fact, ...]


def load_organisations(session: Session, *, actor: Actor, now: datetime) -> dict[str, Organisation]:
    """Enter the organisations of the lists that are not there yet; return all of them by Thai name.

    The 15 local governments of Hat Yai district, their neighbours, Songkhla PAO and the audit office, each figure with its
    source. Not reachable from the web: for the console and the demonstration. What was changed or removed since stays so.
    """
    present = {row.name_th: row for row in session.scalars(sa.select(Organisation))}
    found: dict[str, Organisation] = {}
    for known in read_organisations():
        name = known.values["name_th"]
        organisation = present.get(name)
        if organisation is None:
            organisation = enter_organisation(session, actor=actor, now=now, kind=known.kind, values=known.values)
            for fact in known.facts:
                enter_fact(session, actor=actor, now=now, organisation=organisation, fact=fact)
        found[name] = organisation
    return found


def read_organisations() -> Iterator[Known]:
    """Yield the organisations of the lists."""
    for row in _rows("hatyai_laos.csv"):
        yield Known(_kind(row), _values(row, "หาดใหญ่", row["lao_code"]), _facts(row))
    for row in _rows("neighbour_laos.csv"):
        yield Known(_kind(row), _values(row, _DISTRICTS[row["amphoe"]], ""), (_kind_fact(row, row["source"], row["status"]),))
    for other in _OTHERS:
        values = {name: str(value) for name, value in other.items() if name != "kind"}
        yield Known(OrganisationKind(str(other["kind"])), values, ())


def _rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _kind(row: Mapping[str, str]) -> OrganisationKind:
    code = row["type_code"]
    return _KINDS.get(code) or OrganisationKind(code)


def _values(row: Mapping[str, str], district: str, code: str) -> dict[str, str]:
    name_th, name_en = normalise(row["name_th"]), row["name_en"].replace(" SAO", " Subdistrict Administrative Organization")
    short_th = next((short + name_th.removeprefix(long) for long, short in _SHORT if name_th.startswith(long)), name_th)
    short_en = next((name_en.removesuffix(end) for end in _SHORT_EN if name_en.endswith(end)), name_en)
    return {
        "name_th": name_th, "name_en": name_en, "short_th": short_th, "short_en": short_en, "district": district, "lao_code": code,
    }  # fmt: skip


def _kind_fact(row: Mapping[str, str], source: str, status: str) -> Fact:
    return Fact(FactKind.KIND, _kind(row).value, " – ".join(filter(None, (source, status))), None)


def _facts(row: Mapping[str, str]) -> tuple[Fact, ...]:
    """Return the kind, population and area of a row; a population counts from the first day of its year, if that is known."""
    facts = [_kind_fact(row, row["list_source"], row["status"])]
    if row["population"]:
        year = int(row["population_year_be"]) if row["population_year_be"] else None
        since = date(year - BUDDHIST_OFFSET, 1, 1) if year else None
        facts.append(Fact(FactKind.POPULATION, row["population"], row["population_source"], since))
    if row["area_km2"]:
        source = row["population_source"] if row["area_source"] == "same page" else row["area_source"]
        facts.append(Fact(FactKind.AREA_KM2, row["area_km2"], source, None))
    return tuple(facts)
