"""Witnesses: who they are, what they have cosigned, how fresh that is, and the two ways to them (HTTP, and a file that is carried)."""

import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from collab.history.log_models import LogCheckpoint, LogCosignature, LogKey, LogWitness
from collab.history.sealing.keys import verify_with_openssl
from collab.history.sealing.seal import newest_checkpoint
from collab.history.sealing.tree import TreeReader
from collab.history.tracking import act
from collab.history.verifier.notes import (
    WITNESS_KEY,
    BadNote,
    cosigned_at,
    parse_key,
    parse_note,
)
from collab.history.verifier.witness import request_text
from collab.kernel.access import Actor
from collab.kernel.errors import InvalidInput, NotFound
from collab.kernel.i18n import _
from collab.kernel.ids import new_id

TIMEOUT_SECONDS = 10
MOST_ANSWER = 64 * 1024


class Refused(RuntimeError):
    """A witness did not cosign; ``status`` as HTTP has it, ``size`` what it remembers (409)."""

    def __init__(self, status: int, text: str) -> None:
        """Take the witness's answer."""
        self.status = status
        self.size = int(text) if status == 409 and text.strip().isdigit() else None
        super().__init__(f"{status} {text.strip()[:200]}")


@dataclass(frozen=True)
class Freshness:
    """How a witness stands: the size that it cosigned last, and when it did."""

    witness: LogWitness
    size: int | None
    cosigned_at: datetime | None


def add_witness(session: Session, *, actor: Actor, now: datetime, vkey: str, operator: str, url: str = "", is_audit_office: bool = False) -> LogWitness:  # fmt: skip
    """Record a witness by its public key. The caller has decided that ``actor`` may. Raises InvalidInput."""
    try:
        key = parse_key(vkey.strip())
    except BadNote:
        key = None
    if key is None or key.kind != WITNESS_KEY:
        raise InvalidInput({"vkey": _("This is not the public key of a witness.")})
    if url and not url.startswith(("http://", "https://")):
        raise InvalidInput({"url": _("The address must begin with http:// or https://.")})
    if find_witness(session, key.name) is not None:
        raise InvalidInput({"vkey": _("There is a witness with this name already.")})
    row = LogWitness(
        id=new_id(),
        name=key.name,
        vkey=str(key),
        operator=operator,
        url=url.rstrip("/"),
        is_audit_office=is_audit_office,
        added_at=now,
    )
    with act(session, verb="log.witness_added", actor=actor, now=now, subject=row):
        session.add(row)
    return row


def retire_witness(session: Session, *, actor: Actor, now: datetime, name: str, reason: str) -> None:
    """Ask a witness no more; what it cosigned stays. Raises NotFound."""
    row = find_witness(session, name)
    if row is None or row.retired_at is not None:
        raise NotFound("log_witness", name)
    with act(session, verb="log.witness_retired", actor=actor, now=now, subject=row, reason=reason):
        row.retired_at = now


def find_witness(session: Session, name: str) -> LogWitness | None:
    """Return the witness of this name."""
    return session.scalars(sa.select(LogWitness).where(LogWitness.name == name)).one_or_none()


def list_witnesses(session: Session) -> list[Freshness]:
    """Return the witnesses that are asked, with what each cosigned last; one query."""
    newest = (
        sa.select(LogCosignature.witness, LogCosignature.size, LogCosignature.cosigned_at)
        .ext(postgresql.distinct_on(LogCosignature.witness))
        .order_by(LogCosignature.witness, LogCosignature.size.desc())
        .subquery()
    )
    statement = (
        sa.select(LogWitness, newest.c.size, newest.c.cosigned_at)
        .outerjoin(newest, newest.c.witness == LogWitness.name)
        .where(LogWitness.retired_at.is_(None))
        .order_by(LogWitness.is_audit_office.desc(), LogWitness.name)
    )
    return [Freshness(row[0], row[1], row[2]) for row in session.execute(statement)]


