"""Who may do what: permissions, roles by scope, and a table of small predicates. Nothing is allowed unless a row says so.

*When* a thing can be done is the business of each area's `states.py`; this file only knows *who*.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from collab.kernel.errors import NotAllowed


class Role(StrEnum):
    """Roles that a person holds within a scope, from a day to a day."""

    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"
    CHAIR = "chair"
    CLERK = "clerk"
    COORDINATOR = "coordinator"
    EXECUTIVE = "executive"


class Scope(StrEnum):
    """Where a role holds."""

    COMMITTEE = "committee"
    INSTALLATION = "installation"
    ORGANISATION = "organisation"


class Permission(StrEnum):
    """Everything that can be permitted, ``area:verb``; keep the list in alphabetical order."""

    ACTION_ITEM_MANAGE = "action-item:manage"
    ACTION_ITEM_REPORT = "action-item:report"
    ACTION_ITEM_VERIFY = "action-item:verify"
    ACTION_PLAN_MANAGE = "action-plan:manage"
    ACTION_PLAN_VIEW = "action-plan:view"
    AGREEMENT_MANAGE = "agreement:manage"
    AGREEMENT_RATIFY = "agreement:ratify"
    AGREEMENT_SIGN = "agreement:sign"
    AGREEMENT_VIEW = "agreement:view"
    AUDIT_GRANT = "audit:grant"
    AUDIT_MANAGE = "audit:manage"
    AUDIT_SAMPLE = "audit:sample"
    AUDIT_VIEW = "audit:view"
    BUDGET_REPORT = "budget:report"
    CALENDAR_MANAGE = "calendar:manage"
    CALENDAR_VIEW = "calendar:view"
    CHANNEL_MANAGE = "channel:manage"
    COST_SHARING_MANAGE = "cost-sharing:manage"
    COST_SHARING_VIEW = "cost-sharing:view"
    DEADLINE_DECIDE = "deadline:decide"
    DOCUMENT_REMOVE = "document:remove"
    FINDING_REPLY = "finding:reply"
    FORUM_MODERATE = "forum:moderate"
    FORUM_POST = "forum:post"
    HELP_ANSWER = "help:answer"
    HISTORY_VIEW = "history:view"
    LEARNING_MANAGE = "learning:manage"
    LEARNING_VIEW = "learning:view"
    MEETING_MANAGE = "meeting:manage"
    MEETING_PRESIDE = "meeting:preside"
    MEETING_VIEW = "meeting:view"
    MEMBERS_MANAGE = "members:manage"
    MEMBERS_VIEW = "members:view"
    MONTH_CLOSE = "month:close"
    OBLIGATION_FULFIL = "obligation:fulfil"
    OPERATIONS_MANAGE = "operations:manage"
    OPERATIONS_VIEW = "operations:view"
    OPINION_GIVE = "opinion:give"
    OPINION_REQUEST = "opinion:request"
    PRIVACY_ERASE = "privacy:erase"
    PROPOSAL_DRAFT = "proposal:draft"
    PROPOSAL_SCREEN = "proposal:screen"
    PROPOSAL_SUBMIT = "proposal:submit"
    PROPOSAL_VIEW = "proposal:view"
    REMINDER_ACKNOWLEDGE = "reminder:acknowledge"
    REMINDER_RULE_MANAGE = "reminder-rule:manage"
    REMINDER_RULE_VIEW = "reminder-rule:view"
    SERVICE_PLAN_MANAGE = "service-plan:manage"
    SERVICE_PLAN_VIEW = "service-plan:view"
    SLIP_RULES_SET = "slip-rules:set"


@dataclass(frozen=True)
class Grant:
    """A role in force now: ``scope_id`` is the committee's or organisation's id, None for the installation."""

    role: Role
    scope: Scope
    scope_id: UUID | None = None


@dataclass(frozen=True)
class Actor:
    """Who acts: a signed-in person with the roles in force, or a job. A value, never a row."""

    user_id: UUID | None
    kind: str = "person"
    grants: tuple[Grant, ...] = ()
    organisation_id: UUID | None = None
    #: Committees in which one of the actor's organisations has a seat today.
    committee_ids: frozenset[UUID] = frozenset()
    locale: str = "th"
    #: 1: password; 2: password and a second factor (written into every event).
    assurance: int = 1
    request_id: str = ""
    job: str = field(default="")

    def has(self, role: Role) -> bool:
        """Say whether the actor holds ``role`` anywhere."""
        return any(grant.role is role for grant in self.grants)

    def scopes(self, role: Role, scope: Scope) -> set[UUID]:
        """Return the ids of the ``scope`` in which the actor holds ``role``."""
        return {grant.scope_id for grant in self.grants if grant.role is role and grant.scope is scope and grant.scope_id}

    def everywhere(self, role: Role) -> bool:
        """Say whether the actor holds ``role`` for the whole installation."""
        return Grant(role, Scope.INSTALLATION) in self.grants

    @property
    def organisation_ids(self) -> set[UUID]:
        """Organisations for which the actor holds any role, with the home organisation."""
        found = {grant.scope_id for grant in self.grants if grant.scope is Scope.ORGANISATION and grant.scope_id}
        return found | ({self.organisation_id} if self.organisation_id else set())


def job_actor(job: str) -> Actor:
    """Return the actor under which the background job ``job`` writes history."""
    return Actor(user_id=None, kind="job", job=job)


Predicate = Callable[[Actor, Any], bool]
_rows: dict[Permission, list[tuple[Role | None, Predicate]]] = defaultdict(list)


def allow(permission: Permission, role: Role | None, predicate: Predicate) -> None:
    """Allow ``permission`` to holders of ``role`` (None: any signed-in person) on objects for which ``predicate`` holds.

    Rows are alternatives (OR). Adding a row again changes nothing.
    """
    if (role, predicate) not in _rows[permission]:
        _rows[permission].append((role, predicate))


def can(actor: Actor, permission: Permission, target: Any = None) -> bool:
    """Say whether ``actor`` may do ``permission`` to ``target``."""
    return any((role is None or actor.has(role)) and predicate(actor, target) for role, predicate in _rows[permission])


def could(actor: Actor, permission: Permission) -> bool:
    """Say whether ``actor`` may do ``permission`` to anything at all (for menus and the first check of a route)."""
    return any(role is None or actor.has(role) for role, _predicate in _rows[permission])


def authorize(actor: Actor, permission: Permission, target: Any = None) -> None:
    """Raise NotAllowed unless ``actor`` may do ``permission`` to ``target``."""
    if not can(actor, permission, target):
        raise NotAllowed(permission.value)


def always(actor: Actor, target: Any) -> bool:
    """Hold for every object."""
    return True


def within(role: Role) -> Predicate:
    """Hold where the actor has ``role`` for the installation, the target's committee, or the target's organisation."""
    return _within(role)


_within_cache: dict[Role, Predicate] = {}


def _within(role: Role) -> Predicate:
    if role not in _within_cache:

        def predicate(actor: Actor, target: Any) -> bool:
            if actor.everywhere(role):
                return True
            committee_id = getattr(target, "committee_id", None)
            organisation_id = getattr(target, "organisation_id", None)
            return (committee_id is not None and committee_id in actor.scopes(role, Scope.COMMITTEE)) or (
                organisation_id is not None and organisation_id in actor.scopes(role, Scope.ORGANISATION)
            )

        _within_cache[role] = predicate
    return _within_cache[role]


def seated_in_committee(actor: Actor, target: Any) -> bool:
    """Hold where one of the actor's organisations has a seat in the target's committee."""
    return getattr(target, "committee_id", None) in actor.committee_ids
