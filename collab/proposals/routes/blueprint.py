"""The one blueprint of the area."""

from flask import Blueprint

blueprint = Blueprint("proposals", __name__)
