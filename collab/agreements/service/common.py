"""What every verb on an agreement begins with, and who is told."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from collab.agreements import queries
from collab.agreements.models import Agreement, AgreementParty
from collab.agreements.rules import status_on
from collab.agreements.states import MACHINE, AgreementState, AgreementVerb
from collab.kernel.access import Actor, Permission, Role, Scope, authorize
from collab.kernel.clock import today
from collab.kernel.dates import format_date
from collab.kernel.db import check_version
from collab.kernel.errors import NotFound
from collab.kernel.i18n import LazyText, _, speaking
from collab.kernel.targets import Ref
from collab.members import queries as members
from collab.members.models import User
from collab.notices.outbox import Draft, queue_messages
from collab.notices.rules import Haste
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
         *, urgent: bool = False, due_on: date | None = None) -> None:  # fmt: skip
    """Write a message about the agreement to each of ``people``, in their language; ``event`` makes it go out once.

    ``due_on`` is the day by which they are to act, if there is one.
    """
    title = f"{agreement.number or ''} {agreement.title}".strip()
    target, url = Ref("agreement", agreement.id), f"/agreements/{agreement.id}"
    haste = Haste.AT_ONCE if urgent else Haste.GATHERED
    drafts = []
    for user in {user.id: user for user in people}.values():
        with speaking(user.locale):
            # With its title in the subject: in a digest several stand one below the other.
            said, lines = f"{subject}: {title}", [str(subject), title]
            if due_on is not None:
                lines.append(_("It is due on %(day)s.", day=format_date(due_on, user.locale)))
        key = f"{agreement.id}:{event}:{user.id}"
        drafts.append(Draft(user.id, "agreement", said, "\n".join(lines), target, url, key, haste))
    if drafts:
        queue_messages(session, now=now, drafts=drafts)
