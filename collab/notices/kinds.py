"""What kinds of message there are, and which of them a person may switch off by mail."""

from collab.kernel.i18n import LazyText, lazy

#: Kinds that concern safety or a duty by law are always mailed and are not listed here.
MUTABLE: dict[str, LazyText] = {
    "action_item": lazy("Action items: assigned, returned, decided"),
    "agreement": lazy("Agreements: circulated, in force, ending"),
    "forum": lazy("Discussions in which you are mentioned"),
    "meeting": lazy("Meetings: invitation, change, cancellation"),
    "proposal": lazy("Proposals: submitted, returned, decided"),
    "service_plan": lazy("Service plans: proposed, approved"),
}


def can_be_muted(kind: str) -> bool:
    """Say whether a person may switch off mail of this kind."""
    return kind in MUTABLE
