"""What a file is, read from its bytes and never from its name; what it may be called."""

import re
import zipfile
import zlib
from pathlib import Path, PurePath
from typing import BinaryIO

from collab.documents import heic
from collab.kernel.text import normalise

#: Kinds that are taken (HEIC is kept as JPEG), with the endings that a file of the kind may carry (the first is the usual one).
ENDINGS: dict[str, tuple[str, ...]] = {
    "application/pdf": ("pdf",),
    "image/png": ("png",),
    "image/jpeg": ("jpg", "jpeg", "jpe", "jfif"),
    "image/webp": ("webp",),
    heic.MEDIA_TYPE: ("heic", "heif"),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ("docx",),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ("xlsx",),
    "application/vnd.oasis.opendocument.text": ("odt",),
    "application/vnd.oasis.opendocument.spreadsheet": ("ods",),
    "text/csv": ("csv",),
    "text/plain": ("txt",),
}
ALLOWED_ENDINGS = tuple(endings[0] for endings in ENDINGS.values())
HEAD = 4096
NAME_LENGTH = 150
#: An office file has some dozens of parts; a bomb made of names has many more.
MOST_PARTS = 10_000

_OPEN_DOCUMENT = {
    b"application/vnd.oasis.opendocument.text": "application/vnd.oasis.opendocument.text",
    b"application/vnd.oasis.opendocument.spreadsheet": "application/vnd.oasis.opendocument.spreadsheet",
}
_OFFICE = {
    "word/document.xml": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xl/workbook.xml": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_CONTROL_BYTES = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]")
# A browser takes text for a page when it begins like one; such text is no list and no note.
_MARKUP = re.compile(rb"\s*(<!|<\?|<[a-z]|#!|%!)|<(?:html|script|svg|body|iframe)\b", re.IGNORECASE)
# Marks that turn the reading direction make "gpj.exe" look like "exe.jpg".
_UNSAFE_IN_NAME = re.compile('[\u200e\u200f\u202a-\u202e\u2066-\u2069\x00-\x1f\x7f<>:"/\\\\|?*]')


def ending_of(filename: str) -> str:
    """Return the lower-case ending of the name without the dot, '' when it has none."""
    return PurePath(filename).suffix.lstrip(".").lower()


def clean_filename(filename: str) -> str:
    """Return the name without folders, control and direction marks, at most `NAME_LENGTH` characters with its ending kept."""
    last = re.split(r"[/\\]", filename)[-1]
    name = " ".join(_UNSAFE_IN_NAME.sub("", normalise(last)).split()).lstrip(".").strip()
    ending = PurePath(name).suffix[:10]
    stem = name[: len(name) - len(PurePath(name).suffix)] if ending else name
    return (stem[: NAME_LENGTH - len(ending)].rstrip(" .") or "file") + ending


def media_type_of(path: Path, ending: str) -> str | None:
    """Return the media type of the file at ``path`` when it is a kind that may be kept and ``ending`` fits it, else None.

    Text has no mark of its own, so there the ending chooses between the kinds of text, after the bytes are seen to be text.
    """
    with path.open("rb") as file:
        found = _binary_type(file, path)
        if found is None and ending in ("csv", "txt") and _is_text(file):
            found = "text/csv" if ending == "csv" else "text/plain"
    return found if found is not None and ending in ENDINGS[found] else None


def _binary_type(file: BinaryIO, path: Path) -> str | None:
    head = file.read(HEAD)
    if head.startswith(b"%PDF-"):
        return "application/pdf"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    if heic.is_heic(head):
        return heic.MEDIA_TYPE
    if head.startswith(b"PK\x03\x04"):
        return _office_type(path)
    return None


def _office_type(path: Path) -> str | None:
    """Tell office files from other archives by their parts; one that carries macros is refused with the others."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            if len(names) > MOST_PARTS or any(name.lower().endswith("vbaproject.bin") for name in names):
                return None
            if "mimetype" in names and archive.getinfo("mimetype").file_size < 100:
                return _OPEN_DOCUMENT.get(archive.read("mimetype").strip())
            if "[Content_Types].xml" in names:
                return next((kind for part, kind in _OFFICE.items() if part in names), None)
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, ValueError, EOFError, zlib.error):
        return None
    return None


def _is_text(file: BinaryIO) -> bool:
    """Say whether the bytes are text in UTF-8 or Windows Thai, with no control bytes, that no browser takes for a page."""
    file.seek(0)
    data = file.read()
    if _CONTROL_BYTES.search(data) or _MARKUP.match(data.removeprefix(b"\xef\xbb\xbf")) or _MARKUP.search(data[:HEAD], 1):
        return False
    for encoding in ("utf-8-sig", "cp874"):
        try:
            data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return True
    return False
