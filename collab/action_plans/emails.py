"""Messages to the people concerned, each in the reader's language. Nobody is written to about what they did themselves."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from collab.action_plans.models import ActionItem, DeadlineChange, HelpRequest, ProgressReport
from collab.action_plans.states import ChangeState, ReportState
from collab.kernel import i18n
from collab.kernel.access import Actor
from collab.kernel.dates import format_date
from collab.kernel.i18n import _
from collab.kernel.targets import Ref
from collab.members import queries as members
from collab.members.models import User
from collab.notices.outbox import Draft, queue_messages

#: The kind under which people may mute these messages.
KIND = "action_item"
Words = Callable[[], tuple[str, str]]


def item_url(item_id: UUID) -> str:
    """Return the path of an item's page."""
    return f"/action-plans/items/{item_id}"


def tell_assigned(session: Session, actor: Actor, now: datetime, items: Sequence[ActionItem]) -> None:
    """Tell each owner of ``items`` that it is theirs, and until when; with the same queries for a whole plan."""
    owners = {item.owner_id for item in items if item.owner_id and item.owner_id != actor.user_id}
    people = members.users_by_ids(session, owners) if owners else {}
    drafts = []
    for item in items:
        owner = people.get(item.owner_id) if item.owner_id else None
        if owner is not None and owner.disabled_at is None:
            with i18n.speaking(owner.locale):
                day = format_date(item.due_on, i18n.get_locale())
                subject = _("You are responsible for: %(title)s", title=item.title)
                text = _("You are the owner of “%(title)s”. It is due on %(day)s.", title=item.title, day=day)
            drafts.append(_draft(item, owner.id, "action_item.assigned", subject, text))
    if drafts:
        queue_messages(session, now=now, drafts=drafts)


def tell_ended(session: Session, actor: Actor, now: datetime, item: ActionItem, reason: str) -> None:
    """Tell the owner that the item was cancelled or removed, and why."""

    def words() -> tuple[str, str]:
        return (
            _("No longer to be done: %(title)s", title=item.title),
            _("“%(title)s” was taken out of the plan. Reason: %(reason)s", title=item.title, reason=reason),
        )

    _tell(session, actor, now, item, item.owner_id, "action_item.ended", words)


def tell_judged(session: Session, actor: Actor, now: datetime, item: ActionItem, report: ProgressReport) -> None:
    """Tell whoever reported that the evidence was verified, or what is missing."""

    def words() -> tuple[str, str]:
        if report.state is ReportState.VERIFIED:
            return (
                _("Verified: %(title)s", title=item.title),
                _("The evidence for “%(title)s” was verified. The item is done.", title=item.title),
            )
        return (
            _("Returned to you: %(title)s", title=item.title),
            _("The evidence for “%(title)s” was returned. Reason: %(reason)s", title=item.title, reason=report.verdict),
        )

    occasion = "progress.verified" if report.state is ReportState.VERIFIED else "progress.returned"
    _tell(session, actor, now, item, report.reported_by, occasion, words)


def tell_decided(session: Session, actor: Actor, now: datetime, item: ActionItem, change: DeadlineChange) -> None:
    """Tell whoever asked for another deadline what was decided."""

    def words() -> tuple[str, str]:
        day = format_date(change.new_due_on, i18n.get_locale())
        if change.state is ChangeState.APPROVED:
            return (
                _("New deadline approved: %(title)s", title=item.title),
                _("“%(title)s” is now due on %(day)s.", title=item.title, day=day),
            )
        return (
            _("New deadline refused: %(title)s", title=item.title),
            _("The new deadline for “%(title)s” was refused. Reason: %(reason)s", title=item.title, reason=change.decision),
        )

    _tell(session, actor, now, item, change.asked_by, f"deadline.{change.state.value}", words)


def tell_reopened(session: Session, actor: Actor, now: datetime, item: ActionItem, reason: str) -> None:
    """Tell the owner that the item is not done after all, and why."""

    def words() -> tuple[str, str]:
        return (
            _("Opened again: %(title)s", title=item.title),
            _("“%(title)s” was opened again. Reason: %(reason)s", title=item.title, reason=reason),
        )

    _tell(session, actor, now, item, item.owner_id, "action_item.reopened", words)


def tell_helped(session: Session, actor: Actor, now: datetime, item: ActionItem, request: HelpRequest) -> None:
    """Tell whoever asked for help what was answered."""

    def words() -> tuple[str, str]:
        return (
            _("Answer to your request for help: %(title)s", title=item.title),
            _("Answer to your request for help with “%(title)s”: %(answer)s", title=item.title, answer=request.answer),
        )

    _tell(session, actor, now, item, request.asked_by, f"help.answered:{request.id}", words)


def _tell(
    session: Session, actor: Actor, now: datetime, item: ActionItem, recipient_id: UUID | None, occasion: str, words: Words
) -> None:
    recipient = session.get(User, recipient_id) if recipient_id and recipient_id != actor.user_id else None
    if recipient is None or recipient.disabled_at is not None:
        return
    with i18n.speaking(recipient.locale):
        subject, text = words()
    queue_messages(session, now=now, drafts=[_draft(item, recipient.id, occasion, subject, text)])


def _draft(item: ActionItem, recipient_id: UUID, occasion: str, subject: str, text: str) -> Draft:
    key = f"{occasion}:{item.id}:{recipient_id}:{item.version}"
    return Draft(recipient_id, KIND, subject, text, Ref("action_item", item.id), item_url(item.id), key)
