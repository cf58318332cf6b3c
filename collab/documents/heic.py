"""Pictures of iPhones (HEIC) become JPEG when they come in: browsers and offices cannot open HEIC, and its place could not be taken out.

The picture is decoded by libheif in a process of its own that may use so much memory and so much time and no more, and whose end,
however it comes, is no more than a refused file. That process runs `heic_decoder.py`, which knows nothing of the product.
"""

import os
import subprocess
import sys
from pathlib import Path

MEDIA_TYPE = "image/heic"
#: Brands of ISO/IEC 23008-12 for pictures coded with HEVC, as they stand behind "ftyp" (an iPhone writes heic, or mif1 and then heic).
_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis"))
_GENERAL = frozenset((b"mif1", b"msf1"))
_MOST_BRANDS = 16
MOST_SECONDS = 30
_DECODER = Path(__file__).with_name("heic_decoder.py")


class UndecodablePicture(ValueError):
    """A file that says that it is HEIC and cannot be decoded within the limits."""


def is_heic(head: bytes) -> bool:
    """Say whether a file that begins with ``head`` is a picture coded with HEVC."""
    if head[4:8] != b"ftyp":
        return False
    brands = [head[at : at + 4] for at in (8, *range(16, min(int.from_bytes(head[:4]), 16 + 4 * _MOST_BRANDS), 4))]
    return brands[0] in _BRANDS or (brands[0] in _GENERAL and not _BRANDS.isdisjoint(brands))


def to_jpeg(path: Path) -> None:
    """Put in place of the HEIC picture at ``path`` the same as JPEG, upright, with its Exif; raise UndecodablePicture."""
    made = path.with_name(path.name + ".jpg")
    # The modules of this process are that process's too; nothing else of the environment is.
    environment = {"PYTHONPATH": os.pathsep.join(part for part in sys.path if part), "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(  # noqa: S603 - a program and paths of our own
            [sys.executable, str(_DECODER), str(path), str(made)], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, timeout=MOST_SECONDS, check=False, cwd=path.parent,
        )  # fmt: skip
        if done.returncode != 0:
            raise UndecodablePicture
        made.replace(path)
    except subprocess.TimeoutExpired:
        raise UndecodablePicture from None
    finally:
        made.unlink(missing_ok=True)
