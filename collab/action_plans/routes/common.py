"""What all views of the area share: the blueprint, and submitting a form once."""

from collections.abc import Callable
from uuid import UUID

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.kernel.errors import InvalidInput, StateConflict
from collab.web.context import request_now, unit_of_work
from collab.web.forms import CollabForm
from collab.web.once import AlreadySubmitted, claim, leads_to, to_first

blueprint = Blueprint("action_plans", __name__)


def attempt(form: CollabForm, act: Callable[[Session], str], done: str) -> tuple[ResponseReturnValue | None, int]:
    """Run ``act`` once in a unit of work; it returns where to go. Return the answer, or None and the status of the form's page.

    A fault of the input (422) or of the state (409) is put into the form, so that nothing that was typed is lost.
    """
    try:
        with unit_of_work() as session:
            claim(session, form, request_now())
            location = act(session)
            leads_to(session, form, location)
    except AlreadySubmitted as fact:
        return to_first(fact), 303
    except InvalidInput as error:
        form.put_errors(error.errors)
        return None, 422
    except StateConflict as error:
        form.form_errors.append(error.message)
        return None, 409
    flash(done, "success")
    return redirect(location, 303), 303


def plan_url(plan_id: UUID) -> str:
    """Return the address of a plan's page."""
    return url_for("action_plans.detail", plan_id=plan_id)


def item_url(item_id: UUID) -> str:
    """Return the address of an item's page."""
    return url_for("action_plans.item", item_id=item_id)
