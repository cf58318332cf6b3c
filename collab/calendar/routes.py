"""Pages of the calendar: the days of a year, special closures, open or closed."""

from datetime import date
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from collab.calendar import queries, service
from collab.calendar.forms import ButtonForm, HolidayForm
from collab.calendar.models import Holiday
from collab.kernel import access
from collab.kernel.access import Permission
from collab.kernel.clock import today
from collab.kernel.dates import BUDDHIST_OFFSET, buddhist_year
from collab.kernel.errors import InvalidInput, NotFound, VersionConflict
from collab.kernel.i18n import _
from collab.web.context import current_actor, reading, request_now, unit_of_work
from collab.web.filters import show_date
from collab.web.once import AlreadySubmitted, claim, leads_to, to_first
from collab.web.routing import requires

blueprint = Blueprint("calendar", __name__)
FIRST_YEAR, LAST_YEAR = 2444, 2742


@blueprint.get("/calendar")
@requires(Permission.CALENDAR_VIEW)
def index() -> ResponseReturnValue:
    """Go to this year's calendar."""
    return redirect(url_for("calendar.year", number=buddhist_year(today(request_now()))), 303)


@blueprint.get("/calendar/<int:number>")
@requires(Permission.CALENDAR_VIEW)
def year(number: int) -> ResponseReturnValue:
    """List the holidays and closures of a Buddhist year."""
    if not FIRST_YEAR <= number <= LAST_YEAR:
        raise NotFound("year", number)
    with reading() as session:
        holidays = queries.list_holidays(session, number - BUDDHIST_OFFSET)
        years = [found + BUDDHIST_OFFSET for found in queries.years_with_holidays(session)]
    return render_template(
        "calendar/year.html", holidays=holidays, year=number, years=sorted({*years, number}), manages=_may_manage(),
    )  # fmt: skip


def _may_manage() -> bool:
    return access.can(current_actor(), Permission.CALENDAR_MANAGE)


def _entry(form: HolidayForm) -> service.Entry:
    day: date = form.day.data
    return service.Entry(day, form.name_th.data, form.name_en.data or "", bool(form.is_office_closed.data), form.source.data)


def _page(form: HolidayForm, title: str, saved: Holiday | None = None, status: int = 200) -> ResponseReturnValue:
    texts = {}
    if saved is not None:
        texts = {
            "day": show_date(saved.day), "name_th": saved.name_th, "name_en": saved.name_en, "source": saved.source,
            "is_office_closed": _("Yes") if saved.is_office_closed else _("No"),
        }  # fmt: skip
        mine = {
            "day": show_date(form.day.data), "is_office_closed": _("Yes") if form.is_office_closed.data else _("No"),
            **{name: form[name].data or "" for name in ("name_th", "name_en", "source")},
        }  # fmt: skip
        texts = {name: text for name, text in texts.items() if text != mine[name]}
    return render_template("calendar/edit.html", form=form, title=title, saved=texts, is_conflict=saved is not None), status


def _location(day: date) -> str:
    return url_for("calendar.year", number=buddhist_year(day))


@blueprint.route("/calendar/new", methods=["GET", "POST"])
@requires(Permission.CALENDAR_MANAGE)
def new() -> ResponseReturnValue:
    """Enter a holiday or special closure."""
    form = HolidayForm()
    title = _("New holiday or closure")
    if request.method == "GET":
        return _page(form, title)
    if not form.validate():
        return _page(form, title, status=422)
    try:
        with unit_of_work() as session:
            claim(session, form, request_now())
            made = service.add_holiday(session, actor=current_actor(), now=request_now(), entry=_entry(form))
            leads_to(session, form, _location(made.day))
    except AlreadySubmitted as fact:
        return to_first(fact)
    except InvalidInput as fault:
        form.put_errors(fault.errors)
        return _page(form, title, status=422)
    flash(_("Saved."), "success")
    return redirect(_location(made.day), 303)


@blueprint.route("/calendar/days/<uuid:holiday_id>/edit", methods=["GET", "POST"])
@requires(Permission.CALENDAR_MANAGE)
def edit(holiday_id: UUID) -> ResponseReturnValue:
    """Correct an entry."""
    with reading() as session:
        found = queries.get_holiday(session, holiday_id)
    form = HolidayForm(obj=found)
    title = _("Change the holiday")
    if request.method == "GET":
        return _page(form, title)
    if not form.validate():
        return _page(form, title, status=422)
    try:
        with unit_of_work() as session:
            service.change_holiday(
                session, actor=current_actor(), now=request_now(), holiday_id=holiday_id, entry=_entry(form),
                expected_version=form.expected_version,
            )  # fmt: skip
    except InvalidInput as fault:
        form.put_errors(fault.errors)
        return _page(form, title, status=422)
    except VersionConflict as conflict:
        form.version.data = str(conflict.current_version)
        with reading() as session:
            return _page(form, title, queries.get_holiday(session, holiday_id), 409)
    flash(_("Saved."), "success")
    return redirect(_location(form.day.data), 303)


@blueprint.post("/calendar/days/<uuid:holiday_id>/remove")
@requires(Permission.CALENDAR_MANAGE)
def remove(holiday_id: UUID) -> ResponseReturnValue:
    """Take an entry out."""
    form = ButtonForm()
    with unit_of_work() as session:
        found = service.remove_holiday(
            session, actor=current_actor(), now=request_now(), holiday_id=holiday_id, expected_version=form.expected_version
        )
    flash(_("Removed."), "success")
    return redirect(_location(found.day), 303)
