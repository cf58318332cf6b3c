"""Organisations and the dated facts about them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from collab import history
from collab.kernel.access import Actor, Permission, authorize
from collab.kernel.clock import today
from collab.kernel.dates import to_ascii_digits
from collab.kernel.db import check_version
from collab.kernel.errors import InvalidInput, StateConflict
from collab.kernel.i18n import _
from collab.kernel.text import normalise, sort_key
from collab.members import queries, rules
from collab.members.models import FactKind, Organisation, OrganisationFact, OrganisationKind

FIELDS = ("name_th", "name_en", "short_th", "short_en", "district", "lao_code")


def create_organisation(session: Session, *, actor: Actor, now: datetime, kind: OrganisationKind, values: Mapping[str, str],
                        ) -> Organisation:  # fmt: skip
    """Enter an organisation (`FIELDS`; an empty lao_code means none is known). Raises InvalidInput for a code taken already."""
    authorize(actor, Permission.MEMBERS_MANAGE)
    return enter_organisation(session, actor=actor, now=now, kind=kind, values=values)


def enter_organisation(session: Session, *, actor: Actor, now: datetime, kind: OrganisationKind, values: Mapping[str, str],
                       ) -> Organisation:  # fmt: skip
    """Enter the organisation without asking for a permission: for `create_organisation` and for loading facts."""
    made = Organisation(kind=kind)
    _fill(session, made, values)
    try:
        with history.act(session, verb="organisation.created", actor=actor, now=now, subject=made):
            session.add(made)
            session.flush()
    except IntegrityError as error:
        raise InvalidInput({"lao_code": _("Another organisation has this code.")}) from error
    return made


def _fill(session: Session, organisation: Organisation, values: Mapping[str, str]) -> None:
    texts = {name: normalise(values.get(name, "")) for name in FIELDS}
    code = to_ascii_digits(texts["lao_code"]) or None
    if code is not None:
        with session.no_autoflush:
            other = queries.find_organisation_by_code(session, code)
        if other is not None and other.id != organisation.id:
            raise InvalidInput({"lao_code": _("Another organisation has this code.")})
    organisation.lao_code = code
    for name in FIELDS[:-1]:
        setattr(organisation, name, texts[name])
    organisation.short_th = organisation.short_th or organisation.name_th
    organisation.short_en = organisation.short_en or organisation.name_en
    organisation.sort_key = sort_key(organisation.name_th)


def change_organisation(session: Session, *, actor: Actor, now: datetime, organisation_id: UUID, kind: OrganisationKind,
                        values: Mapping[str, str], expected_version: int | None) -> Organisation:  # fmt: skip
    """Correct what is said of the organisation today. A real change of name or kind is entered as a dated fact instead."""
    found = queries.lock_row(session, Organisation, "organisation", organisation_id)
    authorize(actor, Permission.MEMBERS_MANAGE, found)
    check_version(found, expected_version)
    with history.act(session, verb="organisation.changed", actor=actor, now=now, subject=found):
        found.kind = kind
        _fill(session, found, values)
    return found


def remove_organisation(session: Session, *, actor: Actor, now: datetime, organisation_id: UUID, expected_version: int | None,
                        reason: str) -> None:  # fmt: skip
    """Take an organisation out of the lists. Raises StateConflict while it has a seat, an agency's committee or people."""
    found = queries.lock_row(session, Organisation, "organisation", organisation_id)
    authorize(actor, Permission.MEMBERS_MANAGE, found)
    check_version(found, expected_version)
    if queries.is_organisation_in_use(session, organisation_id, today(now)):
        raise StateConflict(_("The organisation still has a seat, people or a committee: end those first."))
    with history.act(session, verb="organisation.removed", actor=actor, now=now, subject=found, reason=reason):
        found.removed_at = now


@dataclass(frozen=True)
class Fact:
    """A fact as it is entered: ``value`` is checked for its kind; ``source`` says where it comes from."""

    kind: FactKind
    value: str
    source: str
    valid_from: date | None
    valid_to: date | None = None


