"""Plans as a whole: prepared, activated (which fixes the baseline), closed."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from collab import history
from collab.action_plans import emails, queries, rules
from collab.action_plans.models import ActionItem, ActionPlan
from collab.action_plans.states import PLAN_MACHINE, PlanState, PlanVerb
from collab.kernel import targets
from collab.kernel.access import Actor, Permission, authorize
from collab.kernel.db import check_version
from collab.kernel.errors import InvalidInput, NotFound, StateConflict
from collab.kernel.i18n import _
from collab.kernel.targets import Ref
from collab.kernel.text import normalise
from collab.members import queries as members


def create_plan(session: Session, *, actor: Actor, now: datetime, committee_id: UUID, fiscal_year: int, title: str,
                agreement_id: UUID | None = None) -> ActionPlan:  # fmt: skip
    """Make a draft plan of a committee for a Buddhist fiscal year, under an agreement of the same committee when one is given.

    Raises NotFound for a committee or agreement that ``actor`` may not see or that do not belong together, NotAllowed, InvalidInput.
    """
    plan = ActionPlan(
        committee_id=committee_id, agreement_id=agreement_id, fiscal_year=checked_year(fiscal_year), title=checked_title(title),
        state=PlanState.DRAFT,
    )  # fmt: skip
    if members.find_committee(session, committee_id) is None:
        raise NotFound("committee", committee_id)
    if agreement_id is not None:
        ref = Ref("agreement", agreement_id)
        info = targets.resolve(session, actor, [ref]).get(ref)
        if info is None or info.committee_id != committee_id:
            raise NotFound("agreement", agreement_id)
    authorize(actor, Permission.ACTION_PLAN_MANAGE, plan)
    authority = history.Authority("agreement", agreement_id) if agreement_id else None
    with history.act(session, verb="action_plan.created", actor=actor, now=now, subject=plan, authority=authority):
        session.add(plan)
    return plan


def edit_plan(session: Session, *, actor: Actor, now: datetime, plan_id: UUID, expected_version: int | None, title: str,
              fiscal_year: int) -> ActionPlan:  # fmt: skip
    """Change the title, and while the plan is a draft its fiscal year.

    Raises NotFound, NotAllowed, VersionConflict, StateConflict (closed), InvalidInput.
    """
    plan = queries.lock_plan(session, actor, plan_id)
    authorize(actor, Permission.ACTION_PLAN_MANAGE, plan)
    check_version(plan, expected_version)
    PLAN_MACHINE.advance(plan.state, PlanVerb.EDIT)
    year, words = checked_year(fiscal_year), checked_title(title)
    if plan.state is not PlanState.DRAFT and year != plan.fiscal_year:
        raise InvalidInput({"fiscal_year": _("The fiscal year is fixed once the plan is active.")})
    with history.act(session, verb="action_plan.edited", actor=actor, now=now, subject=plan):
        plan.title, plan.fiscal_year = words, year
    return plan


def activate_plan(
    session: Session, *, actor: Actor, now: datetime, plan_id: UUID, expected_version: int | None = None
) -> ActionPlan:
    """Put a draft into force: its present dates become the baseline, its items are open, owners are told.

    Raises NotFound, NotAllowed, VersionConflict, StateConflict when it is no draft, has no items, or an item has no authority or
    nobody who could verify it (the message names the items).
    """
    plan = queries.lock_plan(session, actor, plan_id)
    authorize(actor, Permission.ACTION_PLAN_MANAGE, plan)
    check_version(plan, expected_version)
    new_state = PLAN_MACHINE.advance(plan.state, PlanVerb.ACTIVATE)
    items = queries.items_of(session, plan_id)
    _check_ready(session, plan, items)
    authority = history.Authority("agreement", plan.agreement_id) if plan.agreement_id else None
    with history.act(session, verb="action_plan.activated", actor=actor, now=now, subject=plan, authority=authority):
        plan.state, plan.activated_at = new_state, now
        for item in items:
            item.baseline_starts_on, item.baseline_due_on = item.starts_on, item.due_on
            item.is_open = True
    emails.tell_assigned(session, actor, now, items)
    return plan


def close_plan(session: Session, *, actor: Actor, now: datetime, plan_id: UUID, reason: str,
               expected_version: int | None = None) -> ActionPlan:  # fmt: skip
    """Close an active plan; items still open stay as they are and no longer wait for anybody.

    Raises NotFound, NotAllowed, VersionConflict, StateConflict (not active, or evidence still waits to be verified), InvalidInput.
    """
    plan = queries.lock_plan(session, actor, plan_id)
    authorize(actor, Permission.ACTION_PLAN_MANAGE, plan)
    check_version(plan, expected_version)
    new_state = PLAN_MACHINE.advance(plan.state, PlanVerb.CLOSE)
    words = normalise(reason)
    if not words:
        raise InvalidInput({"reason": _("Say why.")})
    items = [item for item in queries.items_of(session, plan_id) if item.is_open]
    if any(queries.awaiting_report(session, item.id) for item in items if item.percent == rules.FINISHED):
        raise StateConflict(_("Evidence still waits to be verified. Verify or return it before you close the plan."))
    with history.act(session, verb="action_plan.closed", actor=actor, now=now, subject=plan, reason=words):
        plan.state, plan.closed_at = new_state, now
        for item in items:
            item.is_open = False
    return plan


def _check_ready(session: Session, plan: ActionPlan, items: Sequence[ActionItem]) -> None:
    if not items:
        raise StateConflict(_("The plan has no items yet."))
    nameless = [item.title for item in items if item.authority_id is None]
    if nameless:
        raise StateConflict(
            _("Give each item the resolution or clause on whose authority it is done. Missing: %(items)s", items=_list(nameless))
        )
    agency = members.get_committee(session, plan.committee_id).agency_id
    supporters = queries.supporters_of(session, [item.id for item in items])
    alone = [
        item.title
        for item in items
        if not rules.has_verifier(
            lead_organisation=item.lead_organisation_id, agency=agency, supporters=supporters.get(item.id, ())
        )
    ]
    if alone:
        raise StateConflict(
            _("Nobody else could verify these items; add a supporting organisation: %(items)s", items=_list(alone))
        )


def _list(titles: Sequence[str]) -> str:
    return ", ".join(titles[:5]) + (" …" if len(titles) > 5 else "")


def checked_title(title: str) -> str:
    """Return the title of a plan as it is kept; raise InvalidInput when there is none."""
    words = normalise(title)
    if not words:
        raise InvalidInput({"title": _("Fill this in.")})
    return words


def checked_year(year: int) -> int:
    """Return the Buddhist fiscal year; raise InvalidInput when it cannot be one."""
    if not 2500 <= year <= 2699:
        raise InvalidInput({"fiscal_year": _("Write the fiscal year in the Buddhist era, for example 2570.")})
    return year
