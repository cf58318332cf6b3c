"""Tables of the audit workspace."""

from collab.audits.bundles.models import BundleProgress, BundleState, EvidenceBundle
from collab.audits.models.access import AuditAccess, AuditNote, AuditReading
from collab.audits.models.erasures import ErasureRequest, RequestState
from collab.audits.models.findings import Finding, FindingReply
from collab.audits.models.samples import Sample, SampleRow

__all__ = [
    "AuditAccess", "AuditNote", "AuditReading", "BundleProgress", "BundleState", "ErasureRequest", "EvidenceBundle", "Finding", "FindingReply",
    "RequestState", "Sample", "SampleRow",
]  # fmt: skip
