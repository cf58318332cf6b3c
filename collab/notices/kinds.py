"""What kinds of message there are, how each may reach a person by mail, and which may be switched off."""

from dataclasses import dataclass
from enum import StrEnum

from collab.kernel.i18n import LazyText, _, lazy


class Mode(StrEnum):
    """How messages of a kind come by mail. All of them appear in the product whatever is chosen."""

    AT_ONCE = "at_once"
    DIGEST = "digest"
    OFF = "off"


@dataclass(frozen=True)
class Kind:
    """One kind; one that follows from a duty by law may not be switched off, only gathered; one that calls somebody is never gathered.

    ``because`` says why such a message comes, where it does not say so itself. What is ``for_office`` calls the holder of an office:
    while that one is away, it goes to the deputy too.
    """

    label: LazyText
    because: LazyText
    may_off: bool = True
    may_gather: bool = True
    for_office: bool = False


#: Kinds of which a person may choose how they come by mail. News of the account always come at once and are not listed.
KINDS: dict[str, Kind] = {
    "reminder": Kind(
        lazy("Reminders of what is due or late"), lazy("You get this because it is due, and you are responsible for it or answer for it."),
        may_off=False,
    ),
    "opinion_request": Kind(
        lazy("Requests for your council's opinion"), lazy("You get this because you answer for your council's opinions."),
        may_off=False, for_office=True,
    ),
    "finding": Kind(
        lazy("Questions of auditors and their answers"), lazy("You get this because you take part in this audit finding."),
        may_off=False, for_office=True,
    ),
    "erasure": Kind(
        lazy("Requests to erase personal data that wait for a second person"),
        lazy("You get this because a second person must look at the request."), may_off=False,
    ),
    "action_item": Kind(
        lazy("Action items: assigned, returned, decided"), lazy("You get this because you work on this action item."), for_office=True,
    ),
    "agreement": Kind(
        lazy("Agreements: circulated, in force, ending"),
        lazy("You get this because your organisation is a party to the agreement, or you lead its committee."), for_office=True,
    ),
    "forum": Kind(
        lazy("Discussions in which you are mentioned"), lazy("You get this because somebody addressed you in a discussion."),
        may_gather=False,
    ),
    "meeting": Kind(
        lazy("Meetings: invitation, change, cancellation"), lazy("You get this because you sit on the committee or lead it."),
        for_office=True,
    ),
    "proposal": Kind(
        lazy("Proposals: submitted, returned, decided"), lazy("You get this because you wrote the proposal or your committee decides on it."),
    ),
    "service_plan": Kind(
        lazy("Service plans: proposed, approved"), lazy("You get this because your organisation takes part in the service plan's committee."),
    ),
}  # fmt: skip
#: The kind of the mail that carries gathered messages; it is never shown in the product.
DIGEST = "digest"
_BECAUSE_OF_DIGEST = lazy("You get this because it came up for you. Notices are gathered into one mail on working days at 8:00.")
#: What the button of a mail does, where it does more than open a page.
_CALLS: dict[str, LazyText] = {
    DIGEST: lazy("See all of it in Collab"),
    "account": lazy("Look after your account"),
    "invitation": lazy("Accept the invitation and choose a password"),
    "password_reset": lazy("Choose a new password"),
}
_BECAUSE_OF_ACCOUNT = lazy("You get this because it concerns your account. Such mail cannot be switched off.")


def can_be_muted(kind: str) -> bool:
    """Say whether a person may switch off mail of this kind."""
    return kind in KINDS and KINDS[kind].may_off


def because_of(kind: str) -> str:
    """Return why messages of this kind come, in the language in force."""
    if kind in KINDS:
        return str(KINDS[kind].because)
    return str(_BECAUSE_OF_DIGEST if kind == DIGEST else _BECAUSE_OF_ACCOUNT)


def call_of(kind: str) -> str:
    """Return what the button of a message of this kind says, in the language in force."""
    return str(_CALLS.get(kind) or _("Open in Collab"))


def label_of(kind: str) -> str:
    """Return the name of this kind in the language in force."""
    return str(KINDS[kind].label) if kind in KINDS else _("News of your account")


def modes_of(kind: str) -> list[Mode]:
    """Return how mail of this kind may come; one that is not listed comes at once."""
    if kind not in KINDS:
        return [Mode.AT_ONCE]
    may = {Mode.AT_ONCE: True, Mode.DIGEST: KINDS[kind].may_gather, Mode.OFF: can_be_muted(kind)}
    return [mode for mode in Mode if may[mode]]


def usual_mode(kind: str) -> Mode:
    """Return how mail of this kind comes to who has chosen nothing."""
    return Mode.DIGEST if Mode.DIGEST in modes_of(kind) else Mode.AT_ONCE
