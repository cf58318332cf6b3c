"""What is done with service plans: one function a verb."""

from collab.service_plans.service.parts import (
    remove_part,
    save_area,
    save_budget_line,
    save_indicator,
    save_risk,
)
from collab.service_plans.service.plans import (
    PlanText,
    approve_plan,
    approving_resolutions,
    draft_plan,
    edit_plan,
    propose_plan,
    return_plan,
    revise_plan,
)

__all__ = [
    "PlanText",
    "approve_plan",
    "approving_resolutions",
    "draft_plan",
    "edit_plan",
    "propose_plan",
    "remove_part",
    "return_plan",
    "revise_plan",
    "save_area",
    "save_budget_line",
    "save_indicator",
    "save_risk",
]
