"""Pages of members, and signing in."""

from flask import Flask

from collab.members.routes import account, addresses, committees, organisations, people, seats, session, sign_in, standing
from collab.members.routes.base import blueprint

__all__ = [
    "account",
    "addresses",
    "blueprint",
    "committees",
    "install",
    "organisations",
    "people",
    "seats",
    "sign_in",
    "standing",
]


def install(app: Flask) -> None:
    """Let every request of ``app`` find out who is signed in."""
    session.install(app)
