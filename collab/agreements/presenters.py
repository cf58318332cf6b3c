"""Agreements as text for people: what is missing, what happens next, who has decided what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from collab.agreements import legal, queries, rules
from collab.agreements.models import Agreement, AgreementApproval, AgreementParty, Ratification, Signature
from collab.agreements.states import MACHINE, AgreementState, AgreementVerb, EntryRule, Outcome
from collab.agreements.wording import OUTCOME_TONES, OUTCOMES, ROLES, RULES, STATES, STEPS, TONES, TURNS
from collab.kernel.access import Actor, Permission, can
from collab.kernel.dates import format_date
from collab.kernel.i18n import _, get_locale
from collab.members import queries as members


@dataclass(frozen=True)
class LedgerLine:
    """One party in the ledger of ratifications."""

    party: AgreementParty
    name: str
    role: str
    record: Ratification | None
    outcome: str
    tone: str
    recorded_by: str
    signature: Signature | None
    may_ratify: bool
    may_correct: bool
    may_sign: bool


@dataclass(frozen=True)
class Missing:
    """A demand of the law that is not met: in words, with its source."""

    text: str
    law: str
    is_blocking: bool


@dataclass(frozen=True)
class View:
    """Everything that the page of one agreement says of its course."""

    status: AgreementState
    state: str
    tone: str
    turn: str
    rule: str
    ledger: list[LedgerLine]
    partners: list[dict[str, str]]
    missing: list[Missing]
    approvals: list[tuple[str, AgreementApproval]]
    left_out: list[str]
    is_blocked: bool
    timetable: list[tuple[str, date, bool]]
    verbs: set[str]
    lacking: list[legal.Requirement]


def view_of(session: Session, actor: Actor, agreement: Agreement, day: date) -> View:
    """Return what the page says, with a fixed number of queries."""
    status = rules.status_on(agreement, day)
    parties = queries.parties_of(session, agreement.id)
    current = queries.current_ratifications(session, [agreement.id])
    approvals = queries.approvals_of(session, agreement.id)
    signatures = queries.signatures_of(session, agreement.id)
    names = members.organisation_names(session, {party.organisation_id for party in parties})
    people = members.user_names(session, {row.recorded_by_id for row in current.values()})
    ledger = [_line(actor, status, party, names, people, current, signatures) for party in parties]
    granted = [row.demand for row in approvals]
    facts = [
        rules.PartyFact(party.organisation_id, party.role, current[party.id].outcome if party.id in current else None)
        for party in parties
    ]
    hopeful = rules.can_still_be_met(agreement.entry_rule, agreement.entry_count, facts, agreement.acts)
    return View(
        status=status, state=str(STATES[status]), tone=TONES[status], turn=str(TURNS[status]), rule=rule_text(agreement),
        ledger=ledger, partners=partners_of(parties, current, names), missing=_missing(agreement, facts, granted),
        approvals=[(str(legal.DEMANDS[legal.Demand(row.demand)]), row) for row in approvals],
        left_out=legal.bases_left_out(agreement.acts, agreement.legal_basis),
        is_blocked=status is AgreementState.RATIFYING and not hopeful,
        timetable=_timetable(session, agreement, status, day), verbs=_verbs(actor, agreement, status),
        lacking=legal.missing_approvals(agreement.acts, granted),
    )  # fmt: skip


def _line(actor: Actor, status: AgreementState, party: AgreementParty, names: Mapping[UUID, str], people: Mapping[UUID, str],
          current: Mapping[UUID, Ratification], signatures: Mapping[UUID, Signature]) -> LedgerLine:  # fmt: skip
    record = current.get(party.id)
    may_record = can(actor, Permission.AGREEMENT_RATIFY, party) and MACHINE.allows(status, AgreementVerb.RATIFY)
    may_sign = can(actor, Permission.AGREEMENT_SIGN, party) and MACHINE.allows(status, AgreementVerb.SIGN)
    bound = record is not None and record.outcome in rules.BINDING
    return LedgerLine(
        party=party, name=names.get(party.organisation_id, ""), role=str(ROLES[party.role]), record=record,
        outcome=str(OUTCOMES[record.outcome]) if record else _("Awaited"), tone=OUTCOME_TONES[record.outcome] if record else "grey",
        recorded_by=people.get(record.recorded_by_id, "") if record else "", signature=signatures.get(party.id),
        may_ratify=may_record and record is None, may_correct=may_record and record is not None,
        may_sign=may_sign and bound and party.id not in signatures,
    )  # fmt: skip


def partners_of(parties: Sequence[AgreementParty], current: Mapping[UUID, Ratification], names: Mapping[UUID, str],
                ) -> list[dict[str, str]]:  # fmt: skip
    """Return the partners for the joint ribbon: solid when the council has ratified."""
    found = []
    for party in parties:
        record = current.get(party.id)
        state = "waiting" if record is None else "objected" if record.outcome is Outcome.REFUSED else "agreed"
        found.append({"name": names.get(party.organisation_id, ""), "state": state})
    return found


def rule_text(agreement: Agreement) -> str:
    """Return the entry-into-force rule in one sentence."""
    if agreement.entry_rule is EntryRule.K_OF_N:
        return _("Enters into force when %(count)s of the parties have ratified.", count=agreement.entry_count)
    if agreement.entry_rule is EntryRule.ON_DATE and agreement.entry_on is not None:
        day = format_date(agreement.entry_on, get_locale())
        return _("Enters into force on %(day)s, once every party has ratified.", day=day)
    return _("Enters into force %(rule)s.", rule=str(RULES[EntryRule.ALL]))


def _missing(agreement: Agreement, facts: Sequence[rules.PartyFact], granted: Sequence[str]) -> list[Missing]:
    found = []
    for item in legal.requirements_for(agreement.acts):
        open_councils = sum(1 for fact in facts if not fact.is_bound and _concerns(item.demand, fact))
        if item.by_ratification and open_councils:
            text = _("%(demand)s: %(count)s still missing", demand=str(legal.DEMANDS[item.demand]), count=open_councils)
            found.append(Missing(text, item.law, item.is_blocking))
        elif not item.by_ratification and item.demand.value not in granted:
            found.append(Missing(str(legal.DEMANDS[item.demand]), item.law, item.is_blocking))
    return found


def _concerns(demand: legal.Demand, fact: rules.PartyFact) -> bool:
    return demand is not legal.Demand.HOST_COUNCIL_CONSENT or fact.role.value == "host"


def _timetable(session: Session, agreement: Agreement, status: AgreementState, day: date) -> list[tuple[str, date, bool]]:
    running = status in (AgreementState.IN_FORCE, AgreementState.UPCOMING, AgreementState.EXPIRED)
    if agreement.valid_to is None or not running:
        return []
    lead = members.rules_on(session, agreement.committee_id, day).notice_days
    steps = rules.renewal_timetable(agreement.valid_to, agreement.notice_days, agreement.council_lead_days, lead, day)
    return [(str(STEPS[item.step]), item.day, item.is_past) for item in steps]


def _verbs(actor: Actor, agreement: Agreement, status: AgreementState) -> set[str]:
    if not can(actor, Permission.AGREEMENT_MANAGE, agreement):
        return set()
    verbs = {verb.value for verb in MACHINE.allowed(status)} - {AgreementVerb.RATIFY, AgreementVerb.SIGN, AgreementVerb.ENTER}
    return verbs if status is AgreementState.DRAFT else verbs | {"copy"}


def party_choices(session: Session, agreement: Any, day: date) -> list[tuple[UUID, str]]:
    """Return the organisations with a seat in the committee today, for choosing parties."""
    return [(seat.organisation_id, seat.organisation_name) for seat in members.seats_on(session, agreement.committee_id, day)]
