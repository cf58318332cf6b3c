"""What is proved of a reminder, in words that claim no more than the evidence: accepted is not received, unknown is unknown."""

from collab.kernel.i18n import LazyText, lazy

STEPS: dict[str, LazyText] = {
    "queued": lazy("Put into the outbox"),
    "skipped": lazy("Not sent: it was no longer needed"),
    "failed": lazy("Not sent: it failed"),
    "accepted": lazy("Taken by the mail server, which does not prove that it was received"),
    "expired": lazy("Given up: no mail server took it"),
    "acknowledged": lazy("Acknowledged by the person"),
    "not_accepted": lazy("Not taken by the mail server at the last attempt"),
    "not_handed_over": lazy("Not yet handed to a mail server"),
    "read": lazy("Opened by the person in the product"),
    "unknown": lazy("Whether the person read it is unknown"),
}


def step_words(code: str) -> str:
    """Return what a step of the evidence says, the code itself for one from a newer version."""
    return str(STEPS.get(code, code))
