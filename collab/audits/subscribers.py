"""Reactions to what the web tells: files taken away and objects read become records of the person, and so events."""

from sqlalchemy.orm import Session

from collab.audits import service
from collab.kernel.events import subscribe
from collab.web.taking import FileTaken, ObjectRead

#: An auditor's own work: opening it again is no reading of somebody's record.
OWN_WORK = frozenset({"finding", "audit_access", "audit_note", "audit_reading", "audit_sample", "audit_sample_row"})


def record_taking(session: Session, fact: FileTaken) -> None:
    """Record the file."""
    service.record_export(
        session, actor=fact.actor, now=fact.now, target=fact.target, query=fact.place, count=fact.count, sha256=fact.sha256
    )


def record_read(session: Session, fact: ObjectRead) -> None:
    """Record the reading, once a day."""
    if fact.target.kind not in OWN_WORK:
        service.record_reading(session, actor=fact.actor, now=fact.now, target=fact.target)


def install() -> None:
    """React to files and readings."""
    subscribe(FileTaken)(record_taking)
    subscribe(ObjectRead)(record_read)
