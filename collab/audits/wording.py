"""Words for what the history stores as codes: verbs, fields and values."""

from collab.audits.wording_fields import FIELDS
from collab.audits.wording_values import VALUES
from collab.audits.wording_verbs import VERBS
from collab.kernel.i18n import LazyText, _, lazy
from collab.reminders.presenters import JOBS

__all__ = ["FIELDS", "VALUES", "VERBS", "field_text", "job_text", "path_text", "value_text", "verb_text"]

#: What acts without a person and is no background job.
PROGRAMS: dict[str, LazyText] = {
    "calendar.load": lazy("Loads the holidays"),
    "console": lazy("A command at the console"),
    "demo.load": lazy("Loads the demonstration"),
    "members.create_administrator": lazy("Makes the first administrator"),
    "members.load": lazy("Loads the organisations"),
    "members.take_off_second_factor": lazy("Takes off a second factor at the console"),
}


def job_text(job: str) -> str:
    """Return what a job or program does, in words; its name for one from another version of the product."""
    known = {**PROGRAMS, **{name.value: text for name, text in JOBS.items()}}
    return str(known.get(job, job))


def verb_text(verb: str) -> str:
    """Return the words of a verb, the code itself for one from a newer or older version of the product."""
    found = VERBS.get(verb)
    return str(found) if found else verb


def field_text(name: str) -> str:
    """Return the words of a field's name, the name itself when there are none."""
    found = FIELDS.get(name)
    return str(found) if found else name.replace("_", " ")


def path_text(path: str) -> str:
    """Return in words which private values of an object a path in the history names."""
    return _("Reasons given for changes") if path == "reason" else field_text(path.removeprefix("state."))


def value_text(code: str) -> str:
    """Return the words of an enum's value, the value itself when there are none."""
    found = VALUES.get(code)
    return str(found) if found else code
