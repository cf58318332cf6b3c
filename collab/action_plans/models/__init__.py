"""Tables of action plans. What belongs to a plan is written into the stream of its plan, so that a plan can be shown as of any day."""

from collab.action_plans.models.baselines import Baseline, BaselineItem
from collab.action_plans.models.money import BudgetLine, Indicator
from collab.action_plans.models.plans import ActionItem, ActionPlan, Dependency, ItemGroup, ItemSupporter, Recurrence
from collab.action_plans.models.progress import HelpRequest, MonthlyClosing, PlanReporter, ProgressReport, ReportDraft
from collab.action_plans.models.slips import DeadlineChange, SlipRule
from collab.action_plans.models.templates import PlanTemplate, TemplateItem, TemplateLink
from collab.action_plans.models.views import CalendarFeed, SavedFilter, SheetImport

__all__ = [
    "ActionItem", "ActionPlan", "Baseline", "BaselineItem", "BudgetLine", "CalendarFeed", "DeadlineChange", "Dependency", "HelpRequest", "Indicator",
    "ItemGroup", "ItemSupporter", "MonthlyClosing", "PlanReporter", "PlanTemplate", "ProgressReport", "Recurrence", "ReportDraft", "SavedFilter", "SheetImport", "SlipRule",
    "TemplateItem", "TemplateLink",
]  # fmt: skip
