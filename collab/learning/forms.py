"""Forms of the lessons."""

from typing import Any

from wtforms import RadioField
from wtforms.validators import Optional

from collab.kernel.i18n import lazy
from collab.learning.rules import QUESTIONS
from collab.web.forms import CollabForm, Paragraph, TextLine, options


class CaseForm(CollabForm):
    """A practice case."""

    title = TextLine(lazy("Title"))
    situation = Paragraph(lazy("Situation"), most=5000)
    measure = Paragraph(lazy("What was done"), most=5000)
    result = Paragraph(lazy("What came of it"), most=5000)
    lesson = Paragraph(lazy("Lesson"), most=5000)
    source = TextLine(lazy("Source"), required=False, most=500)


SCALE = [("1", lazy("1 – no")), ("2", lazy("2 – a little")), ("3", lazy("3 – mostly")), ("4", lazy("4 – fully"))]


class AssessmentForm(CollabForm):
    """The yearly checklist; a field per question is added below."""

    remark = Paragraph(lazy("Remark"), required=False, most=5000)

    def answers(self) -> dict[str, int]:
        """Return the answers given, by question."""
        fields: dict[str, Any] = {code: self._fields[f"q_{code}"] for code in QUESTIONS}
        return {code: int(field.data) for code, field in fields.items() if field.data}


for _code, _text in QUESTIONS.items():
    setattr(AssessmentForm, f"q_{_code}", RadioField(_text, choices=options(SCALE), validators=[Optional()]))
