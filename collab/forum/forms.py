"""The form of a post."""

from collab.kernel.i18n import lazy
from collab.web.forms import CollabForm, Paragraph


class PostForm(CollabForm):
    """What somebody says."""

    text = Paragraph(lazy("Your contribution"), most=5000)


class RemoveForm(CollabForm):
    """Why a post is removed."""

    reason = Paragraph(lazy("Reason"), most=1000)
