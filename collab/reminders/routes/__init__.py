"""Pages of reminder rules, of what became of reminders, and of operations."""

from flask import Flask

from collab.reminders.operations import blueprint as operations
from collab.reminders.registry import due_kinds
from collab.reminders.routes import evidence as evidence
from collab.reminders.routes.rules import blueprint

blueprints = [blueprint, operations]


def install(app: Flask) -> None:
    """Let the links beside an object lead to its reminders where the object is of a kind that can be due."""
    app.jinja_env.globals["can_be_due"] = lambda kind: any(found.target_kind == kind for found in due_kinds().values())
