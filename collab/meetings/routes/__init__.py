"""Pages of meetings: planning and reading (`planning`), the session itself (`session`)."""

from collab.meetings.routes import planning, session
from collab.meetings.routes.blueprint import blueprint

__all__ = ["blueprint", "planning", "session"]
