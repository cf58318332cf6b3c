"""The name of this installation's log: written into every event and onto the first line of every checkpoint.

One origin a process, set where the product is put together, so that the same events under another name never verify.
"""

from dataclasses import dataclass

#: Version of the product, written into every event, so that a reader knows what wrote it.
APP_VERSION = "0.1.0"


@dataclass
class _Chosen:
    name: str = "collab.demo/history"


_chosen = _Chosen()


def configure(name: str) -> None:
    """Name the log ``name`` (a schema-less address such as ``collab.example.go.th/history``; no spaces, no plus sign)."""
    if not name or any(character.isspace() or character == "+" for character in name):
        raise ValueError("the name of a log has neither spaces nor plus signs")
    _chosen.name = name


def origin() -> str:
    """Return the name of the log."""
    return _chosen.name
