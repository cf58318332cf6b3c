"""Words for kinds of objects, also for parts that are no targets of their own."""

from collab.kernel import targets
from collab.kernel.i18n import lazy

#: Captions of parts that are no targets of their own.
PARTS = {
    "action_budget_line": lazy("Budget lines"),
    "action_dependency": lazy("Dependencies"),
    "action_group": lazy("Groups of items"),
    "action_indicator": lazy("Indicators"),
    "action_item_supporter": lazy("Supporting organisations"),
    "action_recurrence": lazy("Recurring items"),
    "attendance": lazy("Attendance"),
    "ballot": lazy("Votes"),
    "calendar_feed": lazy("Calendar links"),
    "cost_share": lazy("Cost shares"),
    "erasure_decision": lazy("Decisions on erasure"),
    "erasure_request": lazy("Requests for erasure"),
    "evidence_bundle": lazy("Evidence bundles"),
    "finding_reply": lazy("Replies to findings"),
    "integrity_alarm": lazy("Alarms of the history"),
    "log_key": lazy("Keys of the sealed log"),
    "log_witness": lazy("Witnesses of the sealed log"),
    "plan_template_item": lazy("Items of templates"),
    "plan_template_link": lazy("Links of templates"),
    "slip_rule": lazy("Rules on postponing"),
}


def caption_of(kind: str) -> str:
    """Return the words for a kind of object or part."""
    kinds = targets.kinds()
    return str(kinds[kind].label) if kind in kinds else str(PARTS.get(kind, kind.replace("_", " ")))
