"""The ways out of channels: Apprise, which speaks to many services; or the local sink, from which nothing leaves."""

import logging
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from collab.kernel.db import Database
from collab.kernel.i18n import lazy
from collab.notices.models import SunkMail

logger = logging.getLogger(__name__)
#: Why a post was not taken, as it is kept; never what the service said, which may repeat the address.
NO_ANSWER, UNREADABLE = "no answer", "unreadable address"
REFUSED = "refused"
REASONS = {
    NO_ANSWER: lazy("The service does not answer"),
    REFUSED: lazy("The service refused it"),
    UNREADABLE: lazy("The address cannot be used: enter it again"),
}
_CODE = re.compile(r"error=(\d{3})")


class PostFailed(Exception):
    """The post was not taken, for one of the reasons above; ``is_final`` when trying again cannot help."""

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_final = is_final


class Way(Protocol):
    """Somewhere a post can be handed over. Raises PostFailed when it was not taken."""

    def post(self, service: str, address: str, title: str, body: str) -> None:
        """Hand a text over to the channel at ``address``."""


def can_read(address: str) -> bool:
    """Say whether the library understands an address; nothing is sent."""
    return _open(address) is not None


class AppriseWay:
    """The services themselves, over the network. A service has a few seconds to answer."""

    def post(self, service: str, address: str, title: str, body: str) -> None:
        """Hand a text over; raise PostFailed with the code that the service answered."""
        import apprise  # here, because it takes its time to load and few processes need it

        opened = _open(address)
        if opened is None:
            raise PostFailed(UNREADABLE, is_final=True)
        with apprise.LogCapture(level=logging.WARNING) as said:  # type: ignore[no-untyped-call]
            taken = opened.notify(body=body, title=title)
            code = _CODE.search(said.getvalue())
        if not taken:
            raise PostFailed(f"{REFUSED} {code[1]}" if code else NO_ANSWER)


class SinkWay:
    """The local sink: keeps posts beside the mails, for demonstrations and development."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self.database = database
        self.clock = clock

    def post(self, service: str, address: str, title: str, body: str) -> None:
        """Keep a text, in a transaction of its own as a service would. The address is not kept."""
        text = f"{title}\n\n{body}"
        kept = SunkMail(mail_id="", recipient=service, subject=title, source=text.encode(), text=text, sunk_at=self.clock())
        with self.database.unit_of_work() as session:
            session.add(kept)


def _open(address: str) -> Any:
    import apprise  # as above

    asset = apprise.AppriseAsset(
        app_id="Collab", app_desc="Collab", app_url="", image_url_mask="", image_url_logo="", secure_logging=True, async_mode=False,
        plugin_paths=[],
    )  # fmt: skip
    return apprise.Apprise.instantiate(address, asset=asset, suppress_exceptions=True)
