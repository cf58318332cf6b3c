"""Where the bytes are: files named by their SHA-256, written once and never again.

A file is first written beside its place and forced to disk, then linked to its name, so that a name never shows half a file. One
store a process: `configure` is called where the product is put together.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from collab.kernel.ids import new_id

CHUNK = 1024 * 1024


class TooBig(ValueError):
    """More bytes came than the store takes."""


class MissingFile(RuntimeError):
    """The database knows a file that is not in the store: a broken restore, or a hand in the folder."""


@dataclass(frozen=True)
class FileStore:
    """Files under ``folder``, none larger than ``most_bytes``."""

    folder: Path
    most_bytes: int

    @contextmanager
    def receive(self, stream: IO[bytes]) -> Iterator[Path]:
        """Copy ``stream`` into a temporary file and yield its path; the file is gone after the block. Raises TooBig."""
        incoming = self.folder / "incoming"
        incoming.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = incoming / str(new_id())
        try:
            with path.open("xb") as file:
                size = 0
                while chunk := stream.read(CHUNK):
                    size += len(chunk)
                    if size > self.most_bytes:
                        raise TooBig
                    file.write(chunk)
            yield path
        finally:
            path.unlink(missing_ok=True)

    def keep(self, received: Path) -> tuple[str, int]:
        """Put the received file under its SHA-256; return that (hexadecimal) and its size. What is there already stays as it is."""
        digest = hashlib.sha256()
        with received.open("rb+") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
            size = file.tell()
            os.fsync(file.fileno())
        name = digest.hexdigest()
        place = self._place(name)
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        received.chmod(0o400)
        try:
            os.link(received, place)
        except FileExistsError:
            if place.stat().st_size != size:
                raise MissingFile(name) from None
        _force_folder(place.parent)
        return name, size

    def path_of(self, sha256: str) -> Path:
        """Return where the bytes are; raise MissingFile when they are not there."""
        place = self._place(sha256)
        if not place.is_file():
            raise MissingFile(sha256)
        return place

    def is_whole(self, sha256: str) -> bool:
        """Say whether the bytes are there and still have the SHA-256 that they are named by."""
        place = self._place(sha256)
        if not place.is_file():
            return False
        with place.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256

    def _place(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / sha256[2:4] / sha256


def _force_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


_configured: list[FileStore] = []


def configure(folder: Path, most_bytes: int) -> None:
    """Say where this process keeps files and how large one may be; the last word counts."""
    _configured[:] = [FileStore(folder, most_bytes)]


def store() -> FileStore:
    """Return the store of this process; raise RuntimeError when nobody configured one."""
    if not _configured:
        raise RuntimeError("documents.storage.configure was not called")
    return _configured[0]
