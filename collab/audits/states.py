"""The life of a finding: whose turn it is to speak."""

from enum import StrEnum

from collab.kernel.states import Machine


class FindingState(StrEnum):
    """Where a finding stands."""

    OPEN = "open"
    ANSWERED = "answered"
    CLOSED = "closed"


class FindingVerb(StrEnum):
    """What can be done with a finding."""

    REPLY = "reply"
    ASK_AGAIN = "ask_again"
    CLOSE = "close"


MACHINE = Machine[FindingState, FindingVerb](
    transitions={
        (FindingState.OPEN, FindingVerb.REPLY): FindingState.ANSWERED,
        (FindingState.OPEN, FindingVerb.CLOSE): FindingState.CLOSED,
        (FindingState.ANSWERED, FindingVerb.ASK_AGAIN): FindingState.OPEN,
        (FindingState.ANSWERED, FindingVerb.CLOSE): FindingState.CLOSED,
    },
    turn={FindingState.OPEN: "clerk", FindingState.ANSWERED: "auditor", FindingState.CLOSED: ""},
)
