"""What clauses oblige the parties to do, and that it was done."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from collab import history
from collab.agreements import queries
from collab.agreements.models import Clause, Obligation
from collab.agreements.rules import next_due, status_on
from collab.agreements.service.common import managed, party_of
from collab.agreements.states import AgreementState, AgreementVerb, Recurrence
from collab.history import Authority
from collab.kernel.access import Actor, Permission, authorize
from collab.kernel.clock import today
from collab.kernel.db import check_version
from collab.kernel.errors import StateConflict
from collab.kernel.i18n import _


class Duty:
    """An obligation as the predicates of access read it: of an organisation, in a committee."""

    def __init__(self, organisation_id: UUID, committee_id: UUID) -> None:
        self.organisation_id, self.committee_id = organisation_id, committee_id


def add_obligation(session: Session, *, actor: Actor, now: datetime, agreement_id: UUID, clause_id: UUID, organisation_id: UUID,
                   text: str, due_on: date, recurrence: Recurrence) -> Obligation:  # fmt: skip
    """Say what a clause obliges a party to do, first by ``due_on`` and then as often as ``recurrence`` says.

    Raises NotFound (clause or party of another agreement), NotAllowed, StateConflict.
    """
    managed(session, actor, now, agreement_id, AgreementVerb.OBLIGE, None)
    clause = queries.lock_part(session, Clause, agreement_id, clause_id)
    party = party_of(session, agreement_id, organisation_id)
    row = Obligation(
        agreement_id=agreement_id, clause_id=clause.id, organisation_id=party.organisation_id, text=text, recurrence=recurrence,
        due_on=due_on, first_due_on=due_on,
    )  # fmt: skip
    authority = Authority("clause", clause.id)
    with history.act(session, verb="obligation.added", actor=actor, now=now, subject=row, authority=authority):
        session.add(row)
    return row


def fulfil_obligation(session: Session, *, actor: Actor, now: datetime, agreement_id: UUID, obligation_id: UUID, note: str,
                      expected_version: int | None) -> Obligation:  # fmt: skip
    """Record that the obligation was met for this time; a recurring one moves on to its next day.

    By the party's clerk or executive, or the coordinator. Raises NotFound, NotAllowed, VersionConflict, StateConflict.
    """
    agreement = queries.lock_agreement(session, actor, agreement_id)
    row = queries.lock_part(session, Obligation, agreement_id, obligation_id)
    authorize(actor, Permission.OBLIGATION_FULFIL, Duty(row.organisation_id, agreement.committee_id))
    check_version(row, expected_version)
    if status_on(agreement, today(now)) not in (AgreementState.IN_FORCE, AgreementState.EXPIRED):
        raise StateConflict(_("Nobody is bound by an agreement that is not in force."))
    if row.settled_at is not None:
        raise StateConflict(_("This obligation is settled already."))
    following = next_due(row.first_due_on, row.recurrence, row.times_done + 1)
    if following is not None and agreement.valid_to is not None and following > agreement.valid_to:
        following = None
    with history.act(session, verb="obligation.fulfilled", actor=actor, now=now, subject=row, reason=note,
                     on_behalf_of=row.organisation_id):  # fmt: skip
        row.times_done += 1
        if following is None:
            row.settled_at = now
        else:
            row.due_on = following
    return row


def remove_obligation(session: Session, *, actor: Actor, now: datetime, agreement_id: UUID, obligation_id: UUID,
                      expected_version: int | None) -> None:  # fmt: skip
    """Take out an obligation that was written down in error. Raises NotFound, NotAllowed, VersionConflict, StateConflict."""
    managed(session, actor, now, agreement_id, AgreementVerb.OBLIGE, None)
    row = queries.lock_part(session, Obligation, agreement_id, obligation_id)
    check_version(row, expected_version)
    with history.act(session, verb="obligation.removed", actor=actor, now=now, subject=row):
        row.removed_at = now
