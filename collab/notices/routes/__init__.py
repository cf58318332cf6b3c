"""The notice centre, and what comes back about mail."""

from flask import Flask

from collab.notices import queries
from collab.notices.routes import centre, channels, reports
from collab.notices.routes.base import blueprint
from collab.web.requests import register_badge

__all__ = ["blueprint", "channels", "install"]


def install(app: Flask) -> None:
    """Show the number of unread notices in the layout; let in machines that know no token of a form.

    Mail programs unsubscribe by themselves (RFC 8058), mail services sign their reports.
    """
    register_badge(queries.count_unread)
    app.extensions["csrf"].exempt(centre.unsubscribe)
    app.extensions["csrf"].exempt(reports.take)
