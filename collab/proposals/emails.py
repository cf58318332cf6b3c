"""Who is told of what happens to a proposal; the messages leave by the outbox."""

from datetime import datetime

from sqlalchemy.orm import Session

from collab.kernel.access import Role, Scope
from collab.kernel.clock import today
from collab.kernel.dates import format_date
from collab.kernel.i18n import _, speaking
from collab.kernel.targets import Ref
from collab.members import queries as members
from collab.notices.service import queue_message
from collab.proposals.models import OpinionRequest, Proposal


def tell_coordinators(session: Session, proposal: Proposal, now: datetime) -> None:
    """Tell the committee's coordinators that a proposal came in."""
    for user in members.users_with_role(session, Role.COORDINATOR, Scope.COMMITTEE, proposal.committee_id, today(now)):
        with speaking(user.locale):
            queue_message(
                session, now=now, recipient_id=user.id, kind="proposal", subject=_("New proposal: %(title)s", title=proposal.title),
                text=f"{proposal.number} {proposal.title}", target=Ref("proposal", proposal.id), url=f"/proposals/{proposal.id}",
            )  # fmt: skip


def tell_council(session: Session, proposal: Proposal, opinion: OpinionRequest, now: datetime) -> None:
    """Tell an organisation's clerks that its council's opinion is asked."""
    for user in members.users_with_role(session, Role.CLERK, Scope.ORGANISATION, opinion.organisation_id, today(now)):
        with speaking(user.locale):
            day = format_date(opinion.due_on, user.locale)
            queue_message(
                session, now=now, recipient_id=user.id, kind="opinion_request",
                subject=_("Your council's opinion is asked: %(title)s", title=proposal.title),
                text=_("Please answer by %(day)s.", day=day), target=Ref("opinion_request", opinion.id),
                url=f"/opinions/{opinion.id}",
            )  # fmt: skip


def tell_author(session: Session, proposal: Proposal, now: datetime, subject: str, text: str) -> None:
    """Tell the proposal's author what became of it."""
    queue_message(
        session, now=now, recipient_id=proposal.author_id, kind="proposal", subject=f"{subject}: {proposal.title}", text=text,
        target=Ref("proposal", proposal.id), url=f"/proposals/{proposal.id}",
    )  # fmt: skip
