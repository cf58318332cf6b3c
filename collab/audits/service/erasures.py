"""Erasing personal values from the history (PDPA s.33): one person asks with the legal ground, another carries it out or declines."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab import history
from collab.audits.models import ErasureRequest, RequestState
from collab.history import erasure
from collab.kernel.access import Actor, Permission, Role, Scope, authorize
from collab.kernel.clock import today
from collab.kernel.db import check_version
from collab.kernel.errors import InvalidInput, NotAllowed, NotFound, StateConflict
from collab.kernel.i18n import _, speaking
from collab.kernel.ids import new_id
from collab.kernel.targets import Ref
from collab.members import queries as members
from collab.notices import service as notices


def ask_erasure(session: Session, *, actor: Actor, now: datetime, target: Ref, path: str, ground: str) -> ErasureRequest:
    """Ask that all values at ``path`` of ``target`` be erased. Raises NotAllowed; InvalidInput when none can be read any more."""
    authorize(actor, Permission.PRIVACY_ERASE, None)
    if actor.user_id is None:
        raise NotAllowed(Permission.PRIVACY_ERASE.value)
    if path not in erasure.open_paths(session, target.id):
        raise InvalidInput({"path": _("There is nothing left to erase.")})
    made = ErasureRequest(
        id=new_id(), target_kind=target.kind, target_id=target.id, path=path, ground=ground, asked_by_id=actor.user_id, asked_at=now,
        state=RequestState.ASKED,
    )  # fmt: skip
    with history.act(session, verb="erasure.asked", actor=actor, now=now, subject=made, reason=ground):
        session.add(made)
    _tell_others(session, actor, now, made)
    return made


def _tell_others(session: Session, actor: Actor, now: datetime, made: ErasureRequest) -> None:
    """Tell every other administrator that a second person is needed; what is to be erased stands on the page, not in a mail."""
    for user in members.users_with_role(session, Role.ADMINISTRATOR, Scope.INSTALLATION, None, today(now)):
        if user.id == actor.user_id:
            continue
        with speaking(user.locale):
            notices.queue_message(
                session, now=now, recipient_id=user.id, kind="erasure", subject=_("A request to erase personal data waits for you"),
                text=_("Another administrator asked that personal data be erased from the history. Carry it out or decline it."),
                url="/audit/erasures", dedupe_key=f"{made.id}:asked:{user.id}",
            )  # fmt: skip


def carry_out(session: Session, *, actor: Actor, now: datetime, request_id: UUID, expected_version: int | None) -> ErasureRequest:
    """Erase what was asked, as a second person. Raises NotFound, NotAllowed, VersionConflict, StateConflict, InvalidInput."""
    found = _open_request(session, actor, request_id, expected_version)
    places = erasure.places_at(session, found.target_id, found.path)
    decision = erasure.erase(session, actor=actor, second_person=found.asked_by_id, now=now, places=places, ground=found.ground)
    session.flush()
    with history.act(session, verb="erasure.carried_out", actor=actor, now=now, subject=found, second_person=found.asked_by_id):
        found.state, found.decided_by_id, found.decided_at = RequestState.CARRIED_OUT, actor.user_id, now
        found.decision_id = decision.id
    return found


def decline(session: Session, *, actor: Actor, now: datetime, request_id: UUID, expected_version: int | None) -> ErasureRequest:
    """Decline a request, as a second person: the record is kept. Raises as `carry_out`."""
    found = _open_request(session, actor, request_id, expected_version)
    with history.act(session, verb="erasure.declined", actor=actor, now=now, subject=found):
        found.state, found.decided_by_id, found.decided_at = RequestState.DECLINED, actor.user_id, now
    return found


def _open_request(session: Session, actor: Actor, request_id: UUID, expected_version: int | None) -> ErasureRequest:
    authorize(actor, Permission.PRIVACY_ERASE, None)
    statement = sa.select(ErasureRequest).where(ErasureRequest.id == request_id)
    found = session.scalars(statement.with_for_update().execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise NotFound("erasure_request", request_id)
    check_version(found, expected_version)
    if found.state is not RequestState.ASKED:
        raise StateConflict(_("This request was decided already."))
    if actor.user_id is None or actor.user_id == found.asked_by_id:
        raise StateConflict(_("A second person must confirm."))
    return found


def list_requests(session: Session, most: int = 100) -> list[ErasureRequest]:
    """Return the newest requests, ``most`` at most."""
    return list(
        session.scalars(sa.select(ErasureRequest).order_by(ErasureRequest.asked_at.desc(), ErasureRequest.id).limit(most))
    )
