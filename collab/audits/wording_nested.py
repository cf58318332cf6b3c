"""Words for what stands within one field: keys of records kept as JSON, and codes of law and of lists that their areas name.

They are no columns, so that the filter by field does not offer them. A kind may bring words of its own (`TargetKind.words`).
"""

from collections.abc import Callable, Mapping

from collab.agreements import legal
from collab.audits.wording import path_text
from collab.kernel import targets
from collab.kernel.i18n import LazyText, lazy
from collab.notices.channel_rules import SERVICES
from collab.notices.kinds import KINDS
from collab.proposals import facts
from collab.reminders.presenters import note_text

#: Keys of a field's value, by the field.
KEYS: dict[str, Mapping[str, LazyText]] = {
    "arithmetic": {
        "votes_for": lazy("In favour"),
        "votes_against": lazy("Against"),
        "abstained": lazy("Abstained"),
        "recused": lazy("Recused"),
        "rule": lazy("Rule of majority"),
        "denominator": lazy("Votes that count for the majority"),
        "needed": lazy("Bound of the majority"),
        "casting_vote": lazy("Decided by the chair's casting vote"),
        "is_carried": lazy("Motion carried"),
        "present": lazy("Votes present"),
        "seats": lazy("Voting seats"),
        "seats_present": lazy("Voting seats present"),
        "seats_needed": lazy("Voting seats needed for a quorum"),
    },
    "terms": {
        "equal_percent": lazy("Part shared equally (per cent)"),
        "cap_percent": lazy("Cap on one share (per cent of the total)"),
        "rate": lazy("Rate (baht a unit)"),
        "host_rate": lazy("Rate of the host (baht a unit)"),
        "fixed": lazy("Fixed sum (baht)"),
        "host": lazy("Host"),
    },
    "figures": {
        "items": lazy("Items led"),
        "open": lazy("Open items"),
        "done": lazy("Finished items"),
        "late": lazy("Late items"),
        "reported": lazy("Items reported"),
        "unreported": lazy("Items not reported"),
        "progress": lazy("Weighted progress (per cent)"),
    },
    # The text of an agreement as it was circulated.
    "text": {"parties": lazy("Parties"), "clauses": lazy("Clauses")},
    "readiness": facts.READINESS,
}
#: In this order a reader wants them; what is not named here follows.
ORDER = ("number", "title", "organisation_id", "role", "text", *(key for keys in KEYS.values() for key in keys))

_LAW = {**{basis.code: basis.name for basis in facts.LEGAL_BASES}, **legal.LEGAL_BASES}
#: Codes that a field holds, by the field, with their names: law and forms are data and stay Thai.
CODES: dict[str, Mapping[str, object]] = {
    "acts": {act.value: text for act, text in legal.ACTS.items()},
    "form": legal.FORMS,
    "legal_basis": _LAW,
    "service": SERVICES,
}

#: Fields whose text is written by the machine in its own way, with what puts it into words.
_TOLD: dict[str, Callable[[str], str]] = {
    "kinds": lambda text: ", ".join(str(KINDS[code].label) if code in KINDS else code for code in text.split(",")),
    "note": note_text,
    "path": path_text,
}
#: Numbers of rows that no page shows: they stand in the evidence bundle, and say nothing to a reader.
INTERNAL = frozenset({"begun_event_id", "event", "message_id", "reminder_id"})


def key_text(field: str, key: str) -> str | None:
    """Return the words of ``key`` within the value of ``field``, None when it has none of its own."""
    found = KEYS.get(field, {}).get(key) or _words_of_kinds().get(key)
    return str(found) if found else None


def code_text(field: str, code: str) -> str | None:
    """Return the name of ``code`` in ``field``, None when the field has no names of its own."""
    if field in _TOLD:
        return _TOLD[field](code)
    found = CODES.get(field, {}).get(code)
    return str(found) if found else None


def _words_of_kinds() -> dict[str, LazyText]:
    return {key: words for kind in targets.kinds().values() for key, words in kind.words.items()}
