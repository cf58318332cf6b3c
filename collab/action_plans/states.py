"""States of a plan, an item, a report, a change of deadline, a request for help and a month; whose turn each is."""

from enum import StrEnum

from collab.kernel.states import Machine


class PlanState(StrEnum):
    """A plan is prepared, carried out, closed."""

    DRAFT = "draft"
    ACTIVE = "active"
    CLOSED = "closed"


class PlanVerb(StrEnum):
    """What is done to a plan as a whole."""

    EDIT = "edit"
    ADD_ITEM = "add_item"
    ACTIVATE = "activate"
    CLOSE = "close"


class ItemState(StrEnum):
    """An item is done only when another party has verified the evidence."""

    PLANNED = "planned"
    IN_PROGRESS = "in_progress"
    AWAITING_VERIFICATION = "awaiting_verification"
    DONE = "done"
    CANCELLED = "cancelled"


class ItemKind(StrEnum):
    """A task takes time; a milestone is a day on which something is reached or not."""

    TASK = "task"
    MILESTONE = "milestone"


class Frequency(StrEnum):
    """How often an item comes again within the fiscal year."""

    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    YEARLY = "yearly"


class ItemVerb(StrEnum):
    """What is done to an item. ``REPORT`` says how far it is; ``SUBMIT`` is the report that says it is finished."""

    REPORT = "report"
    SUBMIT = "submit"
    VERIFY = "verify"
    RETURN = "return"
    RESCHEDULE = "reschedule"
    EDIT = "edit"
    CANCEL = "cancel"
    REMOVE = "remove"
    REOPEN = "reopen"


class ReportState(StrEnum):
    """A report below 100 % is recorded as it is; one that says "finished" waits for the verdict of another party.

    ``REOPENED`` is the report by which a finished item was opened again.
    """

    RECORDED = "recorded"
    AWAITING = "awaiting"
    VERIFIED = "verified"
    RETURNED = "returned"
    REOPENED = "reopened"


class ChangeState(StrEnum):
    """A change of deadline is asked for, then approved or refused."""

    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"


class ApprovalLevel(StrEnum):
    """Who may approve a change of deadline, from the lowest to the highest level; a higher level may always."""

    EXECUTIVE = "executive"
    COORDINATOR = "coordinator"
    CHAIR = "chair"
    RESOLUTION = "resolution"


class HelpState(StrEnum):
    """Help is asked for, then answered."""

    ASKED = "asked"
    ANSWERED = "answered"


class ClosingState(StrEnum):
    """An organisation closes a month; the coordinator may open it again."""

    CLOSED = "closed"
    REOPENED = "reopened"


class ServiceKind(StrEnum):
    """The joint services for which templates are kept."""

    WASTE = "waste"
    DRAINAGE = "drainage"
    DISASTER = "disaster"
    EMERGENCY = "emergency"
    CCTV = "cctv"
    TRANSPORT = "transport"
    WASTE_WATER = "waste_water"
    STAFF = "staff"
    OTHER = "other"


class ImportFailure(StrEnum):
    """Why a worker could not apply a sheet: the plan changed since it was shown, it is closed or the right is gone, or a fault of ours."""

    CHANGED = "changed"
    REFUSED = "refused"
    BROKEN = "broken"


class SheetKind(StrEnum):
    """Spreadsheets that can be read back: the plain sheet with one row an item, and the official form ผด.02."""

    ITEMS = "items"
    FORM = "form"


_P, _V, _I, _W = PlanState, PlanVerb, ItemState, ItemVerb

PLAN_MACHINE: Machine[PlanState, PlanVerb] = Machine(
    transitions={
        (_P.DRAFT, _V.EDIT): _P.DRAFT,
        (_P.DRAFT, _V.ADD_ITEM): _P.DRAFT,
        (_P.DRAFT, _V.ACTIVATE): _P.ACTIVE,
        (_P.ACTIVE, _V.EDIT): _P.ACTIVE,
        (_P.ACTIVE, _V.ADD_ITEM): _P.ACTIVE,
        (_P.ACTIVE, _V.CLOSE): _P.CLOSED,
    },
    turn={_P.DRAFT: "coordinator", _P.ACTIVE: "clerk", _P.CLOSED: ""},
)

ITEM_MACHINE: Machine[ItemState, ItemVerb] = Machine(
    transitions={
        (_I.PLANNED, _W.REPORT): _I.IN_PROGRESS,
        (_I.PLANNED, _W.SUBMIT): _I.AWAITING_VERIFICATION,
        (_I.PLANNED, _W.RESCHEDULE): _I.PLANNED,
        (_I.PLANNED, _W.EDIT): _I.PLANNED,
        (_I.PLANNED, _W.CANCEL): _I.CANCELLED,
        (_I.PLANNED, _W.REMOVE): _I.PLANNED,
        (_I.IN_PROGRESS, _W.REPORT): _I.IN_PROGRESS,
        (_I.IN_PROGRESS, _W.SUBMIT): _I.AWAITING_VERIFICATION,
        (_I.IN_PROGRESS, _W.RESCHEDULE): _I.IN_PROGRESS,
        (_I.IN_PROGRESS, _W.EDIT): _I.IN_PROGRESS,
        (_I.IN_PROGRESS, _W.CANCEL): _I.CANCELLED,
        (_I.IN_PROGRESS, _W.REMOVE): _I.IN_PROGRESS,
        (_I.AWAITING_VERIFICATION, _W.RESCHEDULE): _I.AWAITING_VERIFICATION,
        (_I.AWAITING_VERIFICATION, _W.VERIFY): _I.DONE,
        (_I.AWAITING_VERIFICATION, _W.RETURN): _I.IN_PROGRESS,
        (_I.DONE, _W.REOPEN): _I.IN_PROGRESS,
    },
    turn={_I.PLANNED: "owner", _I.IN_PROGRESS: "owner", _I.AWAITING_VERIFICATION: "verifier", _I.DONE: "", _I.CANCELLED: ""},
)

#: States in which an item still has to be done.
OPEN_STATES = frozenset({_I.PLANNED, _I.IN_PROGRESS, _I.AWAITING_VERIFICATION})
