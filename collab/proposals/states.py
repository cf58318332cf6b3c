"""The life of a proposal and of an opinion request: states, verbs, and whose turn it is."""

from enum import StrEnum

from collab.kernel.states import Machine


class ProposalState(StrEnum):
    """Where a proposal stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    OPINIONS_REQUESTED = "opinions_requested"
    OPINIONS_CLOSED = "opinions_closed"
    ON_AGENDA = "on_agenda"
    ADOPTED = "adopted"
    REJECTED = "rejected"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"


class ProposalVerb(StrEnum):
    """What can be done with a proposal."""

    EDIT = "edit"
    SUBMIT = "submit"
    REQUEST_OPINIONS = "request_opinions"
    CLOSE_OPINIONS = "close_opinions"
    PLACE = "place"
    ADOPT = "adopt"
    REJECT = "reject"
    RETURN = "return"
    WITHDRAW = "withdraw"


_S, _V = ProposalState, ProposalVerb

MACHINE = Machine[ProposalState, ProposalVerb](
    transitions={
        (_S.DRAFT, _V.EDIT): _S.DRAFT,
        (_S.DRAFT, _V.SUBMIT): _S.SUBMITTED,
        (_S.DRAFT, _V.WITHDRAW): _S.WITHDRAWN,
        (_S.RETURNED, _V.EDIT): _S.RETURNED,
        (_S.RETURNED, _V.SUBMIT): _S.SUBMITTED,
        (_S.RETURNED, _V.WITHDRAW): _S.WITHDRAWN,
        (_S.SUBMITTED, _V.REQUEST_OPINIONS): _S.OPINIONS_REQUESTED,
        (_S.SUBMITTED, _V.RETURN): _S.RETURNED,
        (_S.SUBMITTED, _V.WITHDRAW): _S.WITHDRAWN,
        (_S.OPINIONS_REQUESTED, _V.CLOSE_OPINIONS): _S.OPINIONS_CLOSED,
        (_S.OPINIONS_REQUESTED, _V.RETURN): _S.RETURNED,
        (_S.OPINIONS_REQUESTED, _V.WITHDRAW): _S.WITHDRAWN,
        (_S.OPINIONS_CLOSED, _V.PLACE): _S.ON_AGENDA,
        (_S.OPINIONS_CLOSED, _V.RETURN): _S.RETURNED,
        (_S.OPINIONS_CLOSED, _V.WITHDRAW): _S.WITHDRAWN,
        (_S.ON_AGENDA, _V.ADOPT): _S.ADOPTED,
        (_S.ON_AGENDA, _V.REJECT): _S.REJECTED,
    },
    turn={
        _S.DRAFT: "clerk",
        _S.RETURNED: "clerk",
        _S.SUBMITTED: "coordinator",
        _S.OPINIONS_REQUESTED: "councils",
        _S.OPINIONS_CLOSED: "coordinator",
        _S.ON_AGENDA: "committee",
        _S.ADOPTED: "",
        _S.REJECTED: "",
        _S.WITHDRAWN: "",
    },
)

#: States in which the text is being written: the other municipalities do not look over the shoulder.
BEING_WRITTEN = (_S.DRAFT, _S.RETURNED)


class Stance(StrEnum):
    """What a council thinks of a proposal."""

    SUPPORT = "support"
    WITH_CONDITIONS = "with_conditions"
    NEUTRAL = "neutral"
    OBJECT = "object"


class OpinionState(StrEnum):
    """Where an opinion request stands; a change of the text after the answer makes the opinion stale."""

    ASKED = "asked"
    ANSWERED = "answered"
    STALE = "stale"
    CLOSED = "closed"
