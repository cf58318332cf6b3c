"""The yearly checklist (drawn from the Council of Europe's steps 12–14 and Nagai 2019) and its sum."""

from collections.abc import Mapping

from collab.kernel.i18n import LazyText, lazy

LOWEST, HIGHEST = 1, 4

QUESTIONS: dict[str, LazyText] = {
    "aims": lazy("Are the aims still shared by all members?"),
    "councils": lazy("Were all councils kept informed?"),
    "standard": lazy("Was the service standard met?"),
    "cost": lazy("Does it cost less, or bring more, than each alone?"),
    "shares": lazy("Were the shares paid on time?"),
    "minutes": lazy("Are the minutes complete and adopted?"),
    "complaints": lazy("Were complaints answered?"),
    "burden": lazy("Are risks and the host's burden shared fairly?"),
    "staff": lazy("Are there enough trained staff?"),
    "future": lazy("Should the cooperation go on as it is?"),
}


def average(answers: Mapping[str, int]) -> float | None:
    """Return the mean of the answers given, 1.0–4.0 rounded to one decimal; None when there are none."""
    given = [answers[code] for code in QUESTIONS if code in answers]
    return round(sum(given) / len(given), 1) if given else None


def weakest(answers: Mapping[str, int]) -> list[str]:
    """Return the codes of the questions with the lowest answer, in the order of the checklist."""
    given = {code: answers[code] for code in QUESTIONS if code in answers}
    if not given:
        return []
    lowest = min(given.values())
    return [code for code, value in given.items() if value == lowest]
