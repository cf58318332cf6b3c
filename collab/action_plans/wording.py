"""Words and tones for the states of plans, items, reports and changes."""

from collab.action_plans.filters import Order
from collab.action_plans.states import (
    ApprovalLevel,
    ChangeState,
    ClosingState,
    Frequency,
    HelpState,
    ImportFailure,
    ItemKind,
    ItemState,
    PlanState,
    ReportState,
    ServiceKind,
)
from collab.kernel.i18n import _, lazy, ngettext

PLAN_STATES = {PlanState.DRAFT: lazy("Draft"), PlanState.ACTIVE: lazy("Active"), PlanState.CLOSED: lazy("Closed")}
ITEM_STATES = {
    ItemState.PLANNED: lazy("Planned"),
    ItemState.IN_PROGRESS: lazy("In progress"),
    ItemState.AWAITING_VERIFICATION: lazy("Waiting to be verified"),
    ItemState.DONE: lazy("Done and verified"),
    ItemState.CANCELLED: lazy("Cancelled"),
}
REPORT_STATES = {
    ReportState.RECORDED: lazy("Recorded"),
    ReportState.AWAITING: lazy("Waiting to be verified"),
    ReportState.VERIFIED: lazy("Verified"),
    ReportState.RETURNED: lazy("Returned"),
    ReportState.REOPENED: lazy("Opened again"),
}
CHANGE_STATES = {
    ChangeState.ASKED: lazy("Waiting for a decision"),
    ChangeState.APPROVED: lazy("Approved"),
    ChangeState.REFUSED: lazy("Refused"),
}
ORDERS = {Order.PLAN: lazy("As in the plan"), Order.DUE: lazy("By due date"), Order.START: lazy("By start date")}
ITEM_KINDS = {ItemKind.TASK: lazy("Task"), ItemKind.MILESTONE: lazy("Milestone")}
FREQUENCIES = {
    Frequency.MONTHLY: lazy("Every month"),
    Frequency.QUARTERLY: lazy("Every quarter"),
    Frequency.YEARLY: lazy("Every fiscal year"),
}
HELP_STATES = {HelpState.ASKED: lazy("Help is needed"), HelpState.ANSWERED: lazy("Answered")}
CLOSING_STATES = {ClosingState.CLOSED: lazy("Closed"), ClosingState.REOPENED: lazy("Opened again")}
LEVELS = {
    ApprovalLevel.EXECUTIVE: lazy("Executive of the leading organisation"),
    ApprovalLevel.COORDINATOR: lazy("Coordinator of the committee"),
    ApprovalLevel.CHAIR: lazy("Chair of the committee"),
    ApprovalLevel.RESOLUTION: lazy("Resolution of the committee"),
}
IMPORT_FAILURES = {
    ImportFailure.CHANGED: lazy("Nothing was applied: the plan changed since you looked. Look at the rows again, then confirm."),
    ImportFailure.REFUSED: lazy("Nothing was applied: the plan is closed, or you may no longer change it."),
    ImportFailure.BROKEN: lazy(
        "Nothing was applied because of a fault of the system. Confirm again; if it fails again, tell the administrator."
    ),
}
SERVICES = {
    ServiceKind.WASTE: lazy("Solid waste"),
    ServiceKind.DRAINAGE: lazy("Drainage and canals"),
    ServiceKind.DISASTER: lazy("Mutual aid in disasters"),
    ServiceKind.EMERGENCY: lazy("Emergency medical services"),
    ServiceKind.CCTV: lazy("Closed-circuit television"),
    ServiceKind.TRANSPORT: lazy("Public transport"),
    ServiceKind.WASTE_WATER: lazy("Waste water"),
    ServiceKind.STAFF: lazy("Shared staff and training"),
    ServiceKind.OTHER: lazy("Another service"),
}
#: Who must act next, by the machines' codes.
TURNS = {
    "coordinator": lazy("It is the coordinator's turn."),
    "clerk": lazy("It is the turn of those who lead the items."),
    "owner": lazy("It is the owner's turn."),
    "verifier": lazy("It is the turn of another party to verify the evidence."),
    "": lazy("Nobody has to do anything."),
}
TONES = {
    "draft": "grey", "active": "teal", "closed": "green", "planned": "grey", "in_progress": "blue",
    "awaiting_verification": "yellow", "done": "green", "cancelled": "grey", "recorded": "grey", "awaiting": "yellow",
    "verified": "green", "returned": "rust", "asked": "yellow", "approved": "green", "refused": "rust",
    "reopened": "rust", "answered": "green",
}  # fmt: skip


def late_text(days: int) -> str:
    """Say by how many days something is late, '' when it is not."""
    return ngettext("%(num)s day late", "%(num)s days late", days) if days > 0 else ""


def slip_text(days: int) -> str:
    """Say by how many days a due date was moved since the plan was approved."""
    if days > 0:
        return ngettext("moved back by %(num)s day", "moved back by %(num)s days", days)
    if days < 0:
        return ngettext("brought forward by %(num)s day", "brought forward by %(num)s days", -days)
    return _("as approved")
