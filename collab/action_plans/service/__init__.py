"""The verbs of action plans, one file for each subject. Callers use the names listed here."""

from collab.action_plans.service.baselines import approve_baseline, is_unchanged
from collab.action_plans.service.copying import copy_plan
from collab.action_plans.service.deadlines import (
    Standing,
    ask_deadline,
    asked_of,
    decide_deadline,
    first_due_on,
    impact_of_deadline,
    standing_of,
)
from collab.action_plans.service.dependencies import link_items, unlink_items
from collab.action_plans.service.drafts import keep_draft
from collab.action_plans.service.groups import remove_group, save_group
from collab.action_plans.service.helping import answer_help, ask_help, helping_of, is_open
from collab.action_plans.service.items import ItemFacts, add_item, cancel_item, edit_item, remove_item
from collab.action_plans.service.money import (
    Measure,
    Sums,
    remove_budget_line,
    remove_indicator,
    save_budget_line,
    save_indicator,
)
from collab.action_plans.service.months import MonthView, close_month, may_close, month_view, reopen_month
from collab.action_plans.service.moving import Impact, UnseenConsequences, due_after, impact_of
from collab.action_plans.service.plans import activate_plan, close_plan, create_plan, edit_plan
from collab.action_plans.service.progress import FileSent, judge_report, judging_of, reopen_item, report_progress
from collab.action_plans.service.recurring import end_recurrence, make_recurring
from collab.action_plans.service.slip_rules import set_slip_rules
from collab.action_plans.service.templates import Start, make_template, remove_template, start_plan

__all__ = [
    "FileSent", "Impact", "ItemFacts", "Measure", "MonthView", "Standing", "Start", "Sums", "UnseenConsequences", "activate_plan",
    "add_item", "answer_help", "approve_baseline", "ask_deadline", "ask_help", "asked_of", "cancel_item", "close_month",
    "close_plan", "copy_plan", "create_plan", "decide_deadline", "due_after", "edit_item", "edit_plan", "end_recurrence",
    "first_due_on", "helping_of", "impact_of", "impact_of_deadline", "is_open", "is_unchanged", "judge_report", "judging_of",
    "keep_draft", "link_items", "make_recurring", "make_template", "may_close", "month_view", "remove_budget_line",
    "remove_group", "remove_indicator", "remove_item", "remove_template", "reopen_item", "reopen_month", "report_progress",
    "save_budget_line", "save_group", "save_indicator", "set_slip_rules", "standing_of", "start_plan", "unlink_items",
]  # fmt: skip
