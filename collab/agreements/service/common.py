"""What every verb on an agreement begins with, and who is told."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from collab.agreements import queries
from collab.agreements.models import Agreement, AgreementParty
from collab.agreements.rules import status_on
from collab.agreements.states import MACHINE, AgreementState, AgreementVerb
from collab.kernel.access import Actor, Permission, Role, Scope, authorize
from collab.kernel.clock import today
from collab.kernel.db import check_version
from collab.kernel.errors import NotFound
from collab.kernel.i18n import LazyText, speaking
from collab.kernel.targets import Ref
from collab.members import queries as members
from collab.members.models import User
from collab.notices import service as notices
from collab.service_plans import queries as plans


def managed(session: Session, actor: Actor, now: datetime, agreement_id: UUID, verb: AgreementVerb,
            expected_version: int | None) -> tuple[Agreement, AgreementState]:  # fmt: skip
    """Lock the agreement for a verb of its coordinator; return it with the state after the verb.

    Raises NotFound, NotAllowed, VersionConflict, StateConflict.
    """
    agreement = queries.lock_agreement(session, actor, agreement_id)
    authorize(actor, Permission.AGREEMENT_MANAGE, agreement)
    check_version(agreement, expected_version)
    return agreement, MACHINE.advance(status_on(agreement, today(now)), verb)


def party_of(session: Session, agreement_id: UUID, organisation_id: UUID) -> AgreementParty:
    """Return the organisation's place among the parties; NotFound when it is none."""
    for party in queries.parties_of(session, agreement_id):
        if party.organisation_id == organisation_id:
            return party
    raise NotFound("agreement_party", organisation_id)


def people_of_parties(session: Session, agreement: Agreement, now: datetime) -> list[User]:
    """Return the executives and clerks of the parties."""
    organisations = {party.organisation_id for party in queries.parties_of(session, agreement.id)}
    return plans.people_of(session, (Role.CLERK, Role.EXECUTIVE), organisations, today(now))


def people_of_committee(session: Session, agreement: Agreement, now: datetime) -> list[User]:
    """Return the chair and the coordinators of the committee."""
    found: dict[UUID, User] = {}
    for role in (Role.CHAIR, Role.COORDINATOR):
        for user in members.users_with_role(session, role, Scope.COMMITTEE, agreement.committee_id, today(now)):
            found[user.id] = user
    return list(found.values())


def tell(session: Session, now: datetime, agreement: Agreement, people: list[User], subject: LazyText, event: str,
         *, urgent: bool = False) -> None:  # fmt: skip
    """Write a message about the agreement to each of ``people``, in their language; ``event`` makes it go out once."""
    for user in {user.id: user for user in people}.values():
        with speaking(user.locale):
            notices.queue_message(
                session, now=now, recipient_id=user.id, kind="agreement", subject=str(subject),
                text=f"{subject}: {agreement.number or ''} {agreement.title}", target=Ref("agreement", agreement.id),
                url=f"/agreements/{agreement.id}", dedupe_key=f"{agreement.id}:{event}:{user.id}", urgent=urgent,
            )  # fmt: skip
