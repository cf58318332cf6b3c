"""The form by which a file is taken out of sight."""

from collab.kernel.i18n import lazy
from collab.web.forms import CollabForm, Paragraph


class RemoveForm(CollabForm):
    """Why the file is removed."""

    reason = Paragraph(lazy("Why is this file removed?"), most=1000)
