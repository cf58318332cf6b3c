"""The embedded broker: a Kombu transport that keeps each message in a file, so that no server is needed.

Kombu's own filesystem transport writes a message in place and hands it over through the system's temporary directory; a reader
may meet a half-written file there. Here a message appears whole (rename) and is taken whole (rename), so that any number of
processes of one machine may read and write. A message is gone once taken: what a killed worker held comes back through the sweep.
"""

import logging
import os
import time
import uuid
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import filesystem
from kombu.utils.encoding import bytes_to_str, str_to_bytes
from kombu.utils.json import dumps, loads

logger = logging.getLogger(__name__)

POLLING_SECONDS = 0.1
ABANDONED_SECONDS = 3600.0


class Channel(filesystem.Channel):
    """Stores each message of queue `q` as `<time>_<id>.q.msg` in the spool directory."""

    def _put(self, queue: str, payload: dict[str, Any], **_options: Any) -> None:
        """Add a message; it becomes visible under its name only when it is complete."""
        name = f"{time.time_ns():020d}_{uuid.uuid4().hex}.{queue}.msg"
        draft = Path(self.data_folder_out, f".draft-{name}")
        draft.write_bytes(str_to_bytes(dumps(payload)))
        draft.rename(Path(self.data_folder_out, name))

    def _get(self, queue: str) -> Any:
        """Return the oldest message of the queue and remove it; raise Empty when there is none."""
        for name in self._waiting():
            if name.startswith(".") or name.partition(".")[2] != f"{queue}.msg":
                continue
            taken = Path(self.data_folder_in, f".taken-{name}")
            try:
                Path(self.data_folder_in, name).rename(taken)
            except FileNotFoundError:
                continue
            raw = taken.read_bytes()
            taken.unlink()
            try:
                return loads(bytes_to_str(raw))
            except ValueError:
                logger.exception("damaged message thrown away", extra={"message_file": name})
        raise Empty

    def _waiting(self) -> list[str]:
        """Return the names of the messages, the oldest first; none while the directory is away."""
        try:
            return sorted(os.listdir(self.data_folder_in))
        except FileNotFoundError:
            return []


class Transport(filesystem.Transport):
    """The transport to name as broker: ``workers.spool:Transport``. Looks for messages from the worker's event loop."""

    Channel = Channel
    driver_type = "spool"
    driver_name = "spool"
    implements = filesystem.Transport.implements.extend(asynchronous=True)

    def register_with_event_loop(self, connection: Any, loop: Any) -> None:
        """Take what waits, several times a second, as far as the worker's prefetch limit lets it."""

        def take_waiting() -> None:
            try:
                while True:
                    self.drain_events(connection, timeout=0)
            except TimeoutError:
                return

        loop.call_repeatedly(POLLING_SECONDS, take_waiting)


def prepare_directory(directory: Path) -> dict[str, Any]:
    """Make the spool directory, clear what a killed process left half-done, and return the transport's options."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    control = directory / "control"
    control.mkdir(exist_ok=True)
    for pattern in (".draft-*", ".taken-*"):
        for path in directory.glob(pattern):
            _remove_abandoned(path)
    return {
        "data_folder_in": str(directory),
        "data_folder_out": str(directory),
        "control_folder": str(control),
        "polling_interval": POLLING_SECONDS,
    }


def _remove_abandoned(path: Path) -> None:
    try:
        if time.time() - path.stat().st_mtime > ABANDONED_SECONDS:
            path.unlink()
    except FileNotFoundError:
        return
