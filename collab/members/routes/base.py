"""What the pages of this area share: the blueprint and the way a form is answered."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.kernel.errors import InvalidInput, StateConflict, VersionConflict
from collab.kernel.i18n import _
from collab.web.context import reading, request_now, unit_of_work
from collab.web.filters import show_date
from collab.web.once import AlreadySubmitted, claim, leads_to, to_first

blueprint = Blueprint("members", __name__)

Save = Callable[[Session], str]
Saved = Callable[[Session], Mapping[str, str]]


def form_page(form: Any, *, title: str, back: str, save: Save, saved: Saved | None = None, done: str = "", creates: bool = False,
              hint: str = "", button: str = "", warning: bool = False) -> ResponseReturnValue:  # fmt: skip
    """Show a form, or do what it asks: ``save`` returns where to go afterwards.

    A form with faults comes back with 422, one whose object has changed meanwhile with 409 and, from ``saved`` (field to text),
    what was saved under each field. ``creates``: a second submit of the same form leads where the first one led.
    """
    view = {"form": form, "title": title, "back": back, "hint": hint, "button": button or _("Save"), "warning": warning}
    if request.method == "GET":
        return render_template("members/form.html", saved={}, **view)
    if not form.validate():
        return render_template("members/form.html", saved={}, **view), 422
    try:
        location = _save(form, save, creates)
    except AlreadySubmitted as fact:
        return to_first(fact)
    except InvalidInput as fault:
        form.put_errors(fault.errors)
        return render_template("members/form.html", saved={}, **view), 422
    except VersionConflict as conflict:
        form.version.data = str(conflict.current_version)
        return render_template("members/form.html", saved=_differences(form, saved), is_conflict=True, **view), 409
    except StateConflict as conflict:
        form.form_errors.append(conflict.message)
        return render_template("members/form.html", saved={}, **view), 409
    flash(done or _("Saved."), "success")
    return redirect(location, 303)


def _save(form: Any, save: Save, creates: bool) -> str:
    with unit_of_work() as session:
        if creates:
            claim(session, form, request_now())
        location = save(session)
        if creates:
            leads_to(session, form, location)
    return location


def _differences(form: Any, saved: Saved | None) -> dict[str, str]:
    """Return what was saved meanwhile, for the fields in which it differs from what the person typed."""
    if saved is None:
        return {}
    with reading() as session:
        texts = saved(session)
    return {name: text or "–" for name, text in texts.items() if name in form and text != shown(form[name])}


def shown(field: Any) -> str:
    """Return what a field holds, in words: the chosen label, yes or no, a date, a text."""
    return as_text(field.data, _words(field))


def _words(field: Any) -> dict[str, Any] | None:
    return {choice.value: choice.label for choice in field.choices} if getattr(field, "choices", None) else None


def as_text(value: Any, choices: Mapping[str, Any] | None = None) -> str:
    """Return a value as `shown` tells it, so that both sides of a conflict read alike."""
    if value is None or value == "":
        return ""
    if choices is not None:
        return str(choices.get(str(value), value))
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    return show_date(value) if hasattr(value, "isoformat") else f"{value:f}" if hasattr(value, "quantize") else str(value)


def texts_of(form: Any, row: Any, names: Mapping[str, str] | tuple[str, ...] | list[str]) -> dict[str, str]:
    """Return the row's present values as texts, by the names of the form's fields."""
    found = {}
    for name in names:
        field = form[name]
        value = getattr(row, name)
        found[name] = as_text(getattr(value, "value", value), _words(field))
    return found
