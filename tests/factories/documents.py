"""Bytes of files for tests: the smallest of each kind, and a telephone's photo that tells where it was taken."""

import io
import struct
import zipfile
import zlib

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def png_chunk(name: bytes, content: bytes) -> bytes:
    """Return one PNG chunk."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(*more: bytes) -> bytes:
    """Return a PNG of one grey pixel with the chunks ``more`` before its pixels."""
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    tail = png_chunk(b"IDAT", zlib.compress(b"\x00\x7f")) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(more) + tail


def webp(*chunks: tuple[bytes, bytes]) -> bytes:
    """Return a WebP of ``chunks``, (name, content)."""
    body = b"WEBP" + b"".join(name + struct.pack("<I", len(text)) + text + bytes(len(text) % 2) for name, text in chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


PNG = png()
WEBP = webp((b"VP8 ", bytes(24)))
CSV = "ลำดับ,รายการ\n1,ซื้อรถขยะ\n".encode()
TEXT = "บันทึกการตรวจ".encode("cp874")
SCAN = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" + b"\x11\xff\x00\x22\xff\xd0\x33"


def office(*names: str, mimetype: bytes = b"") -> bytes:
    """Return an archive with the parts ``names``."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        if mimetype:
            archive.writestr("mimetype", mimetype)
        for name in names:
            archive.writestr(name, "<x/>")
    return buffer.getvalue()


DOCX = office("[Content_Types].xml", "word/document.xml")
XLSX = office("[Content_Types].xml", "xl/workbook.xml")
ODT = office("content.xml", mimetype=b"application/vnd.oasis.opendocument.text")
ODS = office("content.xml", mimetype=b"application/vnd.oasis.opendocument.spreadsheet")


def segment(marker: int, payload: bytes) -> bytes:
    """Return one JPEG segment."""
    return bytes((0xFF, marker)) + struct.pack(">H", len(payload) + 2) + payload


def exif(orientation: int = 6, taken_at: bytes = b"2026:11:21 09:30:00") -> bytes:
    """Return an Exif payload, little-endian, with orientation, time and a position (latitude 7, Hat Yai)."""
    first = 8
    below = first + 2 + 12 * 3 + 4
    stamp = below + 2 + 12 + 4
    place = stamp + 20
    degrees = place + 2 + 12 * 2 + 4
    tiff = b"II*\x00" + struct.pack("<I", first)
    tiff += struct.pack("<H", 3) + struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    tiff += struct.pack("<HHII", 0x8769, 4, 1, below) + struct.pack("<HHII", 0x8825, 4, 1, place) + bytes(4)
    tiff += struct.pack("<H", 1) + struct.pack("<HHII", 0x9003, 2, 20, stamp) + bytes(4) + taken_at + b"\x00"
    tiff += (
        struct.pack("<H", 2)
        + struct.pack("<HHI4s", 1, 2, 2, b"N\x00\x00\x00")
        + struct.pack("<HHII", 2, 5, 3, degrees)
        + bytes(4)
    )
    tiff += struct.pack("<6I", 7, 1, 0, 1, 2774, 100)
    return b"Exif\x00\x00" + tiff


def photo(orientation: int = 6) -> bytes:
    """Return a JPEG as a telephone makes it: Exif with position, XMP, a second picture behind the end."""
    return (
        b"\xff\xd8"
        + segment(0xE0, b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00")
        + segment(0xE1, exif(orientation))
        + segment(0xE1, b"http://ns.adobe.com/xap/1.0/\x00<x exif:GPSLatitude='7,0.46N'/>")
        + segment(0xE2, b"MPF\x00" + bytes(20))
        + segment(0xDB, bytes(65))
        + SCAN
        + b"\xff\xd9"
        + b"\xff\xd8"
        + segment(0xE1, exif())
        + b"\xff\xd9"
    )


ALLOWED = {
    "a.pdf": (PDF, "application/pdf"),
    "a.png": (PNG, "image/png"),
    "a.webp": (WEBP, "image/webp"),
    "a.jpg": (photo(), "image/jpeg"),
    "a.JPEG": (photo(), "image/jpeg"),
    "a.docx": (DOCX, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    "a.xlsx": (XLSX, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "a.odt": (ODT, "application/vnd.oasis.opendocument.text"),
    "a.ods": (ODS, "application/vnd.oasis.opendocument.spreadsheet"),
    "a.csv": (CSV, "text/csv"),
    "a.txt": (TEXT, "text/plain"),
}
REFUSED = {
    "a.zip": office("readme.txt"),
    "macros.docx": office("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"),
    "page.html": b"<!doctype html><script>alert(1)</script>",
    "page.txt": b"  <html><script>alert(1)</script>",
    "hidden.csv": b"a,b\n<script>alert(1)</script>\n",
    "bom.txt": b"\xef\xbb\xbf<svg onload='alert(1)'/>",
    "drawing.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "program.exe": b"MZ\x90\x00\x03",
    "program.txt": b"MZ\x90\x00\x03",
    "script.txt": b"#!/bin/sh\n",
    "photo.jpg": PDF,
    "paper.pdf": photo(),
    "sheet.docx": XLSX,
    "paper": PDF,
    "broken.docx": b"PK\x03\x04" + bytes(100),
    "paper.pdf.exe": PDF,
}


def heic(orientation: int = 6, size: tuple[int, int] = (64, 48), fmt: str = "HEIF") -> bytes:
    """Return a picture as an iPhone makes it: red above, blue below, with the place, and lying on its side for ``orientation`` 6."""
    import pillow_heif
    from PIL import Image

    pillow_heif.register_heif_opener()
    picture = Image.new("RGB", size, (200, 20, 20))
    picture.paste((20, 20, 200), (0, size[1] // 2, *size))
    tags = picture.getexif()
    tags[0x0112] = orientation
    tags.get_ifd(0x8769)[0x9003] = "2026:11:21 09:30:00"
    tags.get_ifd(0x8825).update({1: "N", 2: (7.0, 0.0, 27.74)})
    buffer = io.BytesIO()
    picture.save(buffer, fmt, exif=tags.tobytes(), quality=70)
    return buffer.getvalue()
