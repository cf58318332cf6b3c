"""The lines of the manifest that a bundle carries, each with its way up to the manifest's root."""

import base64
from typing import Any

from sqlalchemy.orm import Session

from collab.history.sealing import manifest
from collab.history.verifier.merkle import hash_leaf, inclusion_path, parents


class HeadLines:
    """All lines of the manifest that is the last leaf of the log now, in memory: some 100 bytes a stream."""

    def __init__(self, session: Session) -> None:
        """Read the lines; the caller holds the sealing lock."""
        self.lines = list(manifest.lines(session))
        self._levels = [[hash_leaf(line) for line in self.lines]]
        while len(self._levels[-1]) > 1:
            row = self._levels[-1]
            self._levels.append(parents(row[: len(row) // 2 * 2]))
        self._places = {line.split(b"\t", 1)[0].decode(): at for at, line in enumerate(self.lines)}

    def proof(self, stream: str) -> dict[str, Any] | None:
        """Return the stream's line with its proof, or None when it is not in the log."""
        index = self._places.get(stream)
        if index is None:
            return None
        _name, seq, head = self.lines[index].decode().rstrip("\n").split("\t")
        path = inclusion_path(index, len(self.lines), lambda level, at: self._levels[level][at])
        return {
            "stream": stream, "seq": int(seq), "head": head, "index": index,
            "path": [base64.b64encode(step).decode() for step in path],
        }  # fmt: skip
