"""Words and tones for the states of plans, items, reports and changes."""

from collab.action_plans.states import ChangeState, ItemState, PlanState, ReportState
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
}
CHANGE_STATES = {
    ChangeState.ASKED: lazy("Waiting for a decision"),
    ChangeState.APPROVED: lazy("Approved"),
    ChangeState.REFUSED: lazy("Refused"),
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
