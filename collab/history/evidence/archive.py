"""Writing a bundle's ZIP: the same content always gives the same bytes, and every file is listed with its hash."""

import hashlib
import json
import zipfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

_MOMENT = (1980, 1, 1, 0, 0, 0)
CHUNK = 1024 * 1024


class BundleWriter:
    """A bundle while it is written; `close` adds the manifest."""

    def __init__(self, path: Path) -> None:
        """Write to ``path``, which must not exist."""
        self._zip = zipfile.ZipFile(path, "x", zipfile.ZIP_DEFLATED, compresslevel=6)
        self.files: list[dict[str, Any]] = []

    def __enter__(self) -> "BundleWriter":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._zip.close()

    def add(self, name: str, data: bytes | str) -> None:
        """Add a small file."""
        self.add_pieces(name, [data.encode() if isinstance(data, str) else data])

    def add_pieces(self, name: str, pieces: Iterable[bytes], *, packed: bool = True) -> None:
        """Add a file piece by piece; ``packed`` False for what is packed already."""
        entry = zipfile.ZipInfo(name, _MOMENT)
        entry.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        entry.external_attr = 0o100644 << 16
        digest, length = hashlib.sha256(), 0
        with self._zip.open(entry, "w", force_zip64=True) as file:
            for piece in pieces:
                digest.update(piece)
                length += len(piece)
                file.write(piece)
        self.files.append({"path": name, "sha256": digest.hexdigest(), "len": length})

    def add_file(self, name: str, path: Path) -> None:
        """Add the file at ``path`` as it is."""
        with path.open("rb") as file:
            self.add_pieces(name, iter(lambda: file.read(CHUNK), b""), packed=False)

    def finish(self, manifest: dict[str, Any]) -> None:
        """Add manifest.json, which lists everything added so far."""
        listed = {**manifest, "files": sorted(self.files, key=lambda entry: str(entry["path"]))}
        self.add("manifest.json", json.dumps(listed, ensure_ascii=False, indent=1, sort_keys=True) + "\n")
