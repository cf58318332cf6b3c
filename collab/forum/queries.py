"""Reads of posts."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.forum.models import Post
from collab.kernel.paging import Key, Page, keyset

_OLDEST = (Key(Post.id, lambda row: row.id),)


def list_posts(session: Session, target_id: UUID, cursor: str | None = None) -> Page[Post]:
    """Return a page of the posts beside one object, oldest first, the removed ones with them."""
    return keyset(session, sa.select(Post).where(Post.target_id == target_id), _OLDEST, cursor, scalars=True)


def posts_by_ids(session: Session, keys: Sequence[UUID]) -> list[Post]:
    """Return the posts with these ids."""
    return list(session.scalars(sa.select(Post).where(Post.id.in_(keys))))
