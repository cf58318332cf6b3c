"""Writing an agreement: terms, parties and clauses, while it is a draft. From circulation on nothing here can be done."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from collab import history
from collab.agreements import legal, queries
from collab.agreements.clauses_th import standard_clauses
from collab.agreements.models import Agreement, AgreementParty, Clause
from collab.agreements.service.common import managed
from collab.agreements.states import AgreementState, AgreementVerb, EntryRule, PartyRole
from collab.history import Authority
from collab.kernel.access import Actor, Permission, authorize
from collab.kernel.clock import today
from collab.kernel.db import check_version
from collab.kernel.errors import InvalidInput, StateConflict
from collab.kernel.i18n import _
from collab.kernel.ids import new_id
from collab.members import queries as members
from collab.service_plans import queries as plans
from collab.service_plans.models import ServicePlan
from collab.service_plans.states import PlanState


@dataclass(frozen=True)
class Terms:
    """The terms of an agreement: codes of `legal`, days as dates, periods in calendar days."""

    title: str
    form: str
    legal_basis: str
    acts: tuple[str, ...]
    valid_from: date
    valid_to: date | None
    notice_days: int
    council_lead_days: int
    entry_rule: EntryRule
    entry_count: int | None
    entry_on: date | None
    ratify_by: date | None


@dataclass(frozen=True)
class PartyInput:
    """An organisation that is to be a party, and who signs for it."""

    organisation_id: UUID
    role: PartyRole
    signatory_name: str
    signatory_position: str


def draft_agreement(session: Session, *, actor: Actor, now: datetime, service_plan_id: UUID, terms: Terms,
                    parties: Sequence[PartyInput] = (), with_standard_clauses: bool = True) -> Agreement:  # fmt: skip
    """Draft an agreement from an approved service plan, with its first parties and, when asked, the standard clauses.

    Raises NotFound, NotAllowed, StateConflict for a plan that is not approved, InvalidInput for terms that break a rule.
    """
    plan = plans.get_visible(session, actor, service_plan_id)
    agreement = Agreement(
        id=new_id(), committee_id=plan.committee_id, service_plan_id=plan.id, state=AgreementState.DRAFT, **_checked(terms)
    )
    authorize(actor, Permission.AGREEMENT_MANAGE, agreement)
    if plan.state is not PlanState.APPROVED:
        raise StateConflict(_("An agreement is made from an approved service plan."))
    _check_members(session, agreement, [party.organisation_id for party in parties], now)
    clauses = _standard(session, plan, agreement, parties) if with_standard_clauses else []
    authority = Authority("service_plan", plan.id)
    with history.act(session, verb="agreement.drafted", actor=actor, now=now, subject=agreement, authority=authority):
        session.add(agreement)
        session.flush()
        session.add_all(AgreementParty(agreement_id=agreement.id, **asdict(party)) for party in parties)
        session.flush()
        session.add_all(clauses)
    return agreement


def edit_agreement(session: Session, *, actor: Actor, now: datetime, agreement_id: UUID, terms: Terms,
                   expected_version: int | None) -> Agreement:  # fmt: skip
    """Change the terms of a draft. Raises NotFound, NotAllowed, VersionConflict, StateConflict, InvalidInput."""
    agreement, state = managed(session, actor, now, agreement_id, AgreementVerb.EDIT, expected_version)
    values = _checked(terms)
    with history.act(session, verb="agreement.changed", actor=actor, now=now, subject=agreement):
        for name, value in values.items():
            setattr(agreement, name, value)
        agreement.state = state
    return agreement


def save_party(session: Session, *, actor: Actor, now: datetime, agreement_id: UUID, party_id: UUID | None, party: PartyInput,
               expected_version: int | None) -> AgreementParty:  # fmt: skip
    """Add a party to a draft (``party_id`` None) or change one.

    Raises NotFound, NotAllowed, VersionConflict, StateConflict; InvalidInput for one without a seat or already a party.
    """
    agreement, _state = managed(session, actor, now, agreement_id, AgreementVerb.EDIT, None)
    _check_members(session, agreement, [party.organisation_id], now)
    others = [row.organisation_id for row in queries.parties_of(session, agreement_id) if row.id != party_id]
    if party.organisation_id in others:
        raise InvalidInput({"organisation_id": _("This organisation is a party already.")})
    if party_id is None:
        row = AgreementParty(agreement_id=agreement_id)
    else:
        row = queries.lock_part(session, AgreementParty, agreement_id, party_id)
        check_version(row, expected_version)
    with history.act(session, verb="agreement.party_saved", actor=actor, now=now, subject=row):
        for name, value in asdict(party).items():
            setattr(row, name, value)
        session.add(row)
    return row


def remove_party(session: Session, *, actor: Actor, now: datetime, agreement_id: UUID, party_id: UUID,
                 expected_version: int | None) -> None:  # fmt: skip
    """Take a party out of a draft. Raises NotFound, NotAllowed, VersionConflict, StateConflict."""
    managed(session, actor, now, agreement_id, AgreementVerb.EDIT, None)
    row = queries.lock_part(session, AgreementParty, agreement_id, party_id)
    check_version(row, expected_version)
    with history.act(session, verb="agreement.party_removed", actor=actor, now=now, subject=row):
        row.removed_at = now


def save_clause(session: Session, *, actor: Actor, now: datetime, agreement_id: UUID, clause_id: UUID | None, number: int | None,
                title: str, text: str, expected_version: int | None) -> Clause:  # fmt: skip
    """Add a clause to a draft (``clause_id`` None) or change one; it gets the place ``number`` (None: the last, or where it is).

    The other clauses are numbered anew from 1. Raises NotFound, NotAllowed, VersionConflict, StateConflict.
    """
    managed(session, actor, now, agreement_id, AgreementVerb.EDIT, None)
    clauses = queries.clauses_of(session, agreement_id)
    if clause_id is None:
        row = Clause(agreement_id=agreement_id, number=len(clauses) + 1)
    else:
        row = queries.lock_part(session, Clause, agreement_id, clause_id)
        check_version(row, expected_version)
    others = [clause for clause in clauses if clause is not row]
    others.insert(max(1, min(number or row.number, len(others) + 1)) - 1, row)
    with history.act(session, verb="agreement.clause_saved", actor=actor, now=now, subject=row):
        row.title, row.text = title, text
        for place, clause in enumerate(others, start=1):
            clause.number = place
        session.add(row)
    return row


def remove_clause(session: Session, *, actor: Actor, now: datetime, agreement_id: UUID, clause_id: UUID,
                  expected_version: int | None) -> None:  # fmt: skip
    """Take a clause out of a draft and number the others anew.

    Raises NotFound, NotAllowed, VersionConflict; StateConflict also while an obligation rests on it.
    """
    managed(session, actor, now, agreement_id, AgreementVerb.EDIT, None)
    row = queries.lock_part(session, Clause, agreement_id, clause_id)
    check_version(row, expected_version)
    if any(item.clause_id == clause_id for item in queries.obligations_of(session, agreement_id)):
        raise StateConflict(_("An obligation rests on this clause: take the obligation out first."))
    left = [clause for clause in queries.clauses_of(session, agreement_id) if clause is not row]
    with history.act(session, verb="agreement.clause_removed", actor=actor, now=now, subject=row):
        row.removed_at = now
        for place, clause in enumerate(left, start=1):
            clause.number = place


def copy_as_draft(session: Session, *, actor: Actor, now: datetime, agreement_id: UUID) -> Agreement:
    """Make a new draft with the same terms, parties and clauses: after a refusal or withdrawal, or for a renewal.

    A renewal begins on the day after the old one ends and lasts as long. Raises NotFound, NotAllowed; StateConflict for a draft.
    """
    old = queries.get_visible(session, actor, agreement_id)
    authorize(actor, Permission.AGREEMENT_MANAGE, old)
    if old.state is AgreementState.DRAFT:
        raise StateConflict(_("This is still a draft: change it instead of copying it."))
    names = (
        "committee_id", "service_plan_id", "title", "form", "legal_basis", "acts", "notice_days", "council_lead_days",
        "entry_rule", "entry_count", "entry_on",
    )  # fmt: skip
    first, last = _next_period(old)
    copy = Agreement(
        id=new_id(), state=AgreementState.DRAFT, previous_id=old.id, valid_from=first, valid_to=last,
        **{name: getattr(old, name) for name in names},
    )  # fmt: skip
    parties, clauses = queries.parties_of(session, old.id), queries.clauses_of(session, old.id)
    with history.act(
        session, verb="agreement.copied", actor=actor, now=now, subject=copy, authority=Authority("agreement", old.id)
    ):
        session.add(copy)
        session.flush()
        for party in parties:
            session.add(AgreementParty(
                agreement_id=copy.id, organisation_id=party.organisation_id, role=party.role,
                signatory_name=party.signatory_name, signatory_position=party.signatory_position,
            ))  # fmt: skip
        session.add_all(Clause(agreement_id=copy.id, number=row.number, title=row.title, text=row.text) for row in clauses)
    return copy


def _next_period(old: Agreement) -> tuple[date, date | None]:
    if old.entered_at is None or old.valid_to is None:
        return old.valid_from, old.valid_to
    first = date.fromordinal(old.valid_to.toordinal() + 1)
    return first, first + (old.valid_to - old.valid_from)


def _checked(terms: Terms) -> dict[str, object]:
    """Return the terms as column values; raise InvalidInput for what breaks a rule."""
    faults: dict[str, str] = {}
    if terms.form not in legal.FORMS:
        faults["form"] = _("Choose one from the list.")
    if terms.legal_basis not in legal.LEGAL_BASES:
        faults["legal_basis"] = _("Choose one from the list.")
    if set(terms.acts) - {act.value for act in legal.Act}:
        faults["acts"] = _("Choose from the list.")
    if terms.valid_to is not None and terms.valid_to < terms.valid_from:
        faults["valid_to"] = _("The last day lies before the first.")
    if terms.entry_rule is EntryRule.K_OF_N and not terms.entry_count:
        faults["entry_count"] = _("Say how many parties must ratify.")
    if terms.entry_rule is EntryRule.ON_DATE and terms.entry_on is None:
        faults["entry_on"] = _("Say from which day.")
    if faults:
        raise InvalidInput(faults)
    values: dict[str, object] = asdict(terms)
    return {
        **values,
        "acts": sorted(set(terms.acts)),
        "entry_count": terms.entry_count if terms.entry_rule is EntryRule.K_OF_N else None,
        "entry_on": terms.entry_on if terms.entry_rule is EntryRule.ON_DATE else None,
    }


def _check_members(session: Session, agreement: Agreement, organisation_ids: Sequence[UUID], now: datetime) -> None:
    seated = {seat.organisation_id for seat in members.seats_on(session, agreement.committee_id, today(now))}
    if set(organisation_ids) - seated:
        raise InvalidInput({"organisation_id": _("Only an organisation with a seat in the committee can be a party.")})


def _standard(session: Session, plan: ServicePlan, agreement: Agreement, parties: Sequence[PartyInput]) -> list[Clause]:
    wanted = {party.organisation_id for party in parties}
    names = {row.id: row.name_th for row in members.list_organisations(session) if row.id in wanted}
    facts = {
        "parties": " ".join(names[party.organisation_id] for party in parties) or "คู่ข้อตกลง",
        "plan": plan.title,
        "objective": plan.objective,
        "standard": plan.standard,
        "basis": legal.LEGAL_BASES[agreement.legal_basis],
    }
    return [
        Clause(agreement_id=agreement.id, number=number, title=item.title, text=item.text)
        for number, item in enumerate(standard_clauses(facts), start=1)
    ]