def request_for(session: Session, witness: LogWitness, old: int | None = None) -> tuple[int, str] | None:
    """Return the newest checkpoint's size and the request that brings it to ``witness``; None when it has that one already.

    ``old`` is what the witness said that it remembers; else the size that it cosigned last.
    """
    checkpoint = newest_checkpoint(session)
    if checkpoint is None:
        return None
    last = session.scalar(sa.select(sa.func.max(LogCosignature.size)).where(LogCosignature.witness == witness.name)) or 0
    known = last if old is None else old
    if last == checkpoint.size or known > checkpoint.size:
        return None
    proof = TreeReader(session, checkpoint.size).consistency(known) if 0 < known < checkpoint.size else []
    return checkpoint.size, request_text(known, proof, checkpoint.note)


def accept(session: Session, witness: LogWitness, size: int, line: str, *, now: datetime) -> None:
    """Keep a witness's line under the checkpoint of ``size`` after checking it. Raises InvalidInput for one that is not its own."""
    checkpoint = session.get(LogCheckpoint, size)
    moment = None
    if checkpoint is not None:
        try:
            moment = cosigned_at(
                parse_note(checkpoint.note + line.rstrip("\n") + "\n"), parse_key(witness.vkey), verify_with_openssl
            )
        except BadNote:
            moment = None
    if moment is None:
        raise InvalidInput({"answer": _("This is not the witness's signature under that checkpoint.")})
    statement = postgresql.insert(LogCosignature).values(
        size=size,
        witness=witness.name,
        line=line.rstrip("\n") + "\n",
        cosigned_at=datetime.fromtimestamp(moment, UTC),
        received_at=now,
    )
    session.execute(statement.on_conflict_do_nothing())


class _Stays(urllib.request.HTTPRedirectHandler):
    """Follows nobody: whoever runs a witness must not send this machine on, to addresses that only it can reach."""

    def redirect_request(self, *_request: Any) -> None:
        """Return nothing, which makes the answer a refusal."""


def bring(url: str, request: str) -> str:
    """Bring a request to the witness at ``url`` and return its signature line. Raises Refused (a redirection too), OSError."""
    asked = urllib.request.Request(f"{url}/add-checkpoint", data=request.encode(), method="POST")  # noqa: S310 - checked when added
    try:
        with urllib.request.build_opener(_Stays).open(asked, timeout=TIMEOUT_SECONDS) as answer:
            return str(answer.read(MOST_ANSWER).decode("utf-8", "replace"))
    except urllib.error.HTTPError as error:
        raise Refused(error.code, error.read(MOST_ANSWER).decode("utf-8", "replace")) from None


def policy_text(session: Session, *, municipalities_needed: int | None = None) -> str:
    """Return a policy to start from: the log's keys, all witnesses, and as quorum the audit office and a majority of the others.

    The auditor keeps a copy of their own and decides; what the server says of its own trustworthiness proves nothing.
    """
    keys = list(session.scalars(sa.select(LogKey).order_by(LogKey.from_size)))
    lines = []
    for key, after in zip(keys, [*keys[1:], None], strict=True):
        last = "" if after is None else str(after.from_size - 1)
        lines.append(f"log {key.vkey} # sizes {key.from_size}-{last}")
    found = [fresh.witness for fresh in list_witnesses(session)]
    lines += [f"witness {row.name} {row.vkey} # {row.operator}" for row in found]
    office, others = [row.name for row in found if row.is_audit_office], [row.name for row in found if not row.is_audit_office]
    needed = municipalities_needed or len(others) // 2 + 1
    if others:
        lines.append(f"group members {needed} {' '.join(others)}")
    chosen = [*office, *(["members"] if others else [])]
    if len(chosen) > 1:
        lines.append(f"group all-of-them all {' '.join(chosen)}")
    quorum = "all-of-them" if len(chosen) > 1 else chosen[0] if chosen else "none"
    return "\n".join([*lines, f"quorum {quorum}"]) + "\n"
