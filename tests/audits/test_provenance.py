"""PROV-JSON as the W3C member submission has it: known parts, typed names, references that lead somewhere, times in order."""

import json
import re
from datetime import datetime
from typing import Any

import pytest

from collab.audits.bundles import provenance as module
from collab.audits.bundles.provenance import provenance

#: What a relation must name, and in which part of the document that stands.
REFERENCES = {
    "wasGeneratedBy": {"prov:entity": "entity", "prov:activity": "activity"},
    "wasAssociatedWith": {"prov:activity": "activity", "prov:agent": "agent"},
    "actedOnBehalfOf": {"prov:delegate": "agent", "prov:responsible": "agent", "prov:activity": "activity"},
    "wasDerivedFrom": {"prov:generatedEntity": "entity", "prov:usedEntity": "entity"},
}
NAME = re.compile(r"[A-Za-z_][\w-]*:[\w/.-]*[\w/-]\Z")
AGENTS = {"prov:Person", "prov:Organization", "prov:SoftwareAgent"}


def check(document: dict[str, Any]) -> None:
    """Fail when ``document`` is no PROV-JSON of the parts that we write."""
    assert set(document) <= {"prefix", "entity", "activity", "agent", *REFERENCES}
    prefixes = {"prov", "xsd", *document["prefix"]}
    assert all(address.startswith("https://") for address in document["prefix"].values())
    for part in ("entity", "activity", "agent"):
        for name, attributes in document[part].items():
            assert NAME.match(name), name
            assert name.partition(":")[0] in prefixes
            kind = attributes["prov:type"]
            assert set(kind) == {"$", "type"}, "a type is a typed value and no text"
            assert kind["type"] == "prov:QUALIFIED_NAME"
            assert NAME.match(kind["$"]), kind
            assert kind["$"].partition(":")[0] in prefixes
            assert part != "agent" or kind["$"] in AGENTS
    for activity in document["activity"].values():
        assert datetime.fromisoformat(activity["prov:startTime"]) <= datetime.fromisoformat(activity["prov:endTime"])
    for relation, wanted in REFERENCES.items():
        for name, attributes in document.get(relation, {}).items():
            assert name.startswith("_:"), "a relation without a name of its own is a blank node"
            assert {key: part for key, part in wanted.items() if attributes[key] not in document[part]} == {}
            assert set(attributes) == set(wanted)


def body(number: int, **values: Any) -> dict[str, Any]:
    return {
        "id": f"e{number}", "action": "action_item.edited", "occurred": "2026-11-20T03:00:00Z", "recorded": "2026-11-21T03:00:00Z",
        "subject": {"type": "action_item", "id": "s1"}, "actor": {"id": "u1", "job": None, "org": "o1"}, "obo": None, **values,
    }  # fmt: skip


@pytest.fixture(autouse=True)
def _origin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "origin", lambda: "collab.example/history")


def test_every_event_is_told_with_typed_names() -> None:
    ahead = body(2, occurred="2027-01-01T00:00:00Z", obo="o2")
    machine = body(3, actor={"id": None, "job": "history.seal", "org": None})
    document = json.loads(provenance([body(1), ahead, machine]))
    check(document)
    assert {name: value["prov:type"]["$"] for name, value in document["agent"].items()} == {
        "log:agent/u1": "prov:Person", "log:organisation/o1": "prov:Organization", "log:organisation/o2": "prov:Organization",
        "log:agent/history.seal": "prov:SoftwareAgent",
    }  # fmt: skip
    assert document["activity"]["log:event/e1"]["prov:type"]["$"] == "log:action/action_item.edited"
    assert [row["prov:usedEntity"] for row in document["wasDerivedFrom"].values()] == [
        "log:action_item/s1/e1",
        "log:action_item/s1/e2",
    ]
    assert {row["prov:responsible"] for row in document["actedOnBehalfOf"].values()} == {
        "log:organisation/o1",
        "log:organisation/o2",
    }
