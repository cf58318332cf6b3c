"""Words for what the history stores as codes: verbs, fields and values. A test holds that every verb in the code has words."""

from collab.kernel.i18n import LazyText, lazy

VERBS: dict[str, LazyText] = {
    "finding.answered": lazy("Finding answered"),
    "finding.asked_again": lazy("Further question put"),
    "finding.closed": lazy("Finding closed"),
    "finding.raised": lazy("Finding raised"),
}

FIELDS: dict[str, LazyText] = {
    "auditor_id": lazy("Auditor"),
    "closed_at": lazy("Closed"),
    "committee_id": lazy("Committee"),
    "conclusion": lazy("Conclusion"),
    "due_on": lazy("Due"),
    "event_id": lazy("Event"),
    "organisation_id": lazy("Organisation"),
    "question": lazy("Question"),
    "state": lazy("State"),
    "target_id": lazy("Object"),
    "target_kind": lazy("Kind of object"),
}

VALUES: dict[str, LazyText] = {}


def verb_text(verb: str) -> str:
    """Return the words of a verb, the code itself for one from a newer or older version of the product."""
    found = VERBS.get(verb)
    return str(found) if found else verb


def field_text(name: str) -> str:
    """Return the words of a field's name, the name itself when there are none."""
    found = FIELDS.get(name)
    return str(found) if found else name.replace("_", " ")


def value_text(code: str) -> str:
    """Return the words of an enum's value, the value itself when there are none."""
    found = VALUES.get(code)
    return str(found) if found else code
