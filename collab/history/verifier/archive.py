"""Reading a bundle that may be hostile: nothing is extracted, nothing is run, everything is bounded."""

import hashlib
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import IO, Any

MOST_FILES = 20_000
MOST_BYTES = 8 * 1024**3
MOST_TEXT = 64 * 1024**2
MOST_RATIO = 200
_LINK = 0o120000


class HostileArchive(ValueError):
    """An archive that is broken, or built to do harm; the message says how."""


class Archive:
    """A bundle's files, checked by their list before any is read."""

    def __init__(self, path: Any) -> None:
        """Open the ZIP at ``path`` (a name or a binary file); raise HostileArchive."""
        try:
            self.zip = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile, ValueError) as error:
            raise HostileArchive(f"not a readable ZIP: {error}") from error
        self.entries: dict[str, zipfile.ZipInfo] = {}
        entries = self.zip.infolist()
        if len(entries) > MOST_FILES or sum(entry.file_size for entry in entries) > MOST_BYTES:
            raise HostileArchive("too many files, or too large")
        for entry in entries:
            self._admit(entry)

    def _admit(self, entry: zipfile.ZipInfo) -> None:
        name = entry.filename
        place = PurePosixPath(name)
        if name in self.entries or name.lower() in {known.lower() for known in self.entries}:
            raise HostileArchive(f"{name!r} is there twice")
        if place.is_absolute() or ".." in place.parts or "\\" in name or ":" in name or "\x00" in name or str(place) != name:
            raise HostileArchive(f"{name!r} is no path within the bundle")
        if (entry.external_attr >> 16) & 0o170000 == _LINK or entry.is_dir():
            raise HostileArchive(f"{name!r} is a link or a folder")
        if entry.flag_bits & 1 or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise HostileArchive(f"{name!r} is encrypted or packed in an unknown way")
        if entry.file_size > MOST_RATIO * max(entry.compress_size, 1) and entry.file_size > 1024**2:
            raise HostileArchive(f"{name!r} would swell more than {MOST_RATIO} times")
        self.entries[name] = entry

    def open(self, name: str) -> IO[bytes]:
        """Return the file ``name`` as a stream; raise HostileArchive when it is not there."""
        if name not in self.entries:
            raise HostileArchive(f"{name} is missing")
        return self.zip.open(self.entries[name])

    def read(self, name: str, most: int = MOST_TEXT) -> bytes:
        """Return the bytes of ``name``; raise HostileArchive when there are more than ``most``, or the checksum is wrong."""
        if name in self.entries and self.entries[name].file_size > most:
            raise HostileArchive(f"{name} is too large")
        try:
            with self.open(name) as file:
                data = file.read(most + 1)
        except (zipfile.BadZipFile, OSError, EOFError, ValueError) as error:
            raise HostileArchive(f"{name} is damaged: {error}") from error
        if len(data) > most:
            raise HostileArchive(f"{name} is too large")
        return data

    def digest(self, name: str) -> tuple[str, int]:
        """Return the SHA-256 (hexadecimal) and the length of ``name``, read piece by piece."""
        total, length = hashlib.sha256(), 0
        for piece in self.pieces(name):
            total.update(piece)
            length += len(piece)
        return total.hexdigest(), length

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield the bytes of ``name`` a mebibyte at a time; raise HostileArchive when it is damaged or longer than it says."""
        length = 0
        try:
            with self.open(name) as file:
                while piece := file.read(1024 * 1024):
                    length += len(piece)
                    if length > self.entries[name].file_size:
                        raise HostileArchive(f"{name} is longer than it says")
                    yield piece
        except (zipfile.BadZipFile, EOFError, OSError) as error:
            raise HostileArchive(f"{name} is damaged: {error}") from error

    def lines(self, name: str) -> Iterator[list[bytes]]:
        """Yield the lines of ``name`` without their ends, some hundred at a time."""
        return in_lines(self.pieces(name))


def in_lines(pieces: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Yield the lines of what comes in ``pieces``, without their ends, as many at a time as a piece completes."""
    rest = b""
    for piece in pieces:
        lines = (rest + piece).split(b"\n")
        rest = lines.pop()
        yield lines
    if rest:
        yield [rest]
