"""The form that asks for a bundle."""

from collab.kernel.i18n import lazy
from collab.web.forms import CollabForm, ThaiDateField, WholeNumber


class BundleForm(CollabForm):
    """As of which day the state is to lie in the bundle, beside that of today."""

    as_of_day = ThaiDateField(lazy("State as of"), required=False)
    kept_size = WholeNumber(
        lazy("Number of events in a checkpoint that you kept, or in printed minutes"), least=1, most=2**62, required=False
    )
