"""What a mail says, as text and as a page, both in the reader's language and both complete.

The page needs nothing from elsewhere: no picture, no script, no font, nothing that tells that it was read. Its looks stand at the
elements, because many mail programs drop a style sheet; the sheet only adds the dark colours. One column as wide as the screen
allows holds it; the one table is seen by Outlook alone, which knows no greatest width.
"""

from dataclasses import dataclass
from datetime import datetime
from html import escape

from collab.kernel.i18n import _, ngettext

#: The pages to which every mail leads.
CENTRE, PREFERENCES = "/notices", "/notices/preferences"


@dataclass(frozen=True)
class Entry:
    """One line of a digest: what it says, and the path of what it is about ('' for nothing)."""

    subject: str
    url: str


@dataclass(frozen=True)
class Group:
    """The lines of one kind in a digest: its name, those that are listed, and how many there are."""

    label: str
    entries: tuple[Entry, ...]
    count: int


@dataclass(frozen=True)
class Letter:
    """A message with all that its mail needs. Paths are of this site.

    ``call`` is what the button to ``url`` says; ``because`` says why it came to this person; ``unsubscribe`` adds the headers by which
    mail programs offer to switch it off (RFC 2369, RFC 8058) and a line that does the same; ``acknowledge`` leads to the page on which
    a reminder is acknowledged; ``groups`` are the lines of a digest; ``agency`` is the name of who runs this installation.
    """

    mail_id: str
    address: str
    name: str
    locale: str
    subject: str
    text: str
    url: str
    written_at: datetime
    call: str
    because: str = ""
    unsubscribe: str = ""
    acknowledge: str = ""
    groups: tuple[Group, ...] = ()
    agency: str = ""


def as_text(letter: Letter, base_url: str) -> str:
    """Return the text of ``letter`` in the language in force."""
    parts = [letter.text, *(_group_text(group, base_url) for group in letter.groups)]
    parts += [f"{words}:\n{address}" for words, address in _calls(letter, base_url)]
    about = [letter.because, *(f"{words}: {address}" for words, address in _changes(letter, base_url))]
    parts.append("\n".join(["-- ", _masthead(letter), *(line for line in about if line)]))
    return "\n\n".join(part for part in parts if part) + "\n"


def _group_text(group: Group, base_url: str) -> str:
    lines = [f"{_heading(group)}"]
    lines += [f"- {entry.subject}" + (f"\n  {base_url}{entry.url}" if entry.url else "") for entry in group.entries]
    if folded := _folded(group):
        lines.append(f"- {folded}\n  {base_url}{CENTRE}")
    return "\n".join(lines)


def _heading(group: Group) -> str:
    return _("%(label)s (%(num)s)", label=group.label, num=group.count)


def _folded(group: Group) -> str:
    left = group.count - len(group.entries)
    return ngettext("and %(num)s more under Notifications", "and %(num)s more under Notifications", left) if left else ""


def _masthead(letter: Letter) -> str:
    return f"{letter.agency} · Collab" if letter.agency else "Collab"


def _calls(letter: Letter, base_url: str) -> list[tuple[str, str]]:
    """Return what the reader is called to do, the most important first: the words and the address of each."""
    found = [
        (letter.call, letter.url),
        (_("I have seen it and work on it"), letter.acknowledge),
    ]
    return [(words, base_url + path) for words, path in found if path]


def _changes(letter: Letter, base_url: str) -> list[tuple[str, str]]:
    """Return by what the reader changes how mail comes."""
    found = [(_("Change what comes by mail"), base_url + PREFERENCES)]
    if letter.unsubscribe:
        found.append((_("Stop mail of this kind"), base_url + letter.unsubscribe))
    return found


