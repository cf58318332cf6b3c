"""The life of an agreement, of a party's ratification, and the codes that its columns hold."""

from enum import StrEnum

from collab.kernel.states import Machine


class AgreementState(StrEnum):
    """Where an agreement stands. EXPIRED and UPCOMING are never stored: `rules.status_on` reckons them from the day."""

    DRAFT = "draft"
    RATIFYING = "ratifying"
    UPCOMING = "upcoming"
    IN_FORCE = "in_force"
    EXPIRED = "expired"
    TERMINATED = "terminated"
    WITHDRAWN = "withdrawn"


class AgreementVerb(StrEnum):
    """What can be done with an agreement."""

    EDIT = "edit"
    CIRCULATE = "circulate"
    RATIFY = "ratify"
    APPROVE = "approve"
    SIGN = "sign"
    OBLIGE = "oblige"
    ENTER = "enter"
    TERMINATE = "terminate"
    WITHDRAW = "withdraw"


_S, _V = AgreementState, AgreementVerb

MACHINE = Machine[AgreementState, AgreementVerb](
    transitions={
        (_S.DRAFT, _V.EDIT): _S.DRAFT,
        (_S.DRAFT, _V.OBLIGE): _S.DRAFT,
        (_S.DRAFT, _V.CIRCULATE): _S.RATIFYING,
        (_S.DRAFT, _V.WITHDRAW): _S.WITHDRAWN,
        (_S.RATIFYING, _V.RATIFY): _S.RATIFYING,
        (_S.RATIFYING, _V.APPROVE): _S.RATIFYING,
        (_S.RATIFYING, _V.SIGN): _S.RATIFYING,
        (_S.RATIFYING, _V.OBLIGE): _S.RATIFYING,
        (_S.RATIFYING, _V.ENTER): _S.IN_FORCE,
        (_S.RATIFYING, _V.WITHDRAW): _S.WITHDRAWN,
        (_S.IN_FORCE, _V.RATIFY): _S.IN_FORCE,
        (_S.IN_FORCE, _V.APPROVE): _S.IN_FORCE,
        (_S.IN_FORCE, _V.SIGN): _S.IN_FORCE,
        (_S.IN_FORCE, _V.OBLIGE): _S.IN_FORCE,
        (_S.IN_FORCE, _V.TERMINATE): _S.TERMINATED,
        # An agreement not yet in force by its date is held by its parties all the same.
        (_S.UPCOMING, _V.RATIFY): _S.IN_FORCE,
        (_S.UPCOMING, _V.APPROVE): _S.IN_FORCE,
        (_S.UPCOMING, _V.SIGN): _S.IN_FORCE,
        (_S.UPCOMING, _V.OBLIGE): _S.IN_FORCE,
        (_S.UPCOMING, _V.TERMINATE): _S.TERMINATED,
    },
    turn={
        _S.DRAFT: "coordinator",
        _S.RATIFYING: "executive",
        _S.UPCOMING: "",
        _S.IN_FORCE: "",
        _S.EXPIRED: "chair",
        _S.TERMINATED: "",
        _S.WITHDRAWN: "",
    },
)


class EntryRule(StrEnum):
    """What must have happened for the agreement to enter into force."""

    ALL = "all"
    K_OF_N = "k_of_n"
    ON_DATE = "on_date"


class PartyRole(StrEnum):
    """What a party is to the joint service."""

    HOST = "host"
    MEMBER = "member"
    PAYER = "payer"


class Outcome(StrEnum):
    """What a council decided."""

    RATIFIED = "ratified"
    RATIFIED_WITH_RESERVATIONS = "ratified_with_reservations"
    REFUSED = "refused"


class Recurrence(StrEnum):
    """How often an obligation falls due."""

    ONCE = "once"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    YEARLY = "yearly"
