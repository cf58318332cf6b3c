"""Files in words."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from collab.documents.models import Document
from collab.kernel import targets
from collab.kernel.access import Actor
from collab.kernel.i18n import _, lazy
from collab.kernel.targets import Ref, TargetInfo
from collab.members import queries as members

KINDS = {
    "application/pdf": lazy("PDF document"),
    "image/png": lazy("Picture (PNG)"),
    "image/jpeg": lazy("Photo (JPEG)"),
    "image/webp": lazy("Picture (WebP)"),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": lazy("Word document"),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": lazy("Excel sheet"),
    "application/vnd.oasis.opendocument.text": lazy("OpenDocument text"),
    "application/vnd.oasis.opendocument.spreadsheet": lazy("OpenDocument sheet"),
    "text/csv": lazy("Table (CSV)"),
    "text/plain": lazy("Plain text"),
}


@dataclass(frozen=True)
class DocumentView:
    """What the page of a file says beside the row itself."""

    kind: str
    uploader: str
    organisation: str
    target: TargetInfo | None
    why: list[TargetInfo]


def size_in_words(size: int) -> str:
    """Return a size in bytes as people read it: ``820 B``, ``3.4 MB`` (1 MB is 1,048,576 bytes)."""
    if size < 1024:
        return _("%(size)s bytes", size=size)
    if size < 1024 * 1024:
        return _("%(size)s kB", size=f"{size / 1024:,.0f}")
    return _("%(size)s MB", size=f"{size / 1024 / 1024:,.1f}")


def target_of(session: Session, actor: Actor, document: Document) -> TargetInfo | None:
    """Return what the file is attached to, when ``actor`` may see it."""
    ref = Ref(document.target_kind, document.target_id)
    return targets.resolve(session, actor, [ref]).get(ref)


def present(session: Session, actor: Actor, document: Document) -> DocumentView:
    """Return the file's kind, people and place in words."""
    users = members.user_names(session, {document.uploaded_by} - {None})
    organisations = members.organisation_names(session, {document.organisation_id} - {None})
    return DocumentView(
        kind=str(KINDS[document.media_type]),
        uploader=users.get(document.uploaded_by, "") if document.uploaded_by else _("The system"),
        organisation=organisations.get(document.organisation_id, "") if document.organisation_id else "",
        target=target_of(session, actor, document),
        why=targets.why(session, actor, Ref("document", document.id)),
    )
