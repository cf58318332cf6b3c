"""Pages of the audit workspace, and the history of any object for all who may see it."""

from collab.audits.routes import access, bundles, coverage, erasures, exchange, findings, past, samples, timeline
from collab.audits.routes.blueprint import blueprint

__all__ = ["access", "blueprint", "bundles", "coverage", "erasures", "exchange", "findings", "past", "samples", "timeline"]
