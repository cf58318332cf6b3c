"""The form base: CSRF, Thai text normalised on the way in, dates in three boxes, sums in baht, uploads."""

import secrets
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import Field, HiddenField, IntegerField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.utils import unset_value
from wtforms.validators import DataRequired, InputRequired, ValidationError

from collab.kernel.dates import BUDDHIST_OFFSET, DateFault, InvalidDate, parse_date_parts
from collab.kernel.i18n import _, lazy
from collab.kernel.money import InvalidBaht, parse_baht
from collab.kernel.text import normalise

LINE_LENGTH = 200
PARAGRAPH_LENGTH = 20_000


class Translations:
    """Gives WTForms' own messages our gettext (Thai texts of them stand in `web.po`)."""

    def gettext(self, message: str) -> str:
        """Return ``message`` in the language in force."""
        return _(message)

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        """Return the form for ``n``."""
        return _(singular if n == 1 else plural)


class CollabForm(FlaskForm):
    """Base of every form. ``version`` carries the optimistic lock, ``once`` the key that makes a second submit harmless."""

    version = HiddenField()
    once = HiddenField(default=lambda: secrets.token_urlsafe(16))

    class Meta(FlaskForm.Meta):
        """WTForms' hook for translations."""

        def get_translations(self, form: Any) -> Translations:
            """Return our translations."""
            return Translations()

    @property
    def expected_version(self) -> int | None:
        """The version that the form was opened with, or None when it carries none."""
        text = str(self.version.data or "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None

    def put_errors(self, faults: dict[str, str]) -> None:
        """Show the domain's ``faults`` (field to message) beside their fields; unknown fields go to the form."""
        for name, message in faults.items():
            target = self._fields.get(name)
            if target is None:
                self.form_errors.append(message)
            else:
                target.errors = [*target.errors, message]


class Length:
    """Refuse text longer than ``most`` characters, saying how long it is; the words the person typed stay in the form."""

    def __init__(self, most: int) -> None:
        self.most = most
        # Read by the template macro: a counter, never a silent cut by the browser.
        self.field_flags = {"counted": most}

    def __call__(self, form: Any, field: Any) -> None:
        """Raise ValidationError when the field's text is too long."""
        length = len(field.data or "")
        if length > self.most:
            raise ValidationError(_("Use at most %(most)s characters; this has %(length)s.", most=self.most, length=length))


def _clean(value: str | None) -> str:
    return normalise(value) if value else ""


class TextLine(StringField):
    """One line of text, normalised, with a limit that is told and not cut."""

    def __init__(
        self, label: Any, required: bool = True, most: int = LINE_LENGTH, validators: Sequence[Any] = (), **options: Any
    ) -> None:
        rules = [*(_written() if required else ()), Length(most), *validators]
        super().__init__(label, rules, filters=[_clean, _one_line], **options)


class Paragraph(TextAreaField):
    """Several lines of text, normalised."""

    def __init__(
        self, label: Any, required: bool = True, most: int = PARAGRAPH_LENGTH, validators: Sequence[Any] = (), **options: Any
    ) -> None:
        rules = [*(_written() if required else ()), Length(most), *validators]
        super().__init__(label, rules, filters=[_clean], **options)


def _one_line(value: str) -> str:
    return " ".join(value.split())


def _written() -> tuple[DataRequired]:
    # After cleaning: what is only spaces or control characters was not filled in.
    return (DataRequired(lazy("Fill this in.")),)


def _required() -> tuple[InputRequired]:
    return (InputRequired(lazy("Fill this in.")),)


_FAULTS = {
    DateFault.MISSING_PART: lazy("Fill in the day, the month and the year."),
    DateFault.NOT_A_NUMBER: lazy("Write the date in numbers, for example 27 3 2570."),
    DateFault.TWO_DIGIT_YEAR: lazy("Write the year with four digits, for example 2570."),
    DateFault.NO_SUCH_DAY: lazy("There is no such day in the calendar."),
    DateFault.YEAR_OUT_OF_RANGE: lazy("Check the year: write it in the Buddhist era, for example 2570."),
}


class ThaiDateField(Field):
    """A date in three boxes วัน/เดือน/ปี พ.ศ.; ``data`` is a date or None. What was typed stays in the boxes."""

    is_date_parts = True

    def __init__(self, label: Any, required: bool = True, **options: Any) -> None:
        self.is_required = required
        super().__init__(label, **options)
        self.day_value = self.month_value = self.year_value = ""
        self.fault: DateFault | None = None

    def process(self, formdata: Any, data: Any = unset_value, extra_filters: Any = None) -> None:
        """Take the three boxes ``<name>-day``, ``-month``, ``-year`` from the submission, or the object's date."""
        self.process_errors: list[str] = []
        value = self.default if data is unset_value else data
        value = value() if callable(value) else value
        self.data = value
        self.fault = None
        if isinstance(value, date):
            self._show(value)
        if formdata is not None and any(f"{self.name}-{part}" in formdata for part in ("day", "month", "year")):
            parts = [str(formdata.get(f"{self.name}-{part}", ""))[:40] for part in ("day", "month", "year")]
            self.day_value, self.month_value, self.year_value = parts
            self._read(parts)

    def pre_validate(self, form: Any) -> None:
        """Raise what was wrong with the boxes, or that they are empty."""
        if self.fault is not None:
            raise ValidationError(str(_FAULTS[self.fault]))
        if self.is_required and self.data is None:
            raise ValidationError(_("Fill in the date."))

    def _show(self, value: date) -> None:
        self.day_value, self.month_value = str(value.day), str(value.month)
        self.year_value = str(value.year + BUDDHIST_OFFSET)

    def _read(self, parts: list[str]) -> None:
        try:
            self.data = parse_date_parts(*parts)
        except InvalidDate as error:
            self.data = None
            self.fault = error.fault


class BahtField(StringField):
    """A sum in baht; ``amount`` is a Decimal or None, ``data`` stays the text that was typed."""

    def __init__(self, label: Any, required: bool = True, **options: Any) -> None:
        super().__init__(label, _required() if required else (), filters=[_clean], **options)
        self.amount: Decimal | None = None

    def process_data(self, value: Any) -> None:
        """Show a Decimal with thousands separators."""
        self.data = f"{value:,.2f}" if isinstance(value, Decimal) else (value or "")

    def pre_validate(self, form: Any) -> None:
        """Raise when the text is no sum of baht."""
        try:
            self.amount = parse_baht(self.data or "")
        except InvalidBaht as error:
            raise ValidationError(_("Write the sum in baht, for example 1,250,000.50.")) from error


class WholeNumber(IntegerField):
    """A whole number between ``least`` and ``most``; Thai digits are read too."""

    def __init__(self, label: Any, least: int = 0, most: int = 1_000_000_000, required: bool = True, **options: Any) -> None:
        self.least, self.most, self.is_required = least, most, required
        super().__init__(label, _required() if required else (), **options)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the number."""
        text = _clean(valuelist[0]).replace(",", "") if valuelist else ""
        self.data = None
        if not text:
            return
        if not text.isdecimal() or len(text) > 12:
            raise ValueError(_("Write a whole number."))
        self.data = int(text)

    def pre_validate(self, form: Any) -> None:
        """Raise when the number is out of range, or when a line of spaces stands for a number that is needed."""
        if self.data is None and self.is_required and not self.process_errors:
            raise ValidationError(_("Fill this in."))
        if self.data is not None and not self.least <= self.data <= self.most:
            raise ValidationError(_("Write a number from %(least)s to %(most)s.", least=self.least, most=self.most))


class UploadField(FileField):
    """One file. Size and kind are checked by `documents` when it is stored."""


def options(pairs: Iterable[tuple[str, Any]]) -> list[SelectChoice]:
    """Return the choices of a select or of radios from (value, label); a lazy label speaks the reader's language."""
    return [SelectChoice(value, label) for value, label in pairs]
