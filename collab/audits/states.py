"""The life of a finding: whose turn it is to speak."""

from enum import StrEnum

from collab.kernel.states import Machine


class FindingState(StrEnum):
    """Where a finding stands."""

    #: Written by the auditor, seen by nobody else yet.
    DRAFT = "draft"
    #: Waits for the organisation's reply.
    OPEN = "open"
    #: Waits for the auditor's judgement.
    ANSWERED = "answered"
    #: The reply was accepted; what it promises is to be done and reported by a day.
    FOLLOW_UP = "follow_up"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


class FindingVerb(StrEnum):
    """What can be done with a finding."""

    EDIT = "edit"
    ISSUE = "issue"
    REPLY = "reply"
    ASK_AGAIN = "ask_again"
    FOLLOW_UP = "follow_up"
    CLOSE = "close"
    REOPEN = "reopen"
    WITHDRAW = "withdraw"


class Severity(StrEnum):
    """How much a finding weighs."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Step(StrEnum):
    """What one turn of the exchange was."""

    REPLY = "reply"
    ASKED_AGAIN = "asked_again"
    FOLLOW_UP = "follow_up"
    CLOSED = "closed"
    REOPENED = "reopened"


_S, _V = FindingState, FindingVerb

MACHINE = Machine[FindingState, FindingVerb](
    transitions={
        (_S.DRAFT, _V.EDIT): _S.DRAFT,
        (_S.DRAFT, _V.ISSUE): _S.OPEN,
        (_S.DRAFT, _V.WITHDRAW): _S.WITHDRAWN,
        (_S.OPEN, _V.REPLY): _S.ANSWERED,
        (_S.OPEN, _V.CLOSE): _S.CLOSED,
        (_S.OPEN, _V.WITHDRAW): _S.WITHDRAWN,
        (_S.ANSWERED, _V.ASK_AGAIN): _S.OPEN,
        (_S.ANSWERED, _V.FOLLOW_UP): _S.FOLLOW_UP,
        (_S.ANSWERED, _V.CLOSE): _S.CLOSED,
        (_S.FOLLOW_UP, _V.REPLY): _S.ANSWERED,
        (_S.FOLLOW_UP, _V.ASK_AGAIN): _S.OPEN,
        (_S.FOLLOW_UP, _V.CLOSE): _S.CLOSED,
        (_S.CLOSED, _V.REOPEN): _S.OPEN,
    },
    turn={
        _S.DRAFT: "auditor", _S.OPEN: "clerk", _S.ANSWERED: "auditor", _S.FOLLOW_UP: "clerk", _S.CLOSED: "", _S.WITHDRAWN: "",
    },
)  # fmt: skip
