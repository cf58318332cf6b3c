"""Pure decisions: what is in force on a day, when the rule is met, the renewal timetable, recurring days, the fixed text."""

import hashlib
import json
from calendar import monthrange
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from collab.agreements import legal
from collab.agreements.states import AgreementState, EntryRule, Outcome, PartyRole, Recurrence

#: An agreement that ends within so many days is an exception on the register.
EXPIRING_DAYS = 90
DEFAULT_NOTICE_DAYS = 90
DEFAULT_COUNCIL_LEAD_DAYS = 60
#: Ratification is asked within so many days when nobody says otherwise.
DEFAULT_RATIFY_DAYS = 60
BINDING = frozenset({Outcome.RATIFIED, Outcome.RATIFIED_WITH_RESERVATIONS})
_MONTHS = {Recurrence.MONTHLY: 1, Recurrence.QUARTERLY: 3, Recurrence.YEARLY: 12}


class Term(Protocol):
    """What `status_on` reads of an agreement."""

    state: Any
    in_force_from: Any
    valid_to: Any


def status_on(agreement: Term, day: date) -> AgreementState:
    """Return where the agreement stands on ``day``: an end or a beginning by date needs no job to be true.

    ``valid_to`` is the last day in force (both ends count).
    """
    state = AgreementState(agreement.state)
    if state is not AgreementState.IN_FORCE:
        return state
    if agreement.valid_to is not None and day > agreement.valid_to:
        return AgreementState.EXPIRED
    if agreement.in_force_from is not None and day < agreement.in_force_from:
        return AgreementState.UPCOMING
    return state


def days_left(agreement: Term, day: date) -> int | None:
    """Return how many days the agreement still runs after ``day``; None when it has no end or is not in force."""
    if agreement.valid_to is None or status_on(agreement, day) is not AgreementState.IN_FORCE:
        return None
    days: int = (agreement.valid_to - day).days
    return days


@dataclass(frozen=True)
class PartyFact:
    """A party as the entry-into-force rule sees it; ``outcome`` None while its council has not decided."""

    organisation_id: UUID
    role: PartyRole
    outcome: Outcome | None

    @property
    def is_bound(self) -> bool:
        """Whether the council ratified, with reservations or without."""
        return self.outcome in BINDING


def is_rule_met(rule: EntryRule, count: int | None, parties: Sequence[PartyFact], acts: Collection[str],
                granted: Collection[str]) -> bool:  # fmt: skip
    """Say whether everything has happened that lets the agreement enter into force (the day may still lie ahead).

    ``all`` and ``on_date`` need every party, ``k_of_n`` needs ``count`` of them. A ratification with reservations counts: the
    reservation is shown with it and told to the others. Whatever the rule, the law's own demands must be met: every council
    where money is granted, the host's council for work in its area, and each blocking approval.
    """
    bound = sum(party.is_bound for party in parties)
    needed = count if rule is EntryRule.K_OF_N and count is not None else len(parties)
    if not parties or bound < needed:
        return False
    if legal.must_all_consent(acts) and bound < len(parties):
        return False
    if legal.must_hosts_consent(acts) and not all(party.is_bound for party in parties if party.role is PartyRole.HOST):
        return False
    return not legal.blocking_missing(acts, granted)


def can_still_be_met(rule: EntryRule, count: int | None, parties: Sequence[PartyFact], acts: Collection[str]) -> bool:
    """Say whether the rule can be met without a council changing a refusal."""
    hopeful = [
        PartyFact(party.organisation_id, party.role, None if party.outcome is Outcome.REFUSED else Outcome.RATIFIED)
        for party in parties
    ]
    return is_rule_met(rule, count, hopeful, acts, [demand.value for demand in legal.Demand])


def first_day(rule: EntryRule, met_on: date, valid_from: date, entry_on: date | None) -> date:
    """Return the first day in force once the rule is met on ``met_on``: never before ``valid_from`` nor the named day."""
    days = [met_on, valid_from]
    if rule is EntryRule.ON_DATE and entry_on is not None:
        days.append(entry_on)
    return max(days)


class Step(StrEnum):
    """The steps towards a renewal, the earliest first."""

    AGENDA = "agenda"
    COMMITTEE = "committee"
    COUNCILS = "councils"
    NOTICE = "notice"
    EXPIRY = "expiry"


@dataclass(frozen=True)
class Deadline:
    """A step of the renewal timetable, the last day for it, and whether that day has passed."""

    step: Step
    day: date
    is_past: bool


def renewal_timetable(
    valid_to: date, notice_days: int, council_lead_days: int, agenda_lead_days: int, today: date
) -> list[Deadline]:
    """Reckon backwards from the present last day (never the first one of an agreement that was prolonged).

    Notice is given ``notice_days`` before the end; by then the councils have resolved, who need ``council_lead_days`` from the
    committee's resolution; the matter is on the committee's agenda ``agenda_lead_days`` before that meeting. Calendar days.
    """
    notice = valid_to - timedelta(days=notice_days)
    committee = notice - timedelta(days=council_lead_days)
    days = {
        Step.AGENDA: committee - timedelta(days=agenda_lead_days),
        Step.COMMITTEE: committee,
        Step.COUNCILS: notice,
        Step.NOTICE: notice,
        Step.EXPIRY: valid_to,
    }
    return [Deadline(step, days[step], days[step] < today) for step in Step]


def next_due(first: date, recurrence: Recurrence, times_done: int) -> date | None:
    """Return the day after ``times_done`` occurrences; None when nothing recurs. The 31st stays the last day of short months."""
    if recurrence is Recurrence.ONCE:
        return first if times_done == 0 else None
    months = first.month - 1 + _MONTHS[recurrence] * times_done
    year, month = first.year + months // 12, months % 12 + 1
    return date(year, month, min(first.day, monthrange(year, month)[1]))


def fixed_text(content: Mapping[str, Any]) -> tuple[str, str]:
    """Return the canonical JSON of an agreement's text and its SHA-256 in hex: what is ratified and signed."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text, hashlib.sha256(text.encode()).hexdigest()


def register_number(code: str, number: int, year: int) -> str:
    """Return the number under which the committee registers: ``ทส 1/2569``."""
    return f"{code} {number}/{year}"
