"""Named reads of action plans, one file for each subject. Callers use the names listed here; the work list is in `work.py`."""

from collab.action_plans.queries.baselines import baseline_items, baselines_of, get_baseline
from collab.action_plans.queries.linked import (
    dependencies_of,
    find_dependency,
    heads_of,
    links_of,
    lock_items,
    spans_of,
    titles_of,
    working_days,
)
from collab.action_plans.queries.money import budget_lines_of, budget_lines_of_plan, find_budget_line, indicators_of
from collab.action_plans.queries.plans import (
    asked_change,
    awaiting_report,
    changes_by_ids,
    changes_of,
    get_item,
    get_plan,
    groups_of,
    items_by_ids,
    items_of,
    list_plans,
    lock_item,
    lock_plan,
    next_position,
    people_of,
    plans_by_ids,
    progress_of,
    reports_by_ids,
    reports_of,
    supporter_rows,
    supporters_of,
    visible_clause,
    visible_plan_ids,
)
from collab.action_plans.queries.reporting import (
    asked_help,
    closings_of,
    find_closing,
    find_draft,
    helps_of,
    is_closed,
    parties_of,
    reported_between,
)
from collab.action_plans.queries.slips import changes_of_plan, first_due_dates, ladder_of, slip_rules, slips_of
from collab.action_plans.queries.templates import get_template, list_templates, occurrences_of, template_items, template_links

__all__ = [
    "asked_change", "asked_help", "awaiting_report", "baseline_items", "baselines_of", "budget_lines_of", "budget_lines_of_plan",
    "changes_by_ids", "changes_of", "changes_of_plan", "closings_of", "dependencies_of", "find_budget_line", "find_closing",
    "find_dependency", "find_draft", "first_due_dates", "get_baseline", "get_item", "get_plan", "get_template", "groups_of",
    "heads_of", "helps_of", "indicators_of", "is_closed", "items_by_ids", "items_of", "ladder_of", "links_of", "list_plans",
    "list_templates", "lock_item", "lock_items", "lock_plan", "next_position", "occurrences_of", "parties_of", "people_of",
    "plans_by_ids", "progress_of", "reported_between", "reports_by_ids", "reports_of", "slip_rules", "slips_of", "spans_of",
    "supporter_rows", "supporters_of", "template_items", "template_links", "titles_of", "visible_clause", "visible_plan_ids",
    "working_days",
]  # fmt: skip
