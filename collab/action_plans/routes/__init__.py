"""Pages of action plans: plans, items, progress, and the work list."""

from collab.action_plans.routes import items, plans, progress, work
from collab.action_plans.routes.common import blueprint

__all__ = ["blueprint", "items", "plans", "progress", "work"]
