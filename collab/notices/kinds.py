"""What kinds of message there are, how each may reach a person by mail, and which may be switched off."""

from dataclasses import dataclass
from enum import StrEnum

from collab.kernel.i18n import LazyText, lazy


class Mode(StrEnum):
    """How messages of a kind come by mail. All of them appear in the product whatever is chosen."""

    AT_ONCE = "at_once"
    DIGEST = "digest"
    OFF = "off"


@dataclass(frozen=True)
class Kind:
    """One kind; one that follows from a duty by law may not be switched off, only gathered; one that calls somebody is never gathered."""

    label: LazyText
    may_off: bool = True
    may_gather: bool = True


#: Kinds of which a person may choose how they come by mail. News of the account always come at once and are not listed.
KINDS: dict[str, Kind] = {
    "reminder": Kind(lazy("Reminders of what is due or late"), may_off=False),
    "opinion_request": Kind(lazy("Requests for your council's opinion"), may_off=False),
    "finding": Kind(lazy("Questions of auditors and their answers"), may_off=False),
    "erasure": Kind(lazy("Requests to erase personal data that wait for a second person"), may_off=False),
    "action_item": Kind(lazy("Action items: assigned, returned, decided")),
    "agreement": Kind(lazy("Agreements: circulated, in force, ending")),
    "forum": Kind(lazy("Discussions in which you are mentioned"), may_gather=False),
    "meeting": Kind(lazy("Meetings: invitation, change, cancellation")),
    "proposal": Kind(lazy("Proposals: submitted, returned, decided")),
    "service_plan": Kind(lazy("Service plans: proposed, approved")),
}
#: The kind of the mail that carries gathered messages; it is never shown in the product.
DIGEST = "digest"


def can_be_muted(kind: str) -> bool:
    """Say whether a person may switch off mail of this kind."""
    return kind in KINDS and KINDS[kind].may_off


def modes_of(kind: str) -> list[Mode]:
    """Return how mail of this kind may come; one that is not listed comes at once."""
    if kind not in KINDS:
        return [Mode.AT_ONCE]
    may = {Mode.AT_ONCE: True, Mode.DIGEST: KINDS[kind].may_gather, Mode.OFF: can_be_muted(kind)}
    return [mode for mode in Mode if may[mode]]


def usual_mode(kind: str) -> Mode:
    """Return how mail of this kind comes to who has chosen nothing."""
    return Mode.DIGEST if Mode.DIGEST in modes_of(kind) else Mode.AT_ONCE
