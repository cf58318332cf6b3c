"""A refused attempt is itself a fact: who tried what. It is told in a transaction of its own, because the attempt's is undone."""

import logging
from dataclasses import dataclass
from datetime import datetime

from flask import request

from collab.kernel.access import Actor
from collab.kernel.events import publish
from collab.web.context import find_actor, request_now, unit_of_work

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class AttemptRefused:
    """``actor`` tried what ``permission`` guards and was refused; ``place`` is the method and the path, without any query."""

    actor: Actor
    now: datetime
    permission: str
    place: str


def tell_refusal(permission: str) -> None:
    """Publish that the request under way was refused to the person who is signed in; a fault in telling hides no refusal."""
    actor = find_actor()
    if actor is None or actor.user_id is None:
        return
    try:
        with unit_of_work() as session:
            publish(session, AttemptRefused(actor, request_now(), permission, f"{request.method} {request.path}"[:300]))
    except Exception:
        logger.exception("a refused attempt was not recorded")
