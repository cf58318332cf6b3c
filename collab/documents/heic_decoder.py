"""A program of its own: ``python heic_decoder.py picture.heic picture.jpg``. Imports nothing of the product; ends with 0 when it is done."""

import resource
import sys

from PIL import Image
from pillow_heif import options, register_heif_opener

#: Points of a picture; the largest that a telephone makes has 48 million.
MOST_POINTS = 64_000_000
MOST_MEMORY, MOST_PROCESSOR_SECONDS = 1536 * 1024 * 1024, 25
QUALITY = 90


def limit() -> None:
    """Let this process use so much memory and so much of the processor, and leave no dump."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_PROCESSOR_SECONDS, MOST_PROCESSOR_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def decode(source: str, made: str) -> None:
    """Write the main picture of ``source`` to ``made`` as JPEG with its Exif and colour profile; what is turned stands upright."""
    options.THUMBNAILS = options.DEPTH_IMAGES = options.AUX_IMAGES = False
    options.DECODE_THREADS = 1
    register_heif_opener()
    with Image.open(source, formats=("HEIF",)) as picture:
        if picture.width * picture.height > MOST_POINTS:
            raise SystemExit("too large")
        kept = {name: picture.info[name] for name in ("exif", "icc_profile") if picture.info.get(name)}
        picture.convert("RGB").save(made, "JPEG", quality=QUALITY, optimize=True, **kept)


if __name__ == "__main__":
    limit()
    decode(*sys.argv[1:3])
