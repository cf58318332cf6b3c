"""Who may be notified of a post at once, and telling them: people of the committee, only those who may see the object."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from collab.forum.models import Post
from collab.kernel import targets
from collab.kernel.access import Actor
from collab.kernel.clock import today
from collab.kernel.errors import InvalidInput
from collab.kernel.i18n import _, speaking
from collab.kernel.targets import Ref, TargetInfo
from collab.members import account_queries, queries
from collab.members.models import User
from collab.members.rules import name_of
from collab.notices.service import queue_message

#: Nobody calls a whole province together by one post.
MOST = 10
LONGEST_QUOTE = 300


def people_to_choose(session: Session, actor: Actor, info: TargetInfo, now: datetime) -> dict[UUID, User]:
    """Return the people of the object's committee or organisation but ``actor``, in the order of their names, with one query."""
    found = queries.people_around(session, info.committee_id, info.organisation_id, today(now))
    return {row.id: row for row in found if row.id != actor.user_id}


def check(
    session: Session, people: Mapping[UUID, User], chosen: Collection[UUID], text: str, info: TargetInfo, now: datetime
) -> list[User]:
    """Return who is to be told: the chosen people, and those whom ``text`` names after an @.

    Raises InvalidInput for a chosen one who is not among ``people`` or may not see the object; one who is only named is left out then.
    """
    if set(chosen) - set(people):
        raise InvalidInput({"mention": _("Choose people of the list.")})
    wanted = [*chosen, *(key for key, row in people.items() if key not in chosen and _is_named(row, text))]
    if len(wanted) > MOST:
        raise InvalidInput({"mention": _("Notify at most %(num)s people at once.", num=MOST)})
    found = []
    for user in (people[key] for key in wanted):
        reader = account_queries.load_actor(session, user.id, user.organisation_id, now)
        ref = Ref(info.kind, info.id)
        if ref in targets.visible(session, reader, [ref]):
            found.append(user)
        elif user.id in chosen:
            raise InvalidInput({"mention": _("%(name)s may not see this and cannot be notified.", name=name_of(user))})
    return found


def tell(session: Session, actor: Actor, now: datetime, post: Post, info: TargetInfo, people: Collection[User]) -> None:
    """Tell each of ``people`` at once that somebody addresses them."""
    author = session.get_one(User, post.author_id)
    for user in people:
        with speaking(user.locale):
            subject = _("%(name)s addresses you: %(title)s", name=name_of(author), title=info.title)
        queue_message(
            session, now=now, recipient_id=user.id, kind="forum", subject=subject, text=post.text[:LONGEST_QUOTE],
            target=Ref(info.kind, info.id), url=f"/forum/{info.kind}/{info.id}", dedupe_key=f"mention:{post.id}:{user.id}", urgent=True,
        )  # fmt: skip


def _is_named(user: User, text: str) -> bool:
    """Say whether ``text`` names the person after an @, in either language, with or without the spaces."""
    folded = "".join(text.lower().split())
    names = ("".join(name.lower().split()) for name in (user.name_th, user.name_en) if name)
    return any(f"@{name}" in folded for name in names)
