"""The form of a post."""

from wtforms import SelectMultipleField
from wtforms.widgets import CheckboxInput, ListWidget

from collab.kernel.i18n import lazy
from collab.web.forms import CollabForm, Paragraph


class PostForm(CollabForm):
    """What somebody says."""

    text = Paragraph(lazy("Your contribution"), most=5000)
    mention = SelectMultipleField(
        lazy("Notify at once"), choices=[], validators=(), widget=ListWidget(prefix_label=False), option_widget=CheckboxInput()
    )


class RemoveForm(CollabForm):
    """Why a post is removed."""

    reason = Paragraph(lazy("Reason"), most=1000)
