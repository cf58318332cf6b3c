"""Meetings and votes in words."""

from collections.abc import Mapping
from typing import Any

from collab.kernel.i18n import LazyText, _, lazy
from collab.meetings.models import Meeting
from collab.meetings.rules import Quorum
from collab.meetings.states import MACHINE, Choice, ItemState, MeetingState, Presence

STATES: dict[MeetingState, tuple[LazyText, str]] = {
    MeetingState.DRAFT: (lazy("Draft"), "grey"),
    MeetingState.CONVENED: (lazy("Convened"), "blue"),
    MeetingState.IN_SESSION: (lazy("In session"), "yellow"),
    MeetingState.CLOSED: (lazy("Closed"), "green"),
    MeetingState.CANCELLED: (lazy("Cancelled"), "rust"),
}

ITEM_STATES: dict[ItemState, LazyText] = {
    ItemState.OPEN: lazy("Open"),
    ItemState.DECIDED: lazy("Decided"),
    ItemState.NOTED: lazy("Noted"),
    ItemState.POSTPONED: lazy("Postponed"),
}

#: Who must act next, by the machine's codes.
TURNS: dict[str, LazyText] = {
    "coordinator": lazy("It is the coordinator's turn."),
    "chair": lazy("It is the chair's turn."),
    "": lazy("Nobody has to do anything."),
}

CHOICES: dict[Choice, LazyText] = {
    Choice.FOR: lazy("For"),
    Choice.AGAINST: lazy("Against"),
    Choice.ABSTAIN: lazy("Abstains"),
}

PRESENCES: dict[Presence, LazyText] = {
    Presence.HOLDER: lazy("Present"),
    Presence.DEPUTY: lazy("Deputy present"),
    Presence.ABSENT: lazy("Absent"),
}

MAJORITIES: dict[str, LazyText] = {
    "simple_of_votes_cast": lazy("more than half of the votes cast"),
    "simple_of_present": lazy("more than half of those present"),
    "two_thirds_of_present": lazy("two thirds of those present"),
    "unanimous": lazy("all votes cast"),
}


def turn_text(meeting: Meeting) -> str:
    """Say who must act next on a meeting; nobody once its minutes are adopted."""
    return str(TURNS["" if meeting.minutes_adopted_at else MACHINE.turn[meeting.state]])


def quorum_text(found: Quorum) -> str:
    """Return the arithmetic of a quorum: how many are present of how many, how many are needed, and whether that suffices."""
    verdict = _("there is a quorum") if found.is_met else _("there is no quorum")
    return _(
        "%(present)s of %(seats)s voting seats present, %(needed)s needed: %(verdict)s.",
        present=found.present, seats=found.seats, needed=found.needed, verdict=verdict,
    )  # fmt: skip


def tally_text(sums: Mapping[str, Any]) -> str:
    """Return the arithmetic of a resolution in one sentence."""
    text = _(
        "For %(votes_for)s, against %(votes_against)s, abstained %(abstained)s, recused %(recused)s. Rule: %(rule)s, reckoned on %(denominator)s.",
        votes_for=sums["votes_for"], votes_against=sums["votes_against"], abstained=sums["abstained"], recused=sums["recused"],
        rule=str(MAJORITIES[sums["rule"]]), denominator=sums["denominator"],
    )  # fmt: skip
    return text + " " + _("The chair's vote decided the tie.") if sums["casting_vote"] else text
