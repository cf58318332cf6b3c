"""Reads of files."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.documents.models import Document
from collab.kernel import targets
from collab.kernel.access import Actor, Role
from collab.kernel.errors import NotFound
from collab.kernel.targets import Ref


def list_documents(session: Session, refs: Collection[Ref]) -> dict[Ref, list[Document]]:
    """Return the files attached to each of ``refs``, oldest first, without the removed ones; one query."""
    found: dict[Ref, list[Document]] = defaultdict(list)
    wanted = set(refs)
    if not wanted:
        return {}
    rows = session.scalars(
        sa.select(Document)
        .where(Document.target_id.in_({ref.id for ref in wanted}), Document.removed_at.is_(None))
        .order_by(Document.uploaded_at, Document.id)
    )
    for row in rows:
        ref = Ref(row.target_kind, row.target_id)
        if ref in wanted:
            found[ref].append(row)
    return dict(found)


def documents_by_ids(session: Session, keys: Sequence[UUID]) -> list[Document]:
    """Return the files with the ids, removed or not."""
    return list(session.scalars(sa.select(Document).where(Document.id.in_(keys))))


def lock_document(session: Session, document_id: UUID) -> Document:
    """Return the file's row locked for a change; raise NotFound."""
    row = session.scalar(
        sa.select(Document).where(Document.id == document_id).with_for_update().execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound("document", document_id)
    return row


def get_document(session: Session, actor: Actor, document_id: UUID) -> Document:
    """Return the file when ``actor`` may see it; raise NotFound otherwise."""
    row = session.get(Document, document_id)
    if row is None or document_id not in visible_ids(session, actor, [row]):
        raise NotFound("document", document_id)
    return row


def visible_ids(session: Session, actor: Actor, rows: Sequence[Document]) -> set[UUID]:
    """Return the ids of those files whose object ``actor`` may see. A removed file stays visible to auditors only."""
    allowed = targets.visible(session, actor, {Ref(row.target_kind, row.target_id) for row in rows})
    return {
        row.id
        for row in rows
        if Ref(row.target_kind, row.target_id) in allowed and (row.removed_at is None or actor.has(Role.AUDITOR))
    }
