"""Forms of the notice centre."""

from wtforms import RadioField

from collab.kernel.i18n import lazy
from collab.notices.kinds import KINDS, Mode, modes_of
from collab.web.forms import CollabForm, options

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
