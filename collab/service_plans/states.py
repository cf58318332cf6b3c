"""The life of a service plan: from the draft to the edition that supersedes it."""

from enum import StrEnum

from collab.kernel.states import Machine


class PlanState(StrEnum):
    """Where one edition of a service plan stands."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    APPROVED = "approved"
    SUPERSEDED = "superseded"


class PlanVerb(StrEnum):
    """What can be done with a service plan."""

    EDIT = "edit"
    PROPOSE = "propose"
    RETURN = "return"
    APPROVE = "approve"
    REVISE = "revise"
    SUPERSEDE = "supersede"


MACHINE = Machine[PlanState, PlanVerb](
    transitions={
        (PlanState.DRAFT, PlanVerb.EDIT): PlanState.DRAFT,
        (PlanState.DRAFT, PlanVerb.PROPOSE): PlanState.PROPOSED,
        (PlanState.PROPOSED, PlanVerb.RETURN): PlanState.DRAFT,
        (PlanState.PROPOSED, PlanVerb.APPROVE): PlanState.APPROVED,
        (PlanState.APPROVED, PlanVerb.REVISE): PlanState.APPROVED,
        (PlanState.APPROVED, PlanVerb.SUPERSEDE): PlanState.SUPERSEDED,
    },
    turn={
        PlanState.DRAFT: "coordinator",
        PlanState.PROPOSED: "coordinator",
        PlanState.APPROVED: "",
        PlanState.SUPERSEDED: "",
    },
)


class FundingSource(StrEnum):
    """Where the money of a budget line comes from."""

    OWN_BUDGET = "own_budget"
    GRANT = "grant"
    RESERVE = "reserve"
    CONTRIBUTION = "contribution"
    FEE = "fee"
    OTHER = "other"
