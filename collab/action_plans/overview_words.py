"""The words of the overview: lights, the rules that changed them, figures, and the trend."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from collab.action_plans import lights
from collab.action_plans.earned import Month
from collab.action_plans.lights import FLAG_OF, Flag, Light, Reason, Rule
from collab.action_plans.overview import Standing
from collab.action_plans.overview_queries import Scope
from collab.kernel.i18n import LazyText, _, lazy, ngettext
from collab.kernel.text import sort_key

LIGHTS: dict[Light, LazyText] = {
    Light.NONE: lazy("Nothing to judge"),
    Light.GREEN: lazy("Green: on course"),
    Light.YELLOW: lazy("Yellow: needs attention"),
    Light.RED: lazy("Red: needs a decision"),
}
TONES = {Light.NONE: "grey", Light.GREEN: "green", Light.YELLOW: "yellow", Light.RED: "rust"}
FLAGS: dict[Flag, LazyText] = {
    Flag.ALL: lazy("Items of the plans"),
    Flag.OPEN: lazy("Still to be done"),
    Flag.DONE: lazy("Done and verified"),
    Flag.AWAITING: lazy("Waiting to be verified"),
    Flag.SOON: lazy("Due within 14 days"),
    Flag.LATE: lazy("Late"),
    Flag.LATE_LONG: lazy("Late by more than 30 days"),
    Flag.SILENT: lazy("Nothing reported for more than 45 days"),
    Flag.SLIPPED: lazy("Deadline moved by more than 60 days"),
}


#: Figures on top of the page, in this order.
_FIGURES = (Flag.ALL, Flag.OPEN, Flag.DONE, Flag.AWAITING, Flag.SOON, Flag.LATE, Flag.SILENT, Flag.SLIPPED)
BY_COMMITTEE, BY_PLAN, BY_ORGANISATION = lazy("By committee"), lazy("By agreement and plan"), lazy("By organisation")


def reason_text(reason: Reason) -> str:
    """Return one rule that applies, with its figure and its threshold, as a sentence."""
    number = int(reason.figure)
    if reason.rule is Rule.LATE_LONG:
        return ngettext(
            "%(num)s item is more than %(limit)s days late; the longest by %(days)s days",
            "%(num)s items are more than %(limit)s days late; the longest by %(days)s days",
            number, limit=lights.LONG_DAYS, days=reason.longest,
        )  # fmt: skip
    if reason.rule is Rule.LATE:
        return ngettext(
            "%(num)s item is late; the longest by %(days)s days", "%(num)s items are late; the longest by %(days)s days",
            number, days=reason.longest,
        )  # fmt: skip
    if reason.rule is Rule.SILENT:
        return ngettext(
            "%(num)s item should be under way, and nothing was reported for more than %(limit)s days",
            "%(num)s items should be under way, and nothing was reported for more than %(limit)s days",
            number, limit=lights.SILENT_DAYS,
        )  # fmt: skip
    if reason.rule is Rule.SLIPPED:
        return ngettext(
            "%(num)s item has a deadline that moved by more than %(limit)s days since it was approved",
            "%(num)s items have a deadline that moved by more than %(limit)s days since they were approved",
            number, limit=lights.SLIPPED_DAYS,
        )  # fmt: skip
    limit = lights.BEHIND_RED if reason.light is Light.RED else lights.BEHIND_YELLOW
    return _(
        "Progress is %(points)s points of a hundred behind the plan (limit: %(limit)s)", points=reason.figure, limit=int(limit)
    )


def rows_url(scope: Scope, flag: Flag) -> str:
    """Return the address of the list of the items with ``flag`` in the scope."""
    return "/action-plans/overview/items?" + urlencode({**scope_args(scope), "flag": flag.value})


def scope_args(scope: Scope) -> dict[str, Any]:
    """Return the scope as arguments of an address."""
    pairs = (("committee", scope.committee_id), ("plan", scope.plan_id), ("organisation", scope.organisation_id))
    return {name: str(value) for name, value in pairs if value}


def figures(total: Standing | None, scope: Scope) -> list[tuple[str, int, str, bool]]:
    """Return label, number, address of the rows and whether it calls for attention, of each figure on top of a page."""
    if total is None:
        return []
    return [(str(FLAGS[flag]), total.figures[flag], rows_url(scope, flag), flag is Flag.LATE) for flag in _FIGURES]


def rows(standings: Sequence[Standing], scope: Scope, kind: str, names: Mapping[UUID, str]) -> list[dict[str, Any]]:
    """Return the lines of a table of lights; plans in their order, the others in that of their names."""
    made = [row(standing, scope, kind, names) for standing in standings]
    return made if kind == "plan" else sorted(made, key=lambda line: sort_key(line["name"]))


def row(standing: Standing, scope: Scope, kind: str, names: Mapping[UUID, str]) -> dict[str, Any]:
    """Return one standing in words; ``kind`` is what its key narrows the scope to, '' for the whole of it."""
    within = replace(scope, **{f"{kind}_id": standing.key}) if kind else scope
    verdict = standing.verdict
    return {
        "name": names.get(standing.key, ""), "url": "/action-plans/overview?" + urlencode(scope_args(within)),
        "light": str(LIGHTS[verdict.light]), "tone": TONES[verdict.light], "planned": standing.planned, "earned": standing.earned,
        "reasons": [(reason_text(reason), rows_url(within, FLAG_OF[reason.rule])) for reason in verdict.reasons],
        "figures": [(standing.figures[flag], rows_url(within, flag)) for flag in (Flag.ALL, Flag.DONE, Flag.LATE)],
    }  # fmt: skip


def trend_text(months: Sequence[Month]) -> str:
    """Return in words how the last measured point compares with the one before; '' when there are not two."""
    known = [month for month in months if month.earned is not None and month.late is not None]
    if len(known) < 2:
        return ""
    before, last = known[-2], known[-1]
    return _(
        "Since the end of the month before, progress went from %(old)s to %(new)s per cent, and late items from %(was)s to %(are)s.",
        old=before.earned, new=last.earned, was=before.late, are=last.late,
    )  # fmt: skip
