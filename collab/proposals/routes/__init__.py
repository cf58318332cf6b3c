"""Pages of proposals (`drafts`, `register`) and of opinions (`opinions`)."""

from collab.proposals.routes import drafts, opinions, register
from collab.proposals.routes.blueprint import blueprint

__all__ = ["blueprint", "drafts", "opinions", "register"]
