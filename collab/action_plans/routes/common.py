"""What all views of the area share: the blueprint, and submitting a form once."""

from collections.abc import Callable
from typing import Any, NoReturn
from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.action_plans import ledger
from collab.action_plans.forms import MovingForm
from collab.action_plans.service import UnseenConsequences
from collab.kernel.access import Permission
from collab.kernel.errors import InvalidInput, NotAllowed, StateConflict, VersionConflict
from collab.kernel.i18n import _
from collab.web.context import reading, request_now, unit_of_work
from collab.web.forms import CollabForm
from collab.web.once import AlreadySubmitted, claim, leads_to, to_first

blueprint = Blueprint("action_plans", __name__)
#: Label, saved text, typed text.
Difference = tuple[str, str, str]
_OWN_FIELDS = frozenset({"csrf_token", "version", "once", "accepted"})


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
    except UnseenConsequences as found:
        form.form_errors.append(found.message)
        if isinstance(form, MovingForm):
            form.show(found.impact)
        return None, 409
    except StateConflict as error:
        form.form_errors.append(error.message)
        return None, 409
    flash(done, "success")
    return redirect(location, 303), 303


def submitted(form: CollabForm, act: Callable[[Session], str], done: str) -> tuple[ResponseReturnValue | None, int]:
    """Answer a form's page: nothing to do for a GET, else validate and `attempt`. Return as `attempt` does."""
    if request.method == "GET":
        return None, 200
    return attempt(form, act, done) if form.validate() else (None, 422)


def versioned(form: CollabForm, act: Callable[[Session], str], done: str, fresh: Callable[[Session], tuple[int, CollabForm]],
              ) -> tuple[ResponseReturnValue | None, int, list[Difference]]:  # fmt: skip
    """Do as `submitted`; when somebody else saved meanwhile, return what differs, and let the next submission win knowingly.

    ``fresh`` returns the version that is saved now and a form that is filled with it.
    """
    try:
        answer, status = submitted(form, act, done)
    except VersionConflict:
        with reading() as session:
            version, theirs = fresh(session)
        form.version.data = str(version)
        return None, 409, differences(form, theirs)
    return answer, status, []


def differences(form: CollabForm, theirs: CollabForm) -> list[Difference]:
    """Return label, saved text and typed text of every field that differs."""
    pairs = [(item, theirs[item.name]) for item in form if item.name not in _OWN_FIELDS and item.name in theirs]
    shown = [(item.label.text, _shown(saved), _shown(item)) for item, saved in pairs]
    return [(label, saved, typed) for label, saved, typed in shown if saved != typed]


def _shown(field: Any) -> str:
    """Return what a field says, with the words of its choices rather than their ids."""
    if getattr(field, "is_date_parts", False):
        return "/".join((field.day_value, field.month_value, field.year_value))
    if getattr(field, "choices", None) is not None:
        words = {value: text for value, text, *_more in field.iter_choices()} if not field.has_groups() else {
            value: text for _group, members_ in field.iter_groups() for value, text, *_more in members_
        }  # fmt: skip
        chosen = field.data if isinstance(field.data, list) else [field.data]
        return ", ".join(str(words.get(value, "")) for value in sorted(map(str, chosen)))
    return str(field.data if field.data is not None else "")


def moves_shown(form: MovingForm) -> list[ledger.MoveRow]:
    """Return what the submission of ``form`` would move, in words; nothing when it moves nothing."""
    if form.impact is None:
        return []
    with reading() as session:
        return ledger.moves_in_words(session, form.impact)


def refuse(is_wrong_state: bool, permission: Permission) -> NoReturn:
    """Say why a verb is not offered: not now (409), or not to this person (403)."""
    if is_wrong_state:
        raise StateConflict(_("This can no longer be done: the state has changed meanwhile."))
    raise NotAllowed(permission.value)


def plan_url(plan_id: UUID) -> str:
    """Return the address of a plan's page."""
    return url_for("action_plans.detail", plan_id=plan_id)


def item_url(item_id: UUID) -> str:
    """Return the address of an item's page."""
    return url_for("action_plans.item", item_id=item_id)


def item_prefix() -> str:
    """Return what the addresses of all items begin with; their ids follow. One call for a page in place of one a row."""
    return url_for("action_plans.item", item_id=UUID(int=0)).removesuffix(str(UUID(int=0)))
