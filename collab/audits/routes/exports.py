"""Tables taken away: of every file it is recorded how many rows it has, besides what is recorded of all files."""

from collections.abc import Sequence

from flask import Response

from collab.documents import sheets
from collab.documents.sheets import Cell
from collab.kernel.targets import Ref
from collab.web.downloads import download
from collab.web.taking import fingerprint_of, note_file

FORMATS = {"csv": sheets.CSV, "xlsx": sheets.XLSX}


def take_away(kind: str, name: str, head: Sequence[str], rows: Sequence[Sequence[Cell]], *, target: Ref | None) -> Response:
    """Return the table as a file of ``kind`` (csv or xlsx) called ``name``; its taking away is recorded before it leaves."""
    body = sheets.as_csv(head, rows) if kind == "csv" else sheets.as_xlsx(name, head, rows)
    note_file(fingerprint_of(body), target=target, count=len(rows))
    return download(body, FORMATS[kind], f"{name}.{kind}")
