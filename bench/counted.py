"""The product as it is, saying in a header of each answer how many SELECTs and statements the whole request sent, and which process.

Counted where psycopg sends them, so that nothing that any layer asks for is missed: the session, the badge, the page.
"""

import os
from typing import Any

import psycopg
from flask import Flask, Response

from bench.servers import STATEMENTS
from wsgi import app as product


def _count(app: Flask) -> Flask:
    sent: list[str] = []
    execute = psycopg.Cursor.execute

    def counting(cursor: Any, query: Any, *arguments: Any, **options: Any) -> Any:
        sent.append(str(query).lstrip()[:6].upper())
        return execute(cursor, query, *arguments, **options)

    psycopg.Cursor.execute = counting  # type: ignore[method-assign]

    def begin() -> None:
        sent.clear()

    def tell(response: Response) -> Response:
        selects = sum(word.startswith(("SELECT", "WITH", "(SELEC")) for word in sent)
        response.headers[STATEMENTS] = f"{selects} {len(sent)} {os.getpid()}"
        return response

    # The first before and the last after all others, so that sign-in and the session's own reads are counted.
    app.before_request_funcs.setdefault(None, []).insert(0, begin)
    app.after_request_funcs.setdefault(None, []).insert(0, tell)
    return app


app = _count(product)
