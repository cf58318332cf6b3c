"""Forms of the notice centre."""

from wtforms import RadioField, SelectMultipleField
from wtforms.widgets import CheckboxInput, ListWidget

from collab.kernel.i18n import lazy
from collab.notices.kinds import KINDS, Mode, modes_of
from collab.web.forms import CollabForm, TextLine, options

MODES = {
    Mode.AT_ONCE: lazy("at once"),
    Mode.DIGEST: lazy("gathered, on working days at 08.00"),
    Mode.OFF: lazy("not by mail"),
}


class PreferencesForm(CollabForm):
    """How each kind of message comes by mail: one choice a kind."""

    def modes(self) -> dict[str, Mode]:
        """Return what was chosen."""
        return {kind: Mode(self[kind].data) for kind in KINDS}


def _choice(kind: str) -> RadioField:
    return RadioField(KINDS[kind].label, choices=options((mode.value, MODES[mode]) for mode in modes_of(kind)))


for _kind in KINDS:
    setattr(PreferencesForm, _kind, _choice(_kind))


class ChannelForm(CollabForm):
    """A further channel: its name, where it posts, and what."""

    name = TextLine(lazy("What you call it"), most=80)
    address = TextLine(lazy("Address of the channel"), most=500, render_kw={"autocomplete": "off"})
    kinds = SelectMultipleField(
        lazy("What is posted there"), choices=options((kind, found.label) for kind, found in KINDS.items()),
        widget=ListWidget(prefix_label=False), option_widget=CheckboxInput(),
    )  # fmt: skip


class ChangedChannelForm(ChannelForm):
    """A channel as it is to be; without an address it keeps the one it has."""

    address = TextLine(lazy("Address of the channel"), most=500, required=False, render_kw={"autocomplete": "off"})
