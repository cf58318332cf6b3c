"""Jinja filters: the one way in which dates, sums and numbers appear on pages."""

from datetime import date, datetime
from decimal import Decimal

from flask import Flask

from collab.kernel import i18n
from collab.kernel.clock import today
from collab.kernel.dates import format_date, format_datetime
from collab.kernel.money import format_baht


def show_date(value: date | datetime | None) -> str:
    """Return the day in words, '' for None."""
    if value is None:
        return ""
    return format_date(today(value) if isinstance(value, datetime) else value, i18n.get_locale())


def show_date_short(value: date | datetime | None) -> str:
    """Return the day with the month abbreviated, '' for None."""
    if value is None:
        return ""
    return format_date(today(value) if isinstance(value, datetime) else value, i18n.get_locale(), short=True)


def show_datetime(value: datetime | None) -> str:
    """Return day and time in Bangkok, '' for None."""
    return format_datetime(value, i18n.get_locale()) if value else ""


def show_baht(value: Decimal | None) -> str:
    """Return the sum with separators and the unit, '' for None."""
    return i18n.gettext("%(amount)s baht", amount=format_baht(value)) if value is not None else ""


def show_number(value: int | Decimal | None) -> str:
    """Return the number with thousands separators, '' for None."""
    return f"{value:,}" if value is not None else ""


def register_filters(app: Flask) -> None:
    """Install the filters and gettext in the templates of ``app``."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda message: i18n.gettext(message), lambda one, many, n: i18n.ngettext(one, many, n), newstyle=True
    )
    app.jinja_env.filters.update(
        date=show_date, date_short=show_date_short, datetime=show_datetime, baht=show_baht, number=show_number
    )