def add_fact(session: Session, *, actor: Actor, now: datetime, organisation_id: UUID, fact: Fact) -> OrganisationFact:
    """Enter a dated fact with its source. The fact of that kind in force before ends the day before.

    A name or kind that holds today becomes what the lists show. Raises InvalidInput on ``value``, ``source``, ``valid_from``,
    ``valid_to``.
    """
    found = queries.lock_row(session, Organisation, "organisation", organisation_id)
    authorize(actor, Permission.MEMBERS_MANAGE, found)
    return enter_fact(session, actor=actor, now=now, organisation=found, fact=fact)


def enter_fact(session: Session, *, actor: Actor, now: datetime, organisation: Organisation, fact: Fact) -> OrganisationFact:
    """Enter the fact without asking for a permission: for `add_fact` and for loading facts."""
    value = fact_value(fact.kind, fact.value)
    if not rules.is_ordered(fact.valid_from, fact.valid_to):
        raise InvalidInput({"valid_to": _("The last day comes before the first one.")})
    made = OrganisationFact(
        organisation_id=organisation.id, kind=fact.kind, value=value, source=normalise(fact.source), valid_from=fact.valid_from,
        valid_to=fact.valid_to,
    )  # fmt: skip
    earlier = [row for row in queries.facts_of(session, organisation.id) if row.kind is fact.kind]
    with history.act(session, verb="organisation_fact.added", actor=actor, now=now, subject=made):
        for row in earlier:
            _end_before(row, fact)
        session.add(made)
        if rules.is_in_force(fact.valid_from, fact.valid_to, today(now)):
            _apply(organisation, fact.kind, value)
        session.flush()
    return made


def _end_before(row: OrganisationFact, fact: Fact) -> None:
    """Let an open fact end the day before the new one begins; refuse two that would hold on one day."""
    begin = (row.valid_from or date.min, row.valid_to)
    if not rules.overlap(begin, (fact.valid_from or date.min, fact.valid_to)):
        return
    if row.valid_to is None and fact.valid_from is not None and begin[0] < fact.valid_from:
        row.valid_to = fact.valid_from - timedelta(days=1)
        return
    raise InvalidInput({"valid_from": _("Another figure of this kind holds on these days: remove it or choose other days.")})


def _apply(organisation: Organisation, kind: FactKind, value: str) -> None:
    if kind is FactKind.NAME_TH:
        organisation.name_th, organisation.sort_key = value, sort_key(value)
    elif kind is FactKind.NAME_EN:
        organisation.name_en = value
    elif kind is FactKind.KIND:
        organisation.kind = OrganisationKind(value)


def fact_value(kind: FactKind, text: str) -> str:
    """Return the value as it is stored: whole number of people, km² with at most two decimals, code of a kind, or a name."""
    value = normalise(text)
    if kind is FactKind.POPULATION:
        digits = to_ascii_digits(value).replace(",", "")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 9):
            raise InvalidInput({"value": _("Write the number of people, for example 45,353.")})
        return str(int(digits))
    if kind is FactKind.AREA_KM2:
        return str(_area(value))
    if kind is FactKind.KIND and value not in set(OrganisationKind):
        raise InvalidInput({"value": _("Write one of: %(kinds)s.", kinds=", ".join(OrganisationKind))})
    if not value:
        raise InvalidInput({"value": _("Fill this in.")})
    return value


def _area(value: str) -> Decimal:
    fault = InvalidInput({"value": _("Write the area in square kilometres, for example 34.57.")})
    try:
        area = Decimal(to_ascii_digits(value).replace(",", ""))
    except InvalidOperation as error:
        raise fault from error
    if not area.is_finite() or not 0 < area < 100_000 or area != round(area, 2):
        raise fault
    return area


def remove_fact(
    session: Session, *, actor: Actor, now: datetime, fact_id: UUID, expected_version: int | None
) -> OrganisationFact:
    """Take out a fact that was entered by mistake; what the lists show does not change."""
    found = queries.lock_row(session, OrganisationFact, "organisation_fact", fact_id)
    authorize(actor, Permission.MEMBERS_MANAGE, found)
    check_version(found, expected_version)
    with history.act(session, verb="organisation_fact.removed", actor=actor, now=now, subject=found):
        found.removed_at = now
    return found
