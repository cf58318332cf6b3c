"""Erasing personal values from the history (PDPA s.33): the openings go, the events and every proof stay.

An event holds only a salted commitment, so nothing can be read back once the salt and the value are gone. Backups hold openings
until they run out (90 days at most, `docs/operators.md`); a restored backup is brought up to date with `repeat`.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.history.erasure_models import ErasureDecision, HistoryErasure
from collab.history.models import HistoryEvent, HistoryOpening
from collab.history.tracking import act
from collab.kernel.access import Actor
from collab.kernel.errors import InvalidInput
from collab.kernel.i18n import _
from collab.kernel.ids import new_id

Place = tuple[UUID, str]


def places_of(session: Session, subject_id: UUID, field: str) -> list[Place]:
    """Return where values of ``field`` of one subject can still be read: (event, path), the oldest first."""
    return places_at(session, subject_id, f"state.{field}")


def open_paths(session: Session, subject_id: UUID) -> dict[str, int]:
    """Return the paths at which personal values of one subject can still be read, with how many there are at each."""
    opening = HistoryOpening
    statement = (
        sa.select(opening.path, sa.func.count())
        .join(HistoryEvent, HistoryEvent.id == opening.event_id)
        .where(HistoryEvent.subject_id == subject_id)
        .group_by(opening.path)
        .order_by(opening.path)
    )
    return {row[0]: row[1] for row in session.execute(statement)}


def places_at(session: Session, subject_id: UUID, path: str) -> list[Place]:
    """Return where values at ``path`` of one subject can still be read: (event, path), the oldest first."""
    statement = (
        sa.select(HistoryOpening.event_id, HistoryOpening.path)
        .join(HistoryEvent, HistoryEvent.id == HistoryOpening.event_id)
        .where(HistoryEvent.subject_id == subject_id, HistoryOpening.path == path)
        .order_by(HistoryEvent.recorded_at, HistoryEvent.id)
    )
    return [(row.event_id, row.path) for row in session.execute(statement)]


def erase(
    session: Session, *, actor: Actor, second_person: UUID, now: datetime, places: Sequence[Place], ground: str
) -> ErasureDecision:
    """Erase the openings at ``places`` under a decision by ``actor``, confirmed by ``second_person``, with its legal ``ground``.

    The caller has decided that both may decide this. Raises InvalidInput without a ground, a second person, or anything to erase.
    """
    if not ground.strip():
        raise InvalidInput({"ground": _("Say on which ground the values are erased.")})
    if actor.user_id is None or second_person == actor.user_id:
        raise InvalidInput({"second_person": _("A second person must confirm.")})
    wanted = [place for place in dict.fromkeys(places) if _is_open(session, place)]
    if not wanted:
        raise InvalidInput({"places": _("There is nothing left to erase.")})
    decision = ErasureDecision(
        id=new_id(), ground=ground, decided_by_id=actor.user_id, second_person_id=second_person, decided_at=now,
        places=[{"event": str(event), "path": path} for event, path in wanted],
    )  # fmt: skip
    with act(
        session, verb="privacy.erased", actor=actor, now=now, subject=decision, reason=ground, second_person=second_person
    ) as done:
        session.add(decision)
    _carry_out(session, decision.id, done.event_id, wanted)
    return decision


def _is_open(session: Session, place: Place) -> bool:
    return session.get(HistoryOpening, place) is not None


def _carry_out(session: Session, decision_id: UUID, event_id: UUID, places: Iterable[Place]) -> None:
    for event, path in places:
        session.add(HistoryErasure(event_id=event, path=path, decision_id=decision_id, erasure_event_id=event_id))
        session.flush()
        _take_out(session, event, path)


def _take_out(session: Session, event: UUID, path: str) -> None:
    session.execute(sa.text("SELECT collab_erase_opening(:event, :path)"), {"event": event, "path": path})
    session.expire_all()


def repeat(session: Session, listed: Iterable[dict[str, Any]], *, actor: Actor, now: datetime) -> int:
    """Erase again what a restored backup brought back, after the list that was kept outside; return how many values that were.

    The lines are those of `export_list`. A backup made before a decision has neither the decision nor what was recorded later: the
    decision is recorded anew, as of the day on which it was taken, and what is not there is passed over.
    """
    count, decided_again = 0, dict[UUID, UUID]()
    there = [line for line in listed if session.get(HistoryEvent, UUID(line["event"])) is not None]
    for line in there:
        place, decision_id = (UUID(line["event"]), line["path"]), UUID(line["decision"])
        if session.get(ErasureDecision, decision_id) is None:
            of_decision = [other for other in there if other["decision"] == line["decision"]]
            decided_again[decision_id] = _decide_again(session, of_decision, actor, now)
        if session.get(HistoryErasure, place) is None:
            event_id = decided_again.get(decision_id, UUID(line["erasure"]))
            session.add(HistoryErasure(event_id=place[0], path=place[1], decision_id=decision_id, erasure_event_id=event_id))
            session.flush()
        if _is_open(session, place):
            _take_out(session, *place)
            count += 1
    return count


def _decide_again(session: Session, lines: Sequence[dict[str, Any]], actor: Actor, now: datetime) -> UUID:
    """Record a decision that the backup does not know, as the list tells it; return the event that says so now."""
    told = lines[0]
    decision = ErasureDecision(
        id=UUID(told["decision"]), ground=told["ground"], decided_by_id=UUID(told["decided_by"]),
        second_person_id=UUID(told["second_person"]), decided_at=datetime.fromisoformat(told["decided_at"]),
        places=[{"event": line["event"], "path": line["path"]} for line in lines],
    )  # fmt: skip
    with act(
        session, verb="privacy.erased", actor=actor, now=now, subject=decision, reason=decision.ground,
        second_person=decision.second_person_id, occurred_at=decision.decided_at, occurred_source="document",
    ) as done:  # fmt: skip
        session.add(decision)
    return done.event_id


def export_list(session: Session) -> list[dict[str, str]]:
    """Return everything that was erased and who decided it on which ground, to be kept outside the database."""
    rows = session.execute(
        sa.select(HistoryErasure, ErasureDecision)
        .join(ErasureDecision, ErasureDecision.id == HistoryErasure.decision_id)
        .order_by(HistoryErasure.erasure_event_id, HistoryErasure.path)
    )
    return [
        {
            "event": str(gone.event_id),
            "path": gone.path,
            "decision": str(gone.decision_id),
            "erasure": str(gone.erasure_event_id),
            "decided_by": str(decision.decided_by_id),
            "second_person": str(decision.second_person_id),
            "decided_at": decision.decided_at.isoformat(),
            "ground": decision.ground,
        }
        for gone, decision in rows
    ]
