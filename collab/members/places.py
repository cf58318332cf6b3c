"""Where organisations lie: the middle of their sub-district, from a list of facts that names its source and licence."""

import csv
from collections.abc import Collection
from functools import cache
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.kernel import i18n
from collab.members.models import Organisation
from collab.members.reference_data import FOLDER


class Place(NamedTuple):
    """Where an organisation lies, in degrees, and its short name in the language in force."""

    lat: float
    long: float
    name: str


def places_of(session: Session, organisation_ids: Collection[UUID]) -> dict[UUID, Place]:
    """Return where the organisations lie, those whose place is known; one SELECT."""
    columns = (Organisation.id, Organisation.name_th, Organisation.short_th, Organisation.short_en)
    english, known = i18n.get_locale() == "en", _places()
    return {
        row.id: Place(*known[row.name_th], (row.short_en if english else "") or row.short_th)
        for row in session.execute(sa.select(*columns).where(Organisation.id.in_(list(organisation_ids))))
        if row.name_th in known
    }


@cache
def _places() -> dict[str, tuple[float, float]]:
    """Return the places by the Thai name of the organisation; two in one sub-district have the same."""
    with (FOLDER / "hatyai_tambons.csv").open(encoding="utf-8-sig") as file:
        middles = {row["name_th"]: (float(row["lat"]), float(row["long"])) for row in csv.DictReader(file)}
    with (FOLDER / "hatyai_laos.csv").open(encoding="utf-8-sig") as file:
        # "บ้านพรุ (บางส่วน)": a part of the sub-district.
        seats = {row["name_th"]: row["tambon"].split(" (")[0] for row in csv.DictReader(file)}
    return {name: middles[tambon] for name, tambon in seats.items() if tambon in middles}
