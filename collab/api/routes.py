"""Version 1 of the API."""

from uuid import UUID

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.api.description import openapi
from collab.api.schemas import event_json, object_json
from collab.history import queries as history_queries
from collab.kernel import targets, turns
from collab.kernel.errors import NotFound
from collab.kernel.targets import Ref, TargetInfo
from collab.search import queries as search
from collab.web.context import current_actor, reading, request_now
from collab.web.routing import public, signed_in

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")


@blueprint.get("/openapi.json")
@public
def description() -> ResponseReturnValue:
    """Return the OpenAPI description."""
    return jsonify(openapi())


@blueprint.get("/search")
@signed_in
def find() -> ResponseReturnValue:
    """Return what is found for ``q``."""
    with reading() as session:
        page = search.find(session, current_actor(), request.args.get("q", ""), cursor=request.args.get("cursor"))
    return jsonify(items=[object_json(hit.info) for hit in page.rows], next=page.next_cursor)


@blueprint.get("/work")
@signed_in
def work() -> ResponseReturnValue:
    """Return what waits for the person."""
    with reading() as session:
        found = turns.work_of(session, current_actor(), request_now())
    tasks = [*found.late, *found.soon, *found.later]
    return jsonify(
        items=[
            {"task": task.label, "due_on": task.due_on.isoformat() if task.due_on else None, "object": object_json(task.info)}
            for task in tasks
        ],
        more=found.more,
    )


@blueprint.get("/objects/<kind>/<uuid:target_id>")
@signed_in
def show(kind: str, target_id: UUID) -> ResponseReturnValue:
    """Return one object and the chain of objects on whose authority it exists, the nearest first."""
    with reading() as session:
        info = _visible(session, kind, target_id)
        chain = targets.why(session, current_actor(), Ref(kind, target_id))
    return jsonify({**object_json(info), "because_of": [object_json(step) for step in chain[1:]]})


@blueprint.get("/objects/<kind>/<uuid:target_id>/history")
@signed_in
def history(kind: str, target_id: UUID) -> ResponseReturnValue:
    """Return the events of one object, newest first."""
    with reading() as session:
        ref = Ref(kind, target_id)
        if ref not in targets.readable(session, current_actor(), [ref]):
            raise NotFound(kind, target_id)
        page = history_queries.list_subject(session, target_id, request.args.get("cursor"))
    return jsonify(items=[event_json(entry) for entry in page.rows], next=page.next_cursor)


def _visible(session: Session, kind: str, target_id: UUID) -> TargetInfo:
    ref = Ref(kind, target_id)
    info = targets.resolve(session, current_actor(), [ref]).get(ref)
    if info is None:
        raise NotFound(kind, target_id)
    return info
