"""Files that the product makes, sent as downloads."""

from io import BytesIO

from flask import Response, send_file

from collab.web.taking import fingerprint_of, note_file

PDF = "application/pdf"
CALENDAR = "text/calendar; charset=utf-8"
TEXT = "text/plain; charset=utf-8"


def download(body: bytes, media_type: str, filename: str) -> Response:
    """Return ``body`` as a file to be saved under ``filename``, which may be Thai (RFC 6266: a plain name and an encoded one).

    Its taking away is recorded when somebody is signed in.
    """
    note_file(fingerprint_of(body))
    return send_file(BytesIO(body), mimetype=media_type, as_attachment=True, download_name=filename.replace("/", "-"), max_age=0)
