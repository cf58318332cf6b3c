"""The blueprint that the pages of this area share."""

from flask import Blueprint

blueprint = Blueprint("notices", __name__)
