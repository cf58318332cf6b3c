"""Codes of service plans in words."""

from collab.kernel.i18n import LazyText, lazy
from collab.service_plans.states import FundingSource, PlanState

STATES: dict[PlanState, LazyText] = {
    PlanState.DRAFT: lazy("Plan being drafted"),
    PlanState.PROPOSED: lazy("Proposed to the committee"),
    PlanState.APPROVED: lazy("Plan approved"),
    PlanState.SUPERSEDED: lazy("Superseded by a newer edition"),
}
TONES: dict[PlanState, str] = {
    PlanState.DRAFT: "grey",
    PlanState.PROPOSED: "yellow",
    PlanState.APPROVED: "green",
    PlanState.SUPERSEDED: "grey",
}
TURNS: dict[PlanState, LazyText] = {
    PlanState.DRAFT: lazy("It is the coordinator's turn: complete the plan and propose it."),
    PlanState.PROPOSED: lazy(
        "It is the committee's turn: resolve on the plan at a meeting; the coordinator then records the approval."
    ),
    PlanState.APPROVED: lazy("Nobody's turn: the plan is approved. Agreements can be made from it."),
    PlanState.SUPERSEDED: lazy("Nobody's turn: a newer edition has taken its place."),
}
SOURCES: dict[FundingSource, LazyText] = {
    FundingSource.OWN_BUDGET: lazy("Own budget ordinance"),
    FundingSource.GRANT: lazy("Grant"),
    FundingSource.RESERVE: lazy("Accumulated reserve"),
    FundingSource.CONTRIBUTION: lazy("Contribution of the parties"),
    FundingSource.FEE: lazy("Service fee"),
    FundingSource.OTHER: lazy("Other source"),
}
