"""The frame of every page - style sheets, header with the menu, footer - kept as HTML while it shows the same.

Everything that the frame shows is part of the key under which it is kept, so that nothing in it can be stale: another name, one
more unread notice, another language is another frame. What differs at every request (the address to come back to, the token of
the sign-out form) is a mark that is replaced when the frame is used.
"""

from collections.abc import Callable, Hashable
from functools import cached_property, lru_cache
from urllib.parse import quote_plus

from flask import current_app, request
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup, escape

#: How many different frames a process keeps; one takes about four kilobytes.
MOST_FRAMES = 1000
#: Marks that no text can hold: the templates escape what stands around them.
_TOKEN, _ADDRESS = Markup("<token>"), Markup("<address>")


class Frame:
    """What the layout takes its parts from. They are reckoned when it asks for them: a page for paper has no header."""

    def __init__(self, facts: Callable[[], dict[str, Hashable]]) -> None:
        """Take what tells the facts that header and footer show, by the names that the templates use."""
        self._tell = facts

    @cached_property
    def _facts(self) -> tuple[tuple[str, Hashable], ...]:
        return tuple(self._tell().items())

    @property
    def head(self) -> Markup:
        """The style sheets and scripts."""
        return _rendered("layouts/_head.html", request.script_root, ())

    @property
    def header(self) -> Markup:
        """The header and the menu."""
        kept = _rendered("layouts/_header.html", request.script_root, self._facts)
        address = escape(quote_plus(request.full_path))
        text = str(kept).replace(_ADDRESS, address).replace(_TOKEN, escape(generate_csrf()))
        return Markup(text)  # noqa: S704 - rendered by a template; what is put in is escaped

    @property
    def footer(self) -> Markup:
        """The footer."""
        return _rendered("layouts/_footer.html", request.script_root, self._facts)


@lru_cache(maxsize=MOST_FRAMES)
def _rendered(template: str, _root: str, facts: tuple[tuple[str, Hashable], ...]) -> Markup:
    """Render a part of the frame; its language and the root of its addresses are part of the key like all it shows."""
    html = current_app.jinja_env.get_template(template).render({**dict(facts), "token": _TOKEN, "address": _ADDRESS})
    return Markup(html)  # noqa: S704 - rendered by a template, which escapes
