"""What of agreements falls due, and for whom an agreement waits."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from collab.agreements.models import Agreement, AgreementParty, Obligation, Ratification, Signature
from collab.agreements.rules import EXPIRING_DAYS
from collab.agreements.states import AgreementState, Outcome
from collab.kernel import turns
from collab.kernel.access import Actor, Role, Scope
from collab.kernel.clock import today
from collab.kernel.i18n import lazy
from collab.kernel.paging import AnySelect
from collab.reminders.registry import DueKind, register_due

_NOBODY = sa.cast(sa.null(), sa.Uuid())
_NO_INSTANT = sa.cast(sa.null(), sa.DateTime(timezone=True))
_NO_DAY = sa.cast(sa.null(), sa.Date())


def _undecided() -> sa.ColumnElement[bool]:
    """The party's council has decided nothing yet on a circulated text."""
    decided = sa.select(Ratification.id).where(Ratification.party_id == AgreementParty.id).exists()
    return sa.and_(Agreement.state == AgreementState.RATIFYING, AgreementParty.removed_at.is_(None), ~decided)


def _unsigned() -> sa.ColumnElement[bool]:
    """The party's council has ratified, and nobody has signed for the party."""
    later = sa.orm.aliased(Ratification)
    bound = (
        sa.select(Ratification.id)
        .where(
            Ratification.party_id == AgreementParty.id, Ratification.outcome != Outcome.REFUSED,
            ~sa.select(later.id).where(later.corrects_id == Ratification.id).exists(),
        )
        .exists()
    )  # fmt: skip
    signed = sa.select(Signature.id).where(Signature.party_id == AgreementParty.id).exists()
    live = Agreement.state.in_((AgreementState.RATIFYING, AgreementState.IN_FORCE))
    return sa.and_(live, AgreementParty.removed_at.is_(None), bound, ~signed)


def due_ratifications() -> AnySelect:
    """Return the parties whose councils have not decided, due by the agreement's day."""
    return (
        sa.select(
            AgreementParty.id.label("target_id"), Agreement.ratify_by.label("due_on"), AgreementParty.organisation_id,
            _NOBODY.label("owner_id"), Agreement.committee_id,
        )
        .join(Agreement, Agreement.id == AgreementParty.agreement_id)
        .where(_undecided(), Agreement.ratify_by.is_not(None))
    )  # fmt: skip


def due_expiries() -> AnySelect:
    """Return the agreements in force that have a last day; the coordinating agency is responsible (no organisation)."""
    return sa.select(
        Agreement.id.label("target_id"), Agreement.valid_to.label("due_on"), _NOBODY.label("organisation_id"),
        _NOBODY.label("owner_id"), Agreement.committee_id,
    ).where(Agreement.state == AgreementState.IN_FORCE, Agreement.valid_to.is_not(None))  # fmt: skip


def due_obligations() -> AnySelect:
    """Return the obligations of agreements in force that are still to be met."""
    return (
        sa.select(
            Obligation.id.label("target_id"), Obligation.due_on.label("due_on"), Obligation.organisation_id,
            _NOBODY.label("owner_id"), Agreement.committee_id,
        )
        .join(Agreement, Agreement.id == Obligation.agreement_id)
        .where(Agreement.state == AgreementState.IN_FORCE, Obligation.settled_at.is_(None), Obligation.removed_at.is_(None))
    )  # fmt: skip


def _agreement_task(task: str, organisation: Any, due_on: Any, since: Any) -> AnySelect:
    return sa.select(
        sa.literal("agreement").label("kind"), Agreement.id.label("target_id"), Agreement.committee_id,
        organisation.label("organisation_id"), sa.literal(task).label("task"), due_on.label("due_on"), since.label("since"),
    )  # fmt: skip


def waiting_ratifications(actor: Actor, now: datetime) -> AnySelect | None:
    """Return what awaits a record of the decision of a council of the actor's organisations."""
    mine = actor.scopes(Role.CLERK, Scope.ORGANISATION) | actor.scopes(Role.EXECUTIVE, Scope.ORGANISATION)
    if not mine:
        return None
    statement = _agreement_task("agreement.ratify", AgreementParty.organisation_id, Agreement.ratify_by, Agreement.circulated_at)
    joined = statement.join(AgreementParty, AgreementParty.agreement_id == Agreement.id)
    return joined.where(_undecided(), AgreementParty.organisation_id.in_(mine))


