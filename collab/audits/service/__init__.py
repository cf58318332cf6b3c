"""What auditors and the audited do: findings, samples, access for a period, private notes."""

from collab.audits.service.access import end_access, grant_access, record_export, record_reading
from collab.audits.service.erasures import ask_erasure, carry_out, decline, list_requests
from collab.audits.service.findings import (
    Evidence,
    Statement,
    ask_again,
    close,
    draft_finding,
    edit_finding,
    follow_up,
    issue_finding,
    raise_finding,
    reopen,
    reply,
    withdraw_finding,
)
from collab.audits.service.notes import remove_note, write_note
from collab.audits.service.samples import Wish, check_row, draw_sample

__all__ = [
    "Evidence", "Statement", "Wish", "ask_again", "ask_erasure", "carry_out", "check_row", "close", "decline", "draft_finding",
    "draw_sample", "edit_finding", "end_access", "follow_up", "grant_access", "issue_finding", "list_requests",
    "raise_finding", "record_export", "record_reading", "remove_note", "reopen", "reply", "withdraw_finding", "write_note",
]  # fmt: skip
