"""Where a channel may post: services whose servers are fixed, and servers that the operator has named. Nothing else is ever called.

An address is one of Apprise's. Its options (after "?") are refused whole: some of them read files or load other addresses.
"""

import re
from collections.abc import Collection
from enum import StrEnum
from urllib.parse import urlsplit

LONGEST = 500
#: Services whose server is written in the product's library: the address holds keys only.
FIXED = {
    "discord": "Discord",
    "gchat": "Google Chat",
    "line": "LINE",
    "slack": "Slack",
    "tgram": "Telegram",
    "webex": "Webex",
}
#: Services that an organisation runs itself, over TLS only; their servers must be among those that the operator has named.
OWN = {"jsons": "JSON", "mmosts": "Mattermost", "nctalks": "Nextcloud Talk", "ntfys": "ntfy", "rockets": "Rocket.Chat"}
SERVICES = FIXED | OWN
_ADDRESS = re.compile(r"(?P<scheme>[a-z]{2,10})://(?P<rest>[\x21-\x7E]+)")


class AddressFault(StrEnum):
    """Why an address is refused."""

    UNREADABLE = "unreadable"
    SERVICE = "service"
    OPTIONS = "options"
    SERVER = "server"


def check_address(text: str, hosts: Collection[str]) -> tuple[str, AddressFault | None]:
    """Return the service that an address names, and why it is refused, None when it may be used; ``hosts`` are the operator's."""
    found = _ADDRESS.fullmatch(text) if len(text) <= LONGEST else None
    if found is None:
        return "", AddressFault.UNREADABLE
    scheme = found["scheme"]
    if scheme not in SERVICES:
        return "", AddressFault.SERVICE
    if any(letter in text for letter in "?#\\"):
        return scheme, AddressFault.OPTIONS
    if scheme in OWN and _server(text) not in hosts:
        return scheme, AddressFault.SERVER
    return scheme, None


def _server(text: str) -> str:
    """Return host, or host:port, of an address; '' when it has none that can be read."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    return f"{host}:{port}" if port else host


def service_name(scheme: str) -> str:
    """Return the name of a service, as its maker writes it."""
    return SERVICES.get(scheme, scheme)
