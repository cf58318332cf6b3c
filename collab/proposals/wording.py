"""States, stances and field labels of proposals in words, with the tone of their tags."""

from collab.kernel.i18n import LazyText, lazy
from collab.proposals.states import OpinionState, ProposalState, Stance

STATES: dict[ProposalState, tuple[LazyText, str]] = {
    ProposalState.DRAFT: (lazy("Draft"), "grey"),
    ProposalState.SUBMITTED: (lazy("Submitted"), "blue"),
    ProposalState.OPINIONS_REQUESTED: (lazy("Opinions asked"), "yellow"),
    ProposalState.OPINIONS_CLOSED: (lazy("Opinions closed"), "blue"),
    ProposalState.ON_AGENDA: (lazy("On the agenda"), "teal"),
    ProposalState.ADOPTED: (lazy("Adopted"), "green"),
    ProposalState.REJECTED: (lazy("Not adopted"), "rust"),
    ProposalState.RETURNED: (lazy("Returned"), "yellow"),
    ProposalState.WITHDRAWN: (lazy("Withdrawn"), "grey"),
}

TURNS: dict[str, LazyText] = {
    "clerk": lazy("It is the proposing municipality's turn."),
    "coordinator": lazy("It is the coordinator's turn."),
    "councils": lazy("It is the councils' turn."),
    "committee": lazy("It is the committee's turn."),
    "": lazy("Nothing more is to be done here."),
}

STANCES: dict[Stance, LazyText] = {
    Stance.SUPPORT: lazy("Supports"),
    Stance.WITH_CONDITIONS: lazy("Supports with conditions"),
    Stance.NEUTRAL: lazy("Neutral"),
    Stance.OBJECT: lazy("Objects"),
}

OPINION_STATES: dict[OpinionState, LazyText] = {
    OpinionState.ASKED: lazy("Opinion asked"),
    OpinionState.ANSWERED: lazy("Opinion given"),
    OpinionState.STALE: lazy("Opinion on an earlier text"),
    OpinionState.CLOSED: lazy("No opinion given"),
}

#: How the joint ribbon shows a council: by its stance, or as waiting.
RIBBON = {Stance.SUPPORT: "agreed", Stance.WITH_CONDITIONS: "agreed", Stance.NEUTRAL: "waiting", Stance.OBJECT: "objected"}
