"""Words for what the history stores as codes: verbs, fields and values."""

from collab.audits.wording_fields import FIELDS
from collab.audits.wording_values import VALUES
from collab.audits.wording_verbs import VERBS

__all__ = ["FIELDS", "VALUES", "VERBS", "field_text", "value_text", "verb_text"]


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
