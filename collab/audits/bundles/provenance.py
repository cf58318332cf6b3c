"""The events of a bundle as PROV-JSON (W3C member submission of 24 April 2013): who did what, and what came of it."""

import json
from collections.abc import Sequence
from typing import Any

from collab.history.origin import origin

_RELATIONS = ("wasGeneratedBy", "wasAssociatedWith", "actedOnBehalfOf", "wasDerivedFrom")


def provenance(bodies: Sequence[dict[str, Any]]) -> bytes:
    """Return the events: each an activity, each state that it made an entity, each actor an agent. A type is a qualified name."""
    found: dict[str, dict[str, Any]] = {name: {} for name in ("entity", "activity", "agent", *_RELATIONS)}
    last: dict[str, str] = {}
    for number, body in enumerate(bodies):
        subject = body["subject"]
        event, entity = f"log:event/{body['id']}", f"log:{subject['type']}/{subject['id']}/{body['id']}"
        actor = f"log:agent/{body['actor']['id'] or body['actor']['job'] or 'system'}"
        # An activity cannot end before it began: what was recorded ahead of its effect began when it was recorded.
        began = min(body["occurred"], body["recorded"])
        found["activity"][event] = {
            "prov:type": _name(f"log:action/{body['action']}"), "prov:startTime": began, "prov:endTime": body["recorded"],
        }  # fmt: skip
        found["entity"][entity] = {"prov:type": _name(f"log:kind/{subject['type']}")}
        found["agent"][actor] = {"prov:type": _name("prov:Person" if body["actor"]["id"] else "prov:SoftwareAgent")}
        found["wasGeneratedBy"][f"_:g{number}"] = {"prov:entity": entity, "prov:activity": event}
        found["wasAssociatedWith"][f"_:a{number}"] = {"prov:activity": event, "prov:agent": actor}
        represented = body["obo"] or body["actor"]["org"]
        if represented:
            organisation = f"log:organisation/{represented}"
            found["agent"][organisation] = {"prov:type": _name("prov:Organization")}
            found["actedOnBehalfOf"][f"_:o{number}"] = {
                "prov:delegate": actor, "prov:responsible": organisation, "prov:activity": event,
            }  # fmt: skip
        if subject["id"] in last:
            found["wasDerivedFrom"][f"_:d{number}"] = {"prov:generatedEntity": entity, "prov:usedEntity": last[subject["id"]]}
        last[subject["id"]] = entity
    document = {"prefix": {"log": f"https://{origin()}/"}, **{name: part for name, part in found.items() if part}}
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"


def _name(name: str) -> dict[str, str]:
    """Return a qualified name as a typed value, so that no reader takes it for text."""
    return {"$": name, "type": "prov:QUALIFIED_NAME"}
