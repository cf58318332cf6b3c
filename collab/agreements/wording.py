"""Codes of agreements in words."""

from collab.agreements.ledger import Attention
from collab.agreements.rules import Step
from collab.agreements.states import AgreementState, EntryRule, Outcome, PartyRole, Recurrence
from collab.kernel.i18n import LazyText, lazy

STATES: dict[AgreementState, LazyText] = {
    AgreementState.DRAFT: lazy("Agreement being drafted"),
    AgreementState.RATIFYING: lazy("With the councils"),
    AgreementState.UPCOMING: lazy("Ratified, begins later"),
    AgreementState.IN_FORCE: lazy("In force"),
    AgreementState.EXPIRED: lazy("Expired"),
    AgreementState.TERMINATED: lazy("Ended early"),
    AgreementState.WITHDRAWN: lazy("Withdrawn"),
}
TONES: dict[AgreementState, str] = {
    AgreementState.DRAFT: "grey",
    AgreementState.RATIFYING: "yellow",
    AgreementState.UPCOMING: "blue",
    AgreementState.IN_FORCE: "green",
    AgreementState.EXPIRED: "rust",
    AgreementState.TERMINATED: "grey",
    AgreementState.WITHDRAWN: "grey",
}
TURNS: dict[AgreementState, LazyText] = {
    AgreementState.DRAFT: lazy("It is the coordinator's turn: complete the text and circulate it."),
    AgreementState.RATIFYING: lazy("It is the councils' turn: each party records its council's decision."),
    AgreementState.UPCOMING: lazy("Nobody's turn: everything needed has happened, the first day is still to come."),
    AgreementState.IN_FORCE: lazy("Nobody's turn: the agreement is in force. Mind the renewal timetable."),
    AgreementState.EXPIRED: lazy("It is the chair's turn: renew the agreement or let it rest."),
    AgreementState.TERMINATED: lazy("Nobody's turn: the agreement was ended."),
    AgreementState.WITHDRAWN: lazy("Nobody's turn: the text was withdrawn. A new draft can be made from it."),
}
ROLES: dict[PartyRole, LazyText] = {
    PartyRole.HOST: lazy("Host of the service"),
    PartyRole.MEMBER: lazy("Partner in the service"),
    PartyRole.PAYER: lazy("Payer"),
}
RULES: dict[EntryRule, LazyText] = {
    EntryRule.ALL: lazy("when every party has ratified"),
    EntryRule.K_OF_N: lazy("when a certain number of parties have ratified"),
    EntryRule.ON_DATE: lazy("on a fixed day, once every party has ratified"),
}
OUTCOMES: dict[Outcome, LazyText] = {
    Outcome.RATIFIED: lazy("Ratified"),
    Outcome.RATIFIED_WITH_RESERVATIONS: lazy("Ratified with reservations"),
    Outcome.REFUSED: lazy("Refused"),
}
OUTCOME_TONES: dict[Outcome, str] = {
    Outcome.RATIFIED: "green",
    Outcome.RATIFIED_WITH_RESERVATIONS: "yellow",
    Outcome.REFUSED: "rust",
}
RECURRENCES: dict[Recurrence, LazyText] = {
    Recurrence.ONCE: lazy("Once"),
    Recurrence.MONTHLY: lazy("Every month"),
    Recurrence.QUARTERLY: lazy("Every three months"),
    Recurrence.YEARLY: lazy("Every year"),
}
ATTENTION: dict[Attention, LazyText] = {
    Attention.LATE: lazy("Ratification late"),
    Attention.EXPIRING: lazy("Expires within 90 days"),
    Attention.MISSING: lazy("Ratifications missing"),
    Attention.DRAFT: lazy("Agreement being drafted"),
    Attention.RUNNING: lazy("In force"),
    Attention.ENDED: lazy("Ended"),
}
ATTENTION_TONES: dict[Attention, str] = {
    Attention.LATE: "rust",
    Attention.EXPIRING: "rust",
    Attention.MISSING: "yellow",
    Attention.DRAFT: "grey",
    Attention.RUNNING: "green",
    Attention.ENDED: "grey",
}
STEPS: dict[Step, LazyText] = {
    Step.AGENDA: lazy("The renewal must be on the committee's agenda"),
    Step.COMMITTEE: lazy("The committee resolves on the renewal"),
    Step.COUNCILS: lazy("The councils have resolved"),
    Step.NOTICE: lazy("Notice of renewal or withdrawal is given"),
    Step.EXPIRY: lazy("Last day in force"),
}
