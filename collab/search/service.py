"""Writes the index."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from collab.kernel import targets
from collab.kernel.targets import TargetInfo
from collab.kernel.text import bigrams, fold
from collab.search.models import SearchEntry


def reindex(session: Session, kind: str, keys: Sequence[UUID]) -> int:
    """Write the rows of ``keys`` anew from their kind's search texts; return how many are findable now.

    An object whose kind returns no text for it (removed, a draft) leaves the index.
    """
    target_kind = targets.kinds()[kind]
    texts = target_kind.search_texts(session, list(keys))
    infos = {info.id: info for info in target_kind.load(session, list(texts))} if texts else {}
    gone = [key for key in keys if key not in infos]
    if gone:
        session.connection().execute(sa.delete(SearchEntry).where(SearchEntry.kind == kind, SearchEntry.target_id.in_(gone)))
    rows = [_row(kind, infos[key], text) for key, text in texts.items() if key in infos]
    if rows:
        statement = postgresql.insert(SearchEntry).values(rows)
        columns = ("committee_id", "folded", "grams", "updated_at")
        session.connection().execute(
            statement.on_conflict_do_update(
                index_elements=["kind", "target_id"], set_={name: statement.excluded[name] for name in columns}
            )
        )
    return len(rows)


def _row(kind: str, info: TargetInfo, text: str) -> dict[str, object]:
    whole = f"{info.number} {info.title} {text}"
    return {
        "kind": kind,
        "target_id": info.id,
        "committee_id": info.committee_id,
        "folded": fold(whole),
        "grams": bigrams(whole),
        # The database's clock: the index orders what it shows, it is no evidence of when anything happened.
        "updated_at": sa.func.clock_timestamp(),
    }
