"""The verbs of action plans, one file for each subject. Callers use the names listed here."""

from collab.action_plans.service.deadlines import ask_deadline, decide_deadline
from collab.action_plans.service.items import ItemFacts, add_item, cancel_item, edit_item, remove_item
from collab.action_plans.service.plans import activate_plan, close_plan, create_plan, edit_plan
from collab.action_plans.service.progress import FileSent, judge_report, judging_of, report_progress

__all__ = [
    "FileSent", "ItemFacts", "activate_plan", "add_item", "ask_deadline", "cancel_item", "close_plan", "create_plan",
    "decide_deadline", "edit_item", "edit_plan", "judge_report", "judging_of", "remove_item", "report_progress",
]  # fmt: skip