_FONT = "font-family:Sarabun,'Noto Sans Thai','Leelawadee UI',Tahoma,Arial,sans-serif"
#: Colours on their ground have a contrast of at least 4.5:1 (WCAG 2.2, 1.4.3), in the light and in the dark.
_SHEET = (
    "@media(prefers-color-scheme:dark){"
    ".o{background:#15191a!important;color:#eceae4!important}.c{background:#22282a!important;border-color:#3b4446!important}"
    ".h{color:#fff!important}.l{color:#8ad0ca!important}.g{color:#b7bcba!important}"
    ".b{background:#8ad0ca!important;border-color:#8ad0ca!important;color:#0d2322!important}}"
)
_HEAD = (
    '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
    '<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">'
    '<meta name="format-detection" content="telephone=no,date=no,address=no,email=no">'
)
_BODY = f'<body class="o" style="margin:0;padding:0;background:#f3f2ee;color:#1c1c1a;{_FONT};font-size:17px;line-height:1.6">'
#: Only Outlook reads these.
_OPEN_OUTLOOK = '<!--[if mso]><table role="presentation" width="600" align="center"><tr><td><![endif]-->'
_CLOSE_OUTLOOK = "<!--[if mso]></td></tr></table><![endif]-->"
_COLUMN = '<div class="o" style="max-width:600px;margin:0 auto;padding:16px 12px;overflow-wrap:anywhere">'
_CARD = '<div class="c" style="background:#fff;border:1px solid #d9d7d0;border-top:5px solid #0b5c5c;padding:20px">'
_LINK = 'class="l" style="color:#0b5c5c"'
#: The room around the words is border, which every program draws.
_BUTTON = (
    'class="b" style="display:inline-block;background:#0b5c5c;color:#fff;border:solid #0b5c5c;border-width:10px 22px;'
    'border-radius:4px;font-weight:bold;text-decoration:none"'
)


def as_page(letter: Letter, base_url: str) -> str:
    """Return the page of ``letter`` in the language in force; whatever people wrote is escaped."""
    subject = escape(letter.subject)
    parts = [
        f'<!DOCTYPE html><html lang="{letter.locale}">{_HEAD}<title>{subject}</title><style>{_SHEET}</style></head>{_BODY}',
        f'{_OPEN_OUTLOOK}{_COLUMN}<p class="g" style="margin:0 0 8px;font-size:15px;color:#55554f">{escape(_masthead(letter))}</p>',
        f'{_CARD}<h1 class="h" style="margin:0 0 12px;font-size:22px;line-height:1.4;color:#1c1c1a">{subject}</h1>',
    ]
    # What says no more than the heading is not said twice.
    parts += [_paragraph(part) for part in letter.text.split("\n\n") if part and part != letter.subject]
    parts += [_group_page(group, base_url) for group in letter.groups]
    for place, (words, address) in enumerate(_calls(letter, base_url)):
        looks = _LINK if place else _BUTTON
        parts.append(f'<p style="margin:20px 0 0"><a {looks} href="{escape(address)}">{escape(words)}</a></p>')
    parts.append(f"</div>{_foot(letter, base_url)}</div>{_CLOSE_OUTLOOK}</body></html>")
    return "".join(parts)


def _paragraph(text: str) -> str:
    lines = escape(text).replace("\n", "<br>")
    return f'<p style="margin:0 0 12px">{lines}</p>'


def _group_page(group: Group, base_url: str) -> str:
    lines = [_item(entry, base_url) for entry in group.entries]
    if folded := _folded(group):
        lines.append(_item(Entry(folded, CENTRE), base_url))
    heading = (
        f'<h2 class="h" style="margin:20px 0 4px;font-size:18px;line-height:1.4;color:#1c1c1a">{escape(_heading(group))}</h2>'
    )
    return f'{heading}<ul style="margin:0;padding:0 0 0 20px">{"".join(lines)}</ul>'


def _item(entry: Entry, base_url: str) -> str:
    words = escape(entry.subject)
    said = f'<a {_LINK} href="{escape(base_url + entry.url)}">{words}</a>' if entry.url else words
    return f'<li style="margin:0 0 8px">{said}</li>'


def _foot(letter: Letter, base_url: str) -> str:
    changes = " · ".join(
        f'<a {_LINK} href="{escape(address)}">{escape(words)}</a>' for words, address in _changes(letter, base_url)
    )
    because = f"{escape(letter.because)}<br>" if letter.because else ""
    return f'<p class="g" style="margin:14px 0 0;font-size:15px;color:#55554f">{because}{changes}</p>'
