"""Writing and removing posts."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab import history
from collab.forum import mentions
from collab.forum.models import Post
from collab.kernel import targets
from collab.kernel.access import Actor, Permission, authorize, can
from collab.kernel.errors import NotAllowed, NotFound, StateConflict
from collab.kernel.i18n import _
from collab.kernel.targets import Ref, TargetInfo


def visible_target(session: Session, actor: Actor, ref: Ref) -> TargetInfo:
    """Return the object that is talked about; NotFound when there is none that ``actor`` may see."""
    info = targets.resolve(session, actor, [ref]).get(ref)
    if info is None:
        raise NotFound(ref.kind, ref.id)
    return info


def write(session: Session, *, actor: Actor, now: datetime, target: Ref, text: str, mention: Collection[UUID] = ()) -> Post:
    """Write a post beside an object; those in ``mention``, and whom the text names after an @, are told at once.

    Raises NotFound, NotAllowed, InvalidInput for somebody who may not see the object.
    """
    info = visible_target(session, actor, target)
    authorize(actor, Permission.FORUM_POST, info)
    if actor.user_id is None or actor.organisation_id is None:
        raise NotAllowed(Permission.FORUM_POST.value)
    told = mentions.check(session, mentions.people_to_choose(session, actor, info, now), mention, text, info, now)
    post = Post(
        target_kind=target.kind, target_id=target.id, author_id=actor.user_id, organisation_id=actor.organisation_id,
        committee_id=info.committee_id, text=text, written_at=now,
    )  # fmt: skip
    with history.act(session, verb="post.written", actor=actor, now=now, subject=post):
        session.add(post)
        session.flush()
    mentions.tell(session, actor, now, post, info, told)
    return post


def remove(session: Session, *, actor: Actor, now: datetime, post_id: UUID, reason: str) -> Post:
    """Remove a post, one's own or as coordinator, with the reason. Raises NotFound, NotAllowed, StateConflict."""
    post = _lock(session, actor, post_id)
    if post.author_id != actor.user_id and not can(actor, Permission.FORUM_MODERATE, post):
        raise NotAllowed(Permission.FORUM_MODERATE.value)
    if post.removed_at is not None:
        raise StateConflict(_("The post was removed before."))
    with history.act(session, verb="post.removed", actor=actor, now=now, subject=post, reason=reason):
        post.removed_at = now
    return post


def _lock(session: Session, actor: Actor, post_id: UUID) -> Post:
    post = session.scalars(sa.select(Post).where(Post.id == post_id).with_for_update()).one_or_none()
    if post is None:
        raise NotFound("post", post_id)
    visible_target(session, actor, Ref(post.target_kind, post.target_id))
    return post
