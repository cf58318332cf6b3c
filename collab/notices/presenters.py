"""What comes back about mail, and what became of posts to channels, in words."""

from collab.kernel.i18n import LazyText, _, lazy
from collab.notices.channel_models import ChannelPost, PostState
from collab.notices.channel_rules import service_name
from collab.notices.channel_way import REASONS
from collab.notices.models import Finding
from collab.notices.reports import ReportKind

_KINDS: dict[ReportKind, LazyText] = {
    ReportKind.FAILED: lazy("Not delivered"),
    ReportKind.DELAYED: lazy("Delayed"),
    ReportKind.DELIVERED: lazy("Delivered"),
    ReportKind.COMPLAINT: lazy("Complaint"),
    ReportKind.AUTO_REPLY: lazy("Automatic answer"),
    ReportKind.UNKNOWN: lazy("Not a report"),
}
_FINDINGS: dict[Finding, tuple[LazyText, str]] = {
    Finding.FLAGGED: (lazy("the address gets no more mail until it is confirmed"), "rust"),
    Finding.BOUNCED: (lazy("noted on the mail"), "yellow"),
    Finding.DELIVERED: (lazy("noted on the mail"), "green"),
    Finding.COMPLAINED: (lazy("switched off what may be switched off"), "yellow"),
    Finding.NOTED: (lazy("nothing to do"), "grey"),
    Finding.UNMATCHED: (lazy("about no mail of ours: ignored"), "grey"),
}


def kind_text(kind: ReportKind) -> str:
    """Return what a report says."""
    return str(_KINDS[kind])


def finding_text(finding: Finding) -> str:
    """Return what a report led to."""
    return str(_FINDINGS[finding][0])


def finding_tone(finding: Finding) -> str:
    """Return the tone of its tag."""
    return _FINDINGS[finding][1]


def post_text(post: ChannelPost, service: str) -> str:
    """Return how far a post is. What the service took is never called read."""
    if post.state is PostState.ACCEPTED:
        return _("accepted by %(service)s", service=service_name(service))
    if post.state is PostState.DEAD:
        return _("given up")
    return _("will be tried again") if post.attempts else _("waits")


def post_tone(post: ChannelPost) -> str:
    """Return the tone of its tag."""
    return {PostState.ACCEPTED: "blue", PostState.DEAD: "rust"}.get(post.state, "yellow" if post.reason else "grey")


def post_reason(post: ChannelPost) -> str:
    """Return why the last attempt failed, with the code that the service gave; '' when it did not."""
    code = "".join(letter for letter in post.reason if letter.isdigit())
    found = next((str(words) for start, words in REASONS.items() if post.reason.startswith(start)), "")
    return f"{found} ({code})" if code and found else found
