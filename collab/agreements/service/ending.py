"""Ending an agreement: withdrawn before it binds, terminated after."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from collab import history
from collab.agreements.models import Agreement
from collab.agreements.service.common import managed, people_of_committee, people_of_parties, tell
from collab.agreements.states import AgreementVerb
from collab.kernel.access import Actor
from collab.kernel.clock import today
from collab.kernel.errors import InvalidInput
from collab.kernel.i18n import _, lazy


def withdraw(session: Session, *, actor: Actor, now: datetime, agreement_id: UUID, reason: str, expected_version: int | None,
             ) -> Agreement:  # fmt: skip
    """Take back a draft or a circulated text that is not in force; the parties are told when they had been asked.

    Raises NotFound, NotAllowed, VersionConflict, StateConflict, InvalidInput without a reason.
    """
    agreement, state = managed(session, actor, now, agreement_id, AgreementVerb.WITHDRAW, expected_version)
    _need(reason)
    with history.act(session, verb="agreement.withdrawn", actor=actor, now=now, subject=agreement, reason=reason):
        agreement.state, agreement.ended_on, agreement.ending_reason = state, today(now), reason
    if agreement.number is not None:
        tell(session, now, agreement, people_of_parties(session, agreement, now), lazy("An agreement was withdrawn"), "withdrawn")
    return agreement


def terminate(session: Session, *, actor: Actor, now: datetime, agreement_id: UUID, ended_on: date, reason: str,
              expected_version: int | None) -> Agreement:  # fmt: skip
    """Record that an agreement in force ended before its day; ``ended_on`` is today or earlier. Parties and committee are told.

    Raises NotFound, NotAllowed, VersionConflict, StateConflict, InvalidInput.
    """
    agreement, state = managed(session, actor, now, agreement_id, AgreementVerb.TERMINATE, expected_version)
    _need(reason)
    if ended_on > today(now):
        raise InvalidInput({"ended_on": _("Record the end on the day it happens or later.")})
    with history.act(session, verb="agreement.terminated", actor=actor, now=now, subject=agreement, reason=reason):
        agreement.state, agreement.ended_on, agreement.ending_reason = state, ended_on, reason
    people = people_of_parties(session, agreement, now) + people_of_committee(session, agreement, now)
    tell(session, now, agreement, people, lazy("An agreement was ended"), "terminated")
    return agreement


def _need(reason: str) -> None:
    if not reason:
        raise InvalidInput({"reason": _("Say why.")})
