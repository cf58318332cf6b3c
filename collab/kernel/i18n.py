"""Two languages, Thai first. The message ids are English; Thai stands in `collab/translations/th/<area>.po`.

The locale is a context variable, so that a page, a job and a mail each speak the reader's language without HTTP at hand.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from markupsafe import escape

LOCALES = ("th", "en")
DEFAULT_LOCALE = "th"
_locale: ContextVar[str] = ContextVar("collab_locale", default=DEFAULT_LOCALE)
_FOLDER = Path(__file__).parent.parent / "translations"


def get_locale() -> str:
    """Return the language in force: ``th`` or ``en``."""
    return _locale.get()


def set_locale(locale: str) -> None:
    """Make ``locale`` the language of the rest of this request or job; an unknown one means Thai."""
    _locale.set(locale if locale in LOCALES else DEFAULT_LOCALE)


@contextmanager
def speaking(locale: str) -> Iterator[None]:
    """Use ``locale`` within the block, for instance while a mail to somebody else is written."""
    token = _locale.set(locale if locale in LOCALES else DEFAULT_LOCALE)
    try:
        yield
    finally:
        _locale.reset(token)


def read_catalog(locale: str) -> Catalog:
    """Return all areas' catalogues of ``locale`` merged into one; raise ValueError when two areas translate one id differently."""
    merged = Catalog(locale=locale, charset="utf-8")
    for path in sorted((_FOLDER / locale).glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=locale):
                if not message.id or not message.string:
                    continue
                merged.add(message.id, message.string, flags=message.flags)
    return merged


@lru_cache(maxsize=len(LOCALES))
def _translations(locale: str) -> NullTranslations:
    if locale == "en":
        return NullTranslations()
    buffer = io.BytesIO()
    write_mo(buffer, read_catalog(locale))
    buffer.seek(0)
    return GNUTranslations(buffer)


def gettext(message: str, **values: Any) -> str:
    """Return ``message`` in the language in force, with ``%(name)s`` filled from ``values``."""
    text = _translations(_locale.get()).gettext(message)
    return text % values if values else text


def ngettext(singular: str, plural: str, n: int, **values: Any) -> str:
    """Return the form of the message for ``n`` things (``%(num)s`` is n)."""
    text = _translations(_locale.get()).ngettext(singular, plural, n)
    return text % {"num": n, **values}


_ = gettext


class LazyText:
    """A message that is translated when it is shown, for labels made at import."""

    def __init__(self, message: str, values: dict[str, Any]) -> None:
        self._message = message
        self._values = values

    def __str__(self) -> str:
        return gettext(self._message, **self._values)

    def __html__(self) -> str:
        return str(escape(str(self)))

    def __repr__(self) -> str:
        return f"LazyText({self._message!r})"

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other)

    def __hash__(self) -> int:
        return hash((self._message, tuple(self._values)))


def lazy(message: str, **values: Any) -> LazyText:
    """Return a text that translates itself at each showing."""
    return LazyText(message, values)
