"""Finds objects by their text, showing each person only what they may see."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from collab.kernel import targets
from collab.kernel.access import Actor, Role
from collab.kernel.paging import AnySelect, Key, Page, keyset
from collab.kernel.targets import Ref, TargetInfo
from collab.kernel.text import bigrams, fold
from collab.search.models import SearchEntry

LONGEST_QUERY = 200
_NEWEST = (
    Key(SearchEntry.updated_at, lambda row: row.updated_at, descending=True),
    Key(SearchEntry.target_id, lambda row: row.target_id, descending=True),
)


@dataclass(frozen=True)
class Hit:
    """One object found."""

    info: TargetInfo


def find(session: Session, actor: Actor, query: str, *, kind: str = "", cursor: str | None = None, size: int = 20) -> Page[Hit]:
    """Return a page of what ``actor`` may see and whose text holds every word of ``query``, the last changed first.

    A page may hold fewer than ``size`` rows although there is a next one: what may not be seen is left out after paging.
    """
    words = fold(query[:LONGEST_QUERY]).split()
    if not words:
        return Page([])
    statement: AnySelect = sa.select(SearchEntry.kind, SearchEntry.target_id, SearchEntry.updated_at)
    for word in words:
        if len(word) > 1:
            statement = statement.where(SearchEntry.grams.contains(sa.cast(bigrams(word), postgresql.ARRAY(sa.Text()))))
        statement = statement.where(SearchEntry.folded.contains(word, autoescape=True))
    if kind:
        statement = statement.where(SearchEntry.kind == kind)
    if not any(actor.everywhere(role) for role in (Role.ADMINISTRATOR, Role.AUDITOR, Role.COORDINATOR)):
        mine = SearchEntry.committee_id.in_(actor.committee_ids)
        statement = statement.where(sa.or_(SearchEntry.committee_id.is_(None), mine))
    page = keyset(session, statement, _NEWEST, cursor, size=size)
    refs = [Ref(row.kind, row.target_id) for row in page.rows]
    infos = targets.resolve(session, actor, refs)
    return Page([Hit(infos[ref]) for ref in refs if ref in infos], page.next_cursor, page.previous_cursor)
