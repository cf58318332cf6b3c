"""Tables taken away: every file is recorded with what was asked, how many rows it has, and its fingerprint."""

import hashlib
from collections.abc import Sequence

from flask import Response

from collab.audits import service
from collab.documents import sheets
from collab.documents.sheets import Cell
from collab.kernel.targets import Ref
from collab.web.context import current_actor, request_now, unit_of_work
from collab.web.downloads import download

FORMATS = {"csv": sheets.CSV, "xlsx": sheets.XLSX}


def take_away(
    kind: str, name: str, head: Sequence[str], rows: Sequence[Sequence[Cell]], *, target: Ref | None, query: str
) -> Response:
    """Return the table as a file of ``kind`` (csv or xlsx) called ``name``, after its taking away is recorded."""
    body = sheets.as_csv(head, rows) if kind == "csv" else sheets.as_xlsx(name, head, rows)
    with unit_of_work() as session:
        service.record_export(
            session, actor=current_actor(), now=request_now(), target=target, query=query, count=len(rows),
            sha256=hashlib.sha256(body).hexdigest(),
        )  # fmt: skip
    return download(body, FORMATS[kind], f"{name}.{kind}")
