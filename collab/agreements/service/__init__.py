"""What is done with agreements: one function a verb."""

from collab.agreements.service.common import party_of
from collab.agreements.service.drafting import (
    PartyInput,
    Terms,
    copy_as_draft,
    draft_agreement,
    edit_agreement,
    remove_clause,
    remove_party,
    save_clause,
    save_party,
)
from collab.agreements.service.ending import terminate, withdraw
from collab.agreements.service.obligations import Duty, add_obligation, fulfil_obligation, remove_obligation
from collab.agreements.service.ratifying import (
    CouncilDecision,
    circulate,
    content,
    record_approval,
    record_ratification,
    sign,
    signing_statement,
)

__all__ = [
    "CouncilDecision",
    "Duty",
    "PartyInput",
    "Terms",
    "add_obligation",
    "circulate",
    "content",
    "copy_as_draft",
    "draft_agreement",
    "edit_agreement",
    "fulfil_obligation",
    "party_of",
    "record_approval",
    "record_ratification",
    "remove_clause",
    "remove_obligation",
    "remove_party",
    "save_clause",
    "save_party",
    "sign",
    "signing_statement",
    "terminate",
    "withdraw",
]
