"""The life of a meeting and of an agenda item."""

from enum import StrEnum

from collab.kernel.states import Machine


class MeetingState(StrEnum):
    """Where a meeting stands; a draft is known to the coordinator and the chair only."""

    DRAFT = "draft"
    CONVENED = "convened"
    IN_SESSION = "in_session"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class MeetingVerb(StrEnum):
    """What can be done with a meeting."""

    EDIT_AGENDA = "edit_agenda"
    CONVENE = "convene"
    OPEN = "open"
    RECORD = "record"
    CLOSE = "close"
    ADOPT_MINUTES = "adopt_minutes"
    CANCEL = "cancel"


_S, _V = MeetingState, MeetingVerb

MACHINE = Machine[MeetingState, MeetingVerb](
    transitions={
        (_S.DRAFT, _V.EDIT_AGENDA): _S.DRAFT,
        (_S.DRAFT, _V.CONVENE): _S.CONVENED,
        (_S.DRAFT, _V.CANCEL): _S.CANCELLED,
        (_S.CONVENED, _V.EDIT_AGENDA): _S.CONVENED,
        (_S.CONVENED, _V.OPEN): _S.IN_SESSION,
        (_S.CONVENED, _V.CANCEL): _S.CANCELLED,
        (_S.IN_SESSION, _V.EDIT_AGENDA): _S.IN_SESSION,
        (_S.IN_SESSION, _V.RECORD): _S.IN_SESSION,
        (_S.IN_SESSION, _V.CLOSE): _S.CLOSED,
        (_S.CLOSED, _V.ADOPT_MINUTES): _S.CLOSED,
    },
    turn={_S.DRAFT: "coordinator", _S.CONVENED: "chair", _S.IN_SESSION: "coordinator", _S.CLOSED: "chair", _S.CANCELLED: ""},
)


class ItemState(StrEnum):
    """Where an agenda item stands; a decided one is locked."""

    OPEN = "open"
    DECIDED = "decided"
    NOTED = "noted"
    POSTPONED = "postponed"


class Choice(StrEnum):
    """How a seat votes."""

    FOR = "for"
    AGAINST = "against"
    ABSTAIN = "abstain"


class Presence(StrEnum):
    """Who sat in a seat."""

    HOLDER = "holder"
    DEPUTY = "deputy"
    ABSENT = "absent"
