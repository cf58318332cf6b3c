"""The form that asks between which two points a plan is compared."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from wtforms import SelectField

from collab.action_plans import compare_points
from collab.action_plans.compare_points import DAY, NOW, Point
from collab.kernel.clock import today
from collab.kernel.i18n import _, lazy
from collab.web.forms import CollabForm, ThaiDateField, options


class CompareForm(CollabForm):
    """Two points, asked by GET. A day counts when "a day" is chosen."""

    class Meta(CollabForm.Meta):
        """Nothing is changed, so no token."""

        csrf = False

    earlier = SelectField(lazy("Compare the plan as of"))
    earlier_day = ThaiDateField(lazy("Earlier day"), required=False)
    later = SelectField(lazy("with the plan as of"))
    later_day = ThaiDateField(lazy("Later day"), required=False)

    @property
    def is_asked(self) -> bool:
        """Whether the form was sent; otherwise it stands for its defaults."""
        return bool(self.earlier.raw_data)

    def validate(self, extra_validators: Any = None) -> bool:
        """Check the fields, then that a chosen day is given and the points are in order."""
        if not super().validate(extra_validators):
            return False
        for choice, day in ((self.earlier, self.earlier_day), (self.later, self.later_day)):
            if choice.data == DAY and day.data is None:
                day.errors = [_("Fill in the date.")]
        return not self.errors


def make(args: Any, approved: Sequence[Point], now: datetime) -> CompareForm:
    """Return the form with its choices: what was asked for in ``args``, else the last approval (or a while ago) against today."""
    days = [(DAY, _("A day"))]
    named = [(point.code, point.label) for point in approved]
    start = today(now) - timedelta(days=compare_points.DEFAULT_DAYS)
    form = CompareForm(formdata=args, earlier=named[-1][0] if named else DAY, earlier_day=None if named else start, later=NOW)
    form.earlier.choices = options([*reversed(named), *days])
    form.later.choices = options([(NOW, _("Today")), *reversed(named), *days])
    return form


def chosen(form: CompareForm, approved: Sequence[Point], now: datetime) -> tuple[Point, Point] | None:
    """Return both points in order; None when the later one comes first, which is then said beside its field."""
    earlier, later = (_point(choice.data, day.data, approved, now) for choice, day in (
        (form.earlier, form.earlier_day), (form.later, form.later_day),
    ))  # fmt: skip
    if earlier.at > later.at:
        form.put_errors({"later": _("The second point lies before the first. Choose them the other way round.")})
        return None
    return earlier, later


def _point(code: str, day: Any, approved: Sequence[Point], now: datetime) -> Point:
    if code == DAY:
        return compare_points.day_point(day)
    return compare_points.find(approved, code) or compare_points.now_point(now)
