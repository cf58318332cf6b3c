"""Private notes of an auditor."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab import history
from collab.audits.models import AuditNote
from collab.kernel import targets
from collab.kernel.access import Actor, Permission, authorize
from collab.kernel.errors import NotAllowed, NotFound, StateConflict
from collab.kernel.i18n import _
from collab.kernel.ids import new_id
from collab.kernel.targets import Ref


def write_note(session: Session, *, actor: Actor, now: datetime, target: Ref, text: str) -> AuditNote:
    """Keep a note on ``target`` for the auditor's own eyes. Raises NotFound for an object the auditor may not see, NotAllowed."""
    info = targets.resolve(session, actor, [target]).get(target)
    if info is None:
        raise NotFound(target.kind, target.id)
    authorize(actor, Permission.AUDIT_MANAGE, info)
    if actor.user_id is None:
        raise NotAllowed(Permission.AUDIT_MANAGE.value)
    note = AuditNote(
        id=new_id(), auditor_id=actor.user_id, target_kind=target.kind, target_id=target.id, text=text, written_at=now
    )
    with history.act(session, verb="audit_note.written", actor=actor, now=now, subject=note):
        session.add(note)
    return note


def remove_note(session: Session, *, actor: Actor, now: datetime, note_id: UUID) -> AuditNote:
    """Take one's own note out of sight. Raises NotFound for another's, StateConflict when it is gone already."""
    note = session.scalars(sa.select(AuditNote).where(AuditNote.id == note_id).with_for_update()).one_or_none()
    if note is None or note.auditor_id != actor.user_id:
        raise NotFound("audit_note", note_id)
    if note.removed_at is not None:
        raise StateConflict(_("The note was removed already."))
    with history.act(session, verb="audit_note.removed", actor=actor, now=now, subject=note):
        note.removed_at = now
    return note