def waiting_signatures(actor: Actor, now: datetime) -> AnySelect | None:
    """Return what awaits the signature of an executive."""
    mine = actor.scopes(Role.EXECUTIVE, Scope.ORGANISATION)
    if not mine:
        return None
    statement = _agreement_task("agreement.sign", AgreementParty.organisation_id, _NO_DAY, Agreement.circulated_at)
    joined = statement.join(AgreementParty, AgreementParty.agreement_id == Agreement.id)
    return joined.where(_unsigned(), AgreementParty.organisation_id.in_(mine))


def waiting_expiries(actor: Actor, now: datetime) -> AnySelect | None:
    """Return what ends within 90 days in the committees that the actor chairs or coordinates."""
    mine = actor.scopes(Role.CHAIR, Scope.COMMITTEE) | actor.scopes(Role.COORDINATOR, Scope.COMMITTEE)
    if not mine:
        return None
    day = today(now)
    soon = Agreement.valid_to.between(day, day + timedelta(days=EXPIRING_DAYS))
    statement = _agreement_task("agreement.renew", _NOBODY, Agreement.valid_to, _NO_INSTANT)
    return statement.where(Agreement.state == AgreementState.IN_FORCE, soon, Agreement.committee_id.in_(mine))


def waiting_drafts(actor: Actor, now: datetime) -> AnySelect | None:
    """Return the drafts that the actor coordinates."""
    mine = actor.scopes(Role.COORDINATOR, Scope.COMMITTEE)
    if not mine:
        return None
    statement = _agreement_task("agreement.circulate", _NOBODY, _NO_DAY, _NO_INSTANT)
    return statement.where(Agreement.state == AgreementState.DRAFT, Agreement.committee_id.in_(mine))


def waiting_obligations(actor: Actor, now: datetime) -> AnySelect | None:
    """Return the obligations of the actor's organisations that fall due within 90 days."""
    mine = actor.scopes(Role.CLERK, Scope.ORGANISATION)
    if not mine:
        return None
    soon = Obligation.due_on <= today(now) + timedelta(days=EXPIRING_DAYS)
    open_ones = sa.and_(Obligation.settled_at.is_(None), Obligation.removed_at.is_(None), Obligation.organisation_id.in_(mine))
    return (
        sa.select(
            sa.literal("obligation").label("kind"), Obligation.id.label("target_id"), Agreement.committee_id,
            Obligation.organisation_id, sa.literal("obligation.fulfil").label("task"), Obligation.due_on,
            _NO_INSTANT.label("since"),
        )
        .join(Agreement, Agreement.id == Obligation.agreement_id)
        .where(Agreement.state == AgreementState.IN_FORCE, soon, open_ones)
    )  # fmt: skip


def install() -> None:
    """Register the due dates and the tasks."""
    register_due(DueKind("ratification", "agreement_party", lazy("Council's decision on an agreement"), due_ratifications))
    register_due(DueKind("agreement_expiry", "agreement", lazy("Agreement expires"), due_expiries))
    register_due(DueKind("obligation", "obligation", lazy("Obligation from an agreement"), due_obligations))
    sources = {
        "ratification": waiting_ratifications,
        "agreement_signature": waiting_signatures,
        "agreement_expiry": waiting_expiries,
        "agreement_draft": waiting_drafts,
        "obligation": waiting_obligations,
    }
    for name, select in sources.items():
        turns.register_turn(turns.TurnSource(name, select))
    turns.register_task_label("agreement.ratify", lazy("Record your council's decision on the agreement"))
    turns.register_task_label("agreement.sign", lazy("Sign the agreement"))
    turns.register_task_label("agreement.renew", lazy("Decide on renewal: the agreement expires soon"))
    turns.register_task_label("agreement.circulate", lazy("Complete the agreement and circulate it"))
    turns.register_task_label("obligation.fulfil", lazy("Meet the obligation and record it"))
