"""From circulation to entry into force: the fixed text, the councils' decisions, approvals and signatures."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab import history
from collab.agreements import legal, queries
from collab.agreements.events import AgreementEnteredIntoForce
from collab.agreements.models import (
    Agreement,
    AgreementApproval,
    AgreementParty,
    AgreementVersion,
    Ratification,
    Signature,
)
from collab.agreements.rules import BINDING, first_day, fixed_text, is_rule_met, register_number, status_on
from collab.agreements.service.common import managed, party_of, people_of_committee, people_of_parties, tell
from collab.agreements.states import MACHINE, AgreementState, AgreementVerb, EntryRule, Outcome
from collab.kernel.access import Actor, Permission, Role, authorize
from collab.kernel.clock import today
from collab.kernel.dates import buddhist_year
from collab.kernel.errors import InvalidInput, NotAllowed, StateConflict
from collab.kernel.events import publish
from collab.kernel.i18n import _, lazy
from collab.kernel.text import fold
from collab.members import queries as members
from collab.members.models import Committee
from collab.service_plans import queries as plans


@dataclass(frozen=True)
class CouncilDecision:
    """What a council decided, as its organisation records it."""

    outcome: Outcome
    council_session: str
    resolution_number: str
    resolved_on: date
    reservation: str = ""
    reason: str = ""
    signatory_mandate: str = ""


def circulate(session: Session, *, actor: Actor, now: datetime, agreement_id: UUID, expected_version: int | None) -> Agreement:
    """Give the draft its number, fix its text under a SHA-256 and ask the parties' councils; tell executives and clerks.

    Raises NotFound, NotAllowed, VersionConflict, StateConflict; InvalidInput while something is missing.
    """
    agreement, state = managed(session, actor, now, agreement_id, AgreementVerb.CIRCULATE, expected_version)
    parties, clauses = queries.parties_of(session, agreement_id), queries.clauses_of(session, agreement_id)
    _check_complete(agreement, len(parties), len(clauses), today(now))
    year = buddhist_year(today(now))
    # The committee's row is the lock of its register: numbers are gap-free because a rollback gives its number back.
    statement = sa.select(Committee).where(Committee.id == agreement.committee_id).with_for_update(key_share=True)
    committee = session.scalars(statement).one()
    which = (Agreement.committee_id == committee.id, Agreement.number_year == year)
    number = (session.scalar(sa.select(sa.func.max(Agreement.number_in_year)).where(*which)) or 0) + 1
    with history.act(session, verb="agreement.circulated", actor=actor, now=now, subject=agreement):
        agreement.number, agreement.number_year = register_number(committee.code, number, year), year
        agreement.number_in_year, agreement.state, agreement.circulated_at = number, state, now
        text, digest = fixed_text(content(session, agreement, parties, clauses))
        session.add(AgreementVersion(agreement_id=agreement.id, number=1, text=text, sha256=digest, made_at=now))
    people = people_of_parties(session, agreement, now)
    asked = lazy("An agreement awaits your council's decision")
    tell(session, now, agreement, people, asked, "circulated", urgent=True, due_on=agreement.ratify_by)
    return agreement


def _check_complete(agreement: Agreement, parties: int, clauses: int, day: date) -> None:
    faults: dict[str, str] = {}
    if parties < 2:
        faults["parties"] = _("Name at least two parties.")
    if clauses == 0:
        faults["clauses"] = _("Write at least one clause.")
    if agreement.ratify_by is None or agreement.ratify_by < day:
        faults["ratify_by"] = _("Say by which day the councils should decide: today or later.")
    if agreement.entry_rule is EntryRule.K_OF_N and (agreement.entry_count or 0) > parties:
        faults["entry_count"] = _("More ratifications are asked for than there are parties.")
    if agreement.valid_to is not None and agreement.valid_to < day:
        faults["valid_to"] = _("The last day has passed.")
    if faults:
        raise InvalidInput(faults)


def content(session: Session, agreement: Agreement, parties: list[AgreementParty], clauses: list[Any]) -> Mapping[str, Any]:
    """Return everything that the parties agree to, as plain values: what is fixed, printed and hashed."""
    names = {row.id: row.name_th for row in members.list_organisations(session)}
    return {
        "number": agreement.number,
        "title": agreement.title,
        "form": legal.FORMS[agreement.form],
        "legal_basis": legal.LEGAL_BASES[agreement.legal_basis],
        "acts": list(agreement.acts),
        "valid_from": agreement.valid_from.isoformat(),
        "valid_to": agreement.valid_to.isoformat() if agreement.valid_to else None,
        "notice_days": agreement.notice_days,
        "entry_rule": EntryRule(agreement.entry_rule).value,
        "entry_count": agreement.entry_count,
        "entry_on": agreement.entry_on.isoformat() if agreement.entry_on else None,
        "parties": [
            {
                "organisation_id": str(party.organisation_id), "organisation": names.get(party.organisation_id, ""),
                "role": str(party.role), "signatory_name": party.signatory_name, "signatory_position": party.signatory_position,
            }
            for party in parties
        ],
        "clauses": [{"number": row.number, "title": row.title, "text": row.text} for row in clauses],
    }  # fmt: skip


def _ask_to_sign(session: Session, now: datetime, agreement: Agreement, party: AgreementParty) -> None:
    """Ask the executives of a party whose council has agreed to sign, unless somebody has signed for it."""
    if not session.scalar(sa.select(sa.exists().where(Signature.party_id == party.id))):
        people = plans.people_of(session, (Role.EXECUTIVE,), [party.organisation_id], today(now))
        tell(session, now, agreement, people, lazy("An agreement awaits your signature"), f"sign:{party.id}", urgent=True)


def record_ratification(session: Session, *, actor: Actor, now: datetime, agreement_id: UUID, organisation_id: UUID,
                        decision: CouncilDecision, corrects_id: UUID | None = None, correction_reason: str = "",
                        ) -> Ratification:  # fmt: skip
    """Record the decision of a party's council; by that organisation's clerk or executive only.

    A record never changes: a correction is a new one that names the record in force (``corrects_id``) and says why. When the
    entry-into-force rule is met the agreement enters into force in this transaction, whoever of two comes last.
    Raises NotFound, NotAllowed, StateConflict (nothing to decide, decided already, corrected meanwhile), InvalidInput.
    """
    agreement = queries.lock_agreement(session, actor, agreement_id)
    party = party_of(session, agreement_id, organisation_id)
    authorize(actor, Permission.AGREEMENT_RATIFY, party)
    MACHINE.advance(status_on(agreement, today(now)), AgreementVerb.RATIFY)
    current = queries.current_ratifications(session, [agreement_id]).get(party.id)
    _check_place(agreement, current, decision, corrects_id)
    _check_decision(decision, today(now), is_correction=corrects_id is not None, reason=correction_reason)
    text = queries.text_of(session, agreement_id)
    if actor.user_id is None or text is None:
        raise NotAllowed(Permission.AGREEMENT_RATIFY.value)
    row = Ratification(
        agreement_id=agreement_id, party_id=party.id, organisation_id=organisation_id, agreement_version_id=text.id,
        outcome=decision.outcome, council_session=decision.council_session, resolution_number=decision.resolution_number,
        resolved_on=decision.resolved_on, reservation=decision.reservation, reason=decision.reason,
        signatory_mandate=decision.signatory_mandate, recorded_by_id=actor.user_id, recorded_at=now, corrects_id=corrects_id,
    )  # fmt: skip
    verb = "ratification.recorded" if corrects_id is None else "ratification.corrected"
    with history.act(session, verb=verb, actor=actor, now=now, subject=row, reason=correction_reason,
                     on_behalf_of=organisation_id):  # fmt: skip
        session.add(row)
    if decision.outcome is not Outcome.RATIFIED:
        others = [user for user in people_of_committee(session, agreement, now) if user.id != actor.user_id]
        tell(session, now, agreement, others, lazy("A council refused or made reservations"), f"outcome:{row.id}")
    if decision.outcome is not Outcome.REFUSED:
        _ask_to_sign(session, now, agreement, party)
    enter_if_met(session, actor=actor, now=now, agreement=agreement)
    return row


def _check_place(agreement: Agreement, current: Ratification | None, decision: CouncilDecision, corrects_id: UUID | None) -> None:
    if corrects_id is None and current is not None:
        raise StateConflict(_("The council's decision is recorded already: correct that record instead."))
    if corrects_id is not None and (current is None or current.id != corrects_id):
        raise StateConflict(_("This record was corrected meanwhile: read the newest one first."))
    was_bound = current is not None and current.outcome in BINDING
    if agreement.state is AgreementState.IN_FORCE and was_bound and decision.outcome not in BINDING:
        raise StateConflict(_("The agreement is in force: a party cannot un-ratify it, it can only be ended."))


def _check_decision(decision: CouncilDecision, day: date, *, is_correction: bool, reason: str) -> None:
    faults: dict[str, str] = {}
    if decision.resolved_on > day:
        faults["resolved_on"] = _("The council cannot have decided after today.")
    if decision.outcome is Outcome.REFUSED and not decision.reason:
        faults["reason"] = _("Say why the council refused.")
    if decision.outcome is Outcome.RATIFIED_WITH_RESERVATIONS and not decision.reservation:
        faults["reservation"] = _("Write down the reservations.")
    if is_correction and not reason:
        faults["correction_reason"] = _("Say what was wrong with the earlier record.")
    if faults:
        raise InvalidInput(faults)


def record_approval(session: Session, *, actor: Actor, now: datetime, agreement_id: UUID, demand: legal.Demand, reference: str,
                    granted_on: date) -> AgreementApproval:  # fmt: skip
    """Record an approval that the law demands (governor, minister, budget ordinance), with the letter's reference.

    Raises NotFound, NotAllowed, StateConflict (also when recorded already); InvalidInput for one that is not demanded.
    """
    agreement, _state = managed(session, actor, now, agreement_id, AgreementVerb.APPROVE, None)
    granted = {row.demand for row in queries.approvals_of(session, agreement_id)}
    if demand.value in granted:
        raise StateConflict(_("This approval is recorded already."))
    if demand not in {item.demand for item in legal.missing_approvals(agreement.acts, granted)}:
        raise InvalidInput({"demand": _("Choose an approval that this agreement needs.")})
    if granted_on > today(now):
        raise InvalidInput({"granted_on": _("The approval cannot have been given after today.")})
    if actor.user_id is None:
        raise NotAllowed(Permission.AGREEMENT_MANAGE.value)
    row = AgreementApproval(
        agreement_id=agreement_id, demand=demand.value, reference=reference, granted_on=granted_on, recorded_by_id=actor.user_id
    )
    with history.act(session, verb="agreement.approval_recorded", actor=actor, now=now, subject=row):
        session.add(row)
    enter_if_met(session, actor=actor, now=now, agreement=agreement)
    return row


def enter_if_met(session: Session, *, actor: Actor, now: datetime, agreement: Agreement) -> bool:
    """Let the agreement (its row locked by the caller) enter into force when its rule is met; say whether it just did."""
    if agreement.state is not AgreementState.RATIFYING:
        return False
    granted = [row.demand for row in queries.approvals_of(session, agreement.id)]
    facts = queries.party_facts(session, agreement.id)
    if not is_rule_met(agreement.entry_rule, agreement.entry_count, facts, agreement.acts, granted):
        return False
    state = MACHINE.advance(agreement.state, AgreementVerb.ENTER)
    with history.act(session, verb="agreement.entered_into_force", actor=actor, now=now, subject=agreement):
        agreement.state, agreement.entered_at = state, now
        agreement.in_force_from = first_day(agreement.entry_rule, today(now), agreement.valid_from, agreement.entry_on)
    people = people_of_parties(session, agreement, now) + people_of_committee(session, agreement, now)
    tell(session, now, agreement, people, lazy("An agreement has entered into force"), "entered")
    publish(session, AgreementEnteredIntoForce(agreement.id))
    return True


def signing_statement(agreement: Agreement, organisation_name: str) -> str:
    """Return the one sentence that tells an executive what signing does."""
    return _(
        "By confirming I sign %(form)s no. %(number)s on behalf of %(organisation)s, which then has the duties written in it; "
        "my typed name is my electronic signature (Electronic Transactions Act B.E. 2544, section 9).",
        form=legal.FORMS[agreement.form], number=agreement.number or "", organisation=organisation_name,
    )  # fmt: skip


def sign(session: Session, *, actor: Actor, now: datetime, agreement_id: UUID, organisation_id: UUID, typed_name: str,
         ) -> Signature:  # fmt: skip
    """Sign for a party whose council has ratified, by typing one's own name or that of the signatory named in the text.

    Only that organisation's executive. Raises NotFound, NotAllowed, StateConflict (not ratified, signed already), InvalidInput.
    """
    agreement = queries.lock_agreement(session, actor, agreement_id)
    party = party_of(session, agreement_id, organisation_id)
    authorize(actor, Permission.AGREEMENT_SIGN, party)
    MACHINE.advance(status_on(agreement, today(now)), AgreementVerb.SIGN)
    current = queries.current_ratifications(session, [agreement_id]).get(party.id)
    if current is None or current.outcome not in BINDING:
        raise StateConflict(_("The council must ratify before the agreement is signed."))
    if party.id in queries.signatures_of(session, agreement_id):
        raise StateConflict(_("The agreement is signed already for this organisation."))
    text = queries.text_of(session, agreement_id)
    if actor.user_id is None or text is None:
        raise NotAllowed(Permission.AGREEMENT_SIGN.value)
    person = members.get_user(session, actor.user_id)
    if fold(typed_name) not in {fold(name) for name in (person.name_th, person.name_en, party.signatory_name) if name}:
        raise InvalidInput({"typed_name": _("Type your full name as it stands in your account.")})
    statement = signing_statement(agreement, members.organisation_names(session, [organisation_id])[organisation_id])
    row = Signature(
        agreement_id=agreement_id, party_id=party.id, organisation_id=organisation_id, agreement_version_id=text.id,
        signatory_id=actor.user_id, typed_name=typed_name, statement=statement, signed_at=now,
    )  # fmt: skip
    with history.act(session, verb="agreement.signed", actor=actor, now=now, subject=row, on_behalf_of=organisation_id):
        session.add(row)
    return row
