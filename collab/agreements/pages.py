"""What the routes of agreements share: the frame of a form page, terms from a form, who may do a step."""

from typing import Any
from uuid import UUID

from flask import render_template
from flask.typing import ResponseReturnValue

from collab.agreements import queries, service
from collab.agreements.forms import TermsForm
from collab.agreements.models import Agreement
from collab.agreements.rules import status_on
from collab.agreements.states import MACHINE, AgreementVerb, EntryRule
from collab.kernel.access import Permission, authorize
from collab.kernel.clock import today
from collab.kernel.dates import format_date
from collab.kernel.i18n import get_locale
from collab.web.context import current_actor, reading, request_now
from collab.web.forms import CollabForm

_FRAME = frozenset({"version", "once", "csrf_token"})


def form_page(form: CollabForm, status: int, *, title: str, agreement: Agreement | None, button: str, back: str,
              saved: dict[str, str] | None = None, remove: str = "", intro: str = "", warning: bool = False,
              lines: list[tuple[str, str]] | None = None) -> ResponseReturnValue:  # fmt: skip
    """Return a page with one form.

    ``saved``: what another saved meanwhile, by field; ``remove``: where a button to take the thing out leads; ``lines``: facts
    shown above the form.
    """
    names = [name for name in form._fields if name not in _FRAME]
    return render_template(
        "agreements/form.html", form=form, title=title, agreement=agreement, button=button, back=back, saved=saved, remove=remove,
        intro=intro, names=names, warning=warning, lines=lines or [],
    ), status  # fmt: skip


def managed(agreement_id: UUID, verb: AgreementVerb | None) -> Agreement:
    """Return the agreement to who may manage it and do ``verb`` now. Raises NotFound, NotAllowed, StateConflict."""
    with reading() as session:
        agreement = queries.get_visible(session, current_actor(), agreement_id)
    authorize(current_actor(), Permission.AGREEMENT_MANAGE, agreement)
    if verb is not None:
        MACHINE.advance(status_on(agreement, today(request_now())), verb)
    return agreement


def terms_of(form: TermsForm) -> service.Terms:
    """Return the terms that a valid form carries."""
    assert form.valid_from.data is not None
    return service.Terms(
        title=form.title.data or "", form=form.form.data, legal_basis=form.legal_basis.data, acts=tuple(form.acts.data or ()),
        valid_from=form.valid_from.data, valid_to=form.valid_to.data, notice_days=form.notice_days.data or 0,
        council_lead_days=form.council_lead_days.data or 0, entry_rule=EntryRule(form.entry_rule.data),
        entry_count=form.entry_count.data, entry_on=form.entry_on.data, ratify_by=form.ratify_by.data,
    )  # fmt: skip


def shown(form: CollabForm, values: dict[str, Any]) -> dict[str, str]:
    """Return saved values as the form would show them, for the fields in which they differ from what was typed."""
    found = {}
    for name, value in values.items():
        field = form._fields.get(name)
        if field is None or _plain(field.data) == _plain(value):
            continue
        choices = dict(getattr(field, "choices", None) or [])
        items = value if isinstance(value, list) else [value]
        found[name] = ", ".join(str(choices.get(_plain(item), _words(item))) for item in items)
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return sorted(str(item) for item in value)
    return str(getattr(value, "value", value)) if value is not None else ""


def _words(value: Any) -> str:
    if hasattr(value, "year"):
        return format_date(value, get_locale())
    return "" if value is None else str(value)
