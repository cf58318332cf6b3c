"""The one blueprint of the area."""

from flask import Blueprint

blueprint = Blueprint("meetings", __name__)
