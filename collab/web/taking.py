"""What leaves the product, and what an auditor opens, is told: as a file taken away, or as an object read.

A file leaves only after its taking is recorded: if recording fails, the answer is an error and no file (history design, R11).
Who records is an area's affair (`audits`).
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from flask import Flask, Response, g, request

from collab.kernel import targets
from collab.kernel.access import Actor, Role
from collab.kernel.events import publish
from collab.kernel.targets import Ref
from collab.web.context import find_actor, request_now, unit_of_work

LONGEST_PLACE = 500


@dataclass(frozen=True)
class FileTaken:
    """``actor`` takes a file with this fingerprint away, of ``target`` (None: of no single object), asked for at ``place``."""

    actor: Actor
    now: datetime
    target: Ref | None
    place: str
    sha256: str
    #: How many rows it has, when that is known.
    count: int | None


@dataclass(frozen=True)
class ObjectRead:
    """``actor`` was shown ``target``: an auditor by a page, anybody through the API or a calendar's link."""

    actor: Actor
    now: datetime
    target: Ref


def note_file(fingerprint: str, *, target: Ref | None = None, count: int | None = None) -> None:
    """Say that the answer under way is a file with this SHA-256 (hexadecimal); what was said first of it stays."""
    if "file_taken" not in g:
        g.file_taken = (fingerprint, target, count)


def fingerprint_of(body: bytes) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    return sha256(body).hexdigest()


def note_reader(actor: Actor, target: Ref) -> None:
    """Say that the answer under way shows ``target`` to ``actor``, who is not signed in here: a link speaks for them."""
    g.reader_by_link = ObjectRead(actor, request_now(), target)


def register_taking(app: Flask) -> None:
    """Install the hook on ``app``."""
    app.after_request(_tell)


def _tell(response: Response) -> Response:
    fact = _fact() if request.method == "GET" and response.status_code in (200, 206) else None
    if fact is not None:
        with unit_of_work() as session:
            publish(session, fact)
    return response


def _fact() -> FileTaken | ObjectRead | None:
    by_link: ObjectRead | None = g.get("reader_by_link")
    if by_link is not None:
        return by_link
    actor = find_actor()
    if actor is None or actor.user_id is None:
        return None
    target = target_of_request()
    if "file_taken" in g:
        fingerprint, named, count = g.file_taken
        return FileTaken(actor, request_now(), named or target, request.full_path.rstrip("?")[:LONGEST_PLACE], fingerprint, count)
    if target is not None and (actor.has(Role.AUDITOR) or request.path.startswith("/api/")):
        return ObjectRead(actor, request_now(), target)
    return None


def target_of_request() -> Ref | None:
    """Return the object that the address names, None when it names none that has a page.

    An argument ``plan_id`` of the area ``action_plans`` is the kind ``action_plan``; ``kind`` and ``target_id`` name any.
    """
    given = request.view_args or {}
    kinds = targets.kinds()
    if given.get("kind") in kinds and isinstance(given.get("target_id"), UUID):
        return Ref(given["kind"], given["target_id"])
    area = (request.blueprint or "").split("_")[0].removesuffix("s")
    for name, value in given.items():
        word = name.removesuffix("_id")
        kind = word if word in kinds else f"{area}_{word}"
        if isinstance(value, UUID) and kind in kinds:
            return Ref(kind, value)
    return None
