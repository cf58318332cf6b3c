"""Who may prepare plans, report, verify and move deadlines."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from collab.action_plans import rules
from collab.action_plans.states import ApprovalLevel, PlanState
from collab.kernel.access import Actor, Permission, Predicate, Role, Scope, allow, seated_in_committee, within


@dataclass(frozen=True)
class Judging:
    """What decides who may verify: the committee, who leads, who supports, by whom and for whom the report was made."""

    committee_id: UUID
    lead_organisation_id: UUID
    supporter_ids: frozenset[UUID]
    reporter_organisation_id: UUID | None
    reported_by: UUID | None


@dataclass(frozen=True)
class Asked:
    """What decides who may decide a change of deadline: the committee, the leading organisation, the level, and who asked."""

    committee_id: UUID
    asked_by: UUID
    organisation_id: UUID
    level: ApprovalLevel


@dataclass(frozen=True)
class Party:
    """An organisation within a committee, as those see it who write down its figures."""

    committee_id: UUID
    organisation_id: UUID


@dataclass(frozen=True)
class Helping:
    """What decides who may answer a request for help: the committee, who supports the item, and who asked."""

    committee_id: UUID
    supporter_ids: frozenset[UUID]
    asked_by: UUID


def _seated_reader(actor: Actor, target: Any) -> bool:
    return seated_in_committee(actor, target) and target.state is not PlanState.DRAFT


def _overseer(role: Role) -> Predicate:
    """Hold for who has ``role`` over the plan's committee or the installation, once the plan is no draft any more."""

    def predicate(actor: Actor, target: Any) -> bool:
        return getattr(target, "state", None) is not PlanState.DRAFT and within(role)(actor, target)

    return predicate


def _owner(actor: Actor, target: Any) -> bool:
    return actor.user_id is not None and getattr(target, "owner_id", None) == actor.user_id


def _other_party(actor: Actor, target: Judging) -> bool:
    # A person who changed from one organisation to another is the same person.
    if target.reported_by is not None and target.reported_by == actor.user_id:
        return False
    return rules.may_judge(
        judge_organisations=actor.organisation_ids, reporter_organisation=target.reporter_organisation_id,
        lead_organisation=target.lead_organisation_id,
    )  # fmt: skip


def _coordinating_verifier(actor: Actor, target: Judging) -> bool:
    return within(Role.COORDINATOR)(actor, target) and _other_party(actor, target)


def _supporting_verifier(actor: Actor, target: Judging) -> bool:
    return bool(actor.scopes(Role.CLERK, Scope.ORGANISATION) & target.supporter_ids) and _other_party(actor, target)


def _coordinating_helper(actor: Actor, target: Helping) -> bool:
    return within(Role.COORDINATOR)(actor, target) and target.asked_by != actor.user_id


def _supporting_helper(actor: Actor, target: Helping) -> bool:
    return bool(actor.scopes(Role.CLERK, Scope.ORGANISATION) & target.supporter_ids) and target.asked_by != actor.user_id


def _own_clerk(actor: Actor, target: Party) -> bool:
    return target.organisation_id in actor.scopes(Role.CLERK, Scope.ORGANISATION)


def _own_coordinator(actor: Actor, target: Party) -> bool:
    # The agency has no clerk: its coordinator closes its months, and only its own.
    return within(Role.COORDINATOR)(actor, target) and target.organisation_id == actor.organisation_id


def _executive_decider(actor: Actor, target: Asked) -> bool:
    return (
        target.level is ApprovalLevel.EXECUTIVE
        and target.organisation_id in actor.scopes(Role.EXECUTIVE, Scope.ORGANISATION)
        and target.asked_by != actor.user_id
    )


def _coordinating_decider(actor: Actor, target: Asked) -> bool:
    # What needs a resolution is entered by the coordinator; the service asks for the resolution.
    return (
        within(Role.COORDINATOR)(actor, target) and target.level is not ApprovalLevel.CHAIR and target.asked_by != actor.user_id
    )


def _chairing_decider(actor: Actor, target: Asked) -> bool:
    return within(Role.CHAIR)(actor, target) and target.asked_by != actor.user_id


def install() -> None:
    """Add this area's rows to the table of permissions."""
    allow(Permission.ACTION_PLAN_VIEW, None, _seated_reader)
    allow(Permission.ACTION_PLAN_VIEW, Role.COORDINATOR, within(Role.COORDINATOR))
    allow(Permission.ACTION_PLAN_VIEW, Role.CHAIR, within(Role.CHAIR))
    allow(Permission.ACTION_PLAN_VIEW, Role.AUDITOR, _overseer(Role.AUDITOR))
    allow(Permission.ACTION_PLAN_VIEW, Role.ADMINISTRATOR, _overseer(Role.ADMINISTRATOR))
    allow(Permission.ACTION_PLAN_MANAGE, Role.COORDINATOR, within(Role.COORDINATOR))
    allow(Permission.ACTION_ITEM_MANAGE, Role.COORDINATOR, within(Role.COORDINATOR))
    allow(Permission.ACTION_ITEM_REPORT, None, _owner)
    allow(Permission.ACTION_ITEM_REPORT, Role.CLERK, within(Role.CLERK))
    allow(Permission.ACTION_ITEM_VERIFY, Role.COORDINATOR, _coordinating_verifier)
    allow(Permission.ACTION_ITEM_VERIFY, Role.CLERK, _supporting_verifier)
    allow(Permission.BUDGET_REPORT, Role.CLERK, within(Role.CLERK))
    allow(Permission.DEADLINE_DECIDE, Role.COORDINATOR, _coordinating_decider)
    allow(Permission.DEADLINE_DECIDE, Role.CHAIR, _chairing_decider)
    allow(Permission.DEADLINE_DECIDE, Role.EXECUTIVE, _executive_decider)
    allow(Permission.HELP_ANSWER, Role.COORDINATOR, _coordinating_helper)
    allow(Permission.HELP_ANSWER, Role.CLERK, _supporting_helper)
    allow(Permission.MONTH_CLOSE, Role.CLERK, _own_clerk)
    allow(Permission.MONTH_CLOSE, Role.COORDINATOR, _own_coordinator)
    allow(Permission.SLIP_RULES_SET, Role.COORDINATOR, within(Role.COORDINATOR))
    allow(Permission.SLIP_RULES_SET, Role.CHAIR, within(Role.CHAIR))
