"""Reactions to what the web tells: a refused attempt becomes an event of the person who made it."""

from sqlalchemy.orm import Session

from collab import history
from collab.kernel.events import subscribe
from collab.members.account_models import User
from collab.web.refusals import AttemptRefused


def record_refusal(session: Session, fact: AttemptRefused) -> None:
    """Record who tried what; the account itself does not change."""
    user = session.get(User, fact.actor.user_id)
    if user is None:
        return
    reason = f"{fact.permission} {fact.place}".strip()
    with history.act(
        session, verb="attempt.refused", actor=fact.actor, now=fact.now, subject=user, reason=reason, outcome="refused"
    ):
        pass


def install() -> None:
    """React to refusals."""
    subscribe(AttemptRefused)(record_refusal)
