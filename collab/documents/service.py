"""Keep a file; remove one."""

from datetime import datetime
from pathlib import Path, PurePath
from typing import IO
from uuid import UUID

from sqlalchemy.orm import Session

from collab import history
from collab.documents import heic, photos, queries, rules, storage
from collab.documents.models import Document
from collab.documents.policy import Holding
from collab.kernel import targets
from collab.kernel.access import Actor, Permission, authorize
from collab.kernel.db import check_version
from collab.kernel.errors import InvalidInput, NotFound, StateConflict
from collab.kernel.i18n import _
from collab.kernel.ids import new_id
from collab.kernel.targets import Ref
from collab.kernel.text import normalise

NOTE_LENGTH = 1000


def store_file(session: Session, *, actor: Actor, now: datetime, stream: IO[bytes], filename: str, target: Ref, note: str = "",
               keep_position: bool = False) -> Document:  # fmt: skip
    """Keep the bytes of ``stream`` as a file of ``target`` and return its row.

    The caller has decided that ``actor`` may attach to ``target``. A photo loses the place where it was taken unless
    ``keep_position``; one in HEIC is kept as JPEG. Raises InvalidInput({"file": …}) for a file that is empty, too big, of a kind that is not kept, or whose
    name claims another kind. Writes the act ``document.stored``; call it outside other acts.
    """
    name = rules.clean_filename(filename)
    words = normalise(note)
    if len(words) > NOTE_LENGTH:
        raise InvalidInput(
            {"note": _("Use at most %(most)s characters; this has %(length)s.", most=NOTE_LENGTH, length=len(words))}
        )
    store = storage.store()
    try:
        with store.receive(stream) as path:
            media_type = _checked_type(path, rules.ending_of(name))
            if media_type == heic.MEDIA_TYPE:
                media_type, name = _as_jpeg(path, name)
            if media_type in photos.PICTURES and not keep_position:
                _strip(path, media_type)
            sha256, size = store.keep(path)
    except storage.TooBig:
        raise InvalidInput({"file": too_big_message(store.most_bytes)}) from None
    document = Document(
        id=new_id(), sha256=sha256, size=size, media_type=media_type, filename=name, target_kind=target.kind, target_id=target.id,
        note=words, uploaded_by=actor.user_id, organisation_id=actor.organisation_id, uploaded_at=now,
    )  # fmt: skip
    with history.act(session, verb="document.stored", actor=actor, now=now, subject=document) as act:
        act.attachments.append({"sha256": sha256})
        session.add(document)
    return document


def remove_document(session: Session, *, actor: Actor, now: datetime, document_id: UUID, reason: str,
                    expected_version: int | None = None) -> Document:  # fmt: skip
    """Take a file out of sight, with the reason; its bytes and its history stay.

    Raises NotFound when ``actor`` may not see it, NotAllowed, VersionConflict, StateConflict when it is removed already, and
    InvalidInput({"reason": …}) when no reason is given.
    """
    document = queries.lock_document(session, document_id)
    if document.id not in queries.visible_ids(session, actor, [document]):
        raise NotFound("document", document_id)
    authorize(actor, Permission.DOCUMENT_REMOVE, holding(session, document))
    check_version(document, expected_version)
    if document.removed_at is not None:
        raise StateConflict(_("This file has been removed already."))
    words = normalise(reason)
    if not words:
        raise InvalidInput({"reason": _("Say why the file is removed.")})
    with history.act(session, verb="document.removed", actor=actor, now=now, subject=document, reason=words):
        document.removed_at = now
    return document


def holding(session: Session, document: Document) -> Holding:
    """Return what the policy looks at: whose file it is, and in which committee."""
    ref = Ref(document.target_kind, document.target_id)
    info = targets.load(session, [ref]).get(ref)
    return Holding(document.organisation_id, info.committee_id if info else None, document.uploaded_by)


def too_big_message(most_bytes: int) -> str:
    """Say how large a file may be."""
    return _("The file is larger than %(most)s MB. Send a smaller one.", most=most_bytes // (1024 * 1024))


def _checked_type(path: Path, ending: str) -> str:
    if path.stat().st_size == 0:
        raise InvalidInput({"file": _("The file is empty.")})
    media_type = rules.media_type_of(path, ending)
    if media_type is None:
        kinds = ", ".join(rules.ALLOWED_ENDINGS)
        raise InvalidInput(
            {"file": _("This kind of file is not kept, or its name does not fit its content. Kinds: %(kinds)s.", kinds=kinds)}
        )
    return media_type


def _as_jpeg(path: Path, name: str) -> tuple[str, str]:
    """Decode the HEIC picture at ``path``; return its new kind and name."""
    try:
        heic.to_jpeg(path)
    except heic.UndecodablePicture:
        raise InvalidInput({"file": _("The photo cannot be read; it may be damaged.")}) from None
    return "image/jpeg", rules.clean_filename(PurePath(name).stem + ".jpg")


def _strip(path: Path, media_type: str) -> None:
    try:
        path.write_bytes(photos.without_position(path.read_bytes(), media_type))
    except photos.UnreadablePhoto:
        raise InvalidInput({"file": _("The photo cannot be read; it may be damaged.")}) from None
