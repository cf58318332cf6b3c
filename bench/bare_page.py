"""What the product's pages are compared with: Flask, psycopg and Jinja, and nothing else. One SELECT of 50 rows, one table.

It asks the product's own table through the product's own index, over connections that stay open, and renders a table of 50 rows.
It has no session, no sign-in, no language and no menu. Served by the same gunicorn with the same settings.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, LifoQueue
from typing import Any

import psycopg
from flask import Flask, render_template

app = Flask("bench", root_path=os.path.dirname(__file__))
app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
_idle: "LifoQueue[psycopg.Connection[Any]]" = LifoQueue()
_ORGANISATION = os.environ["BENCH_ORGANISATION"]
_ROWS = """
SELECT id, title, due_on, state, percent FROM action_item WHERE lead_organisation_id = %s AND is_open
ORDER BY due_on, id LIMIT 50
"""


@contextmanager
def _pooled() -> Iterator["psycopg.Connection[Any]"]:
    """Yield an open connection, kept for the next request: a transaction a statement, so that a page is one round trip."""
    try:
        connection = _idle.get_nowait()
    except Empty:
        connection = psycopg.connect(os.environ["BENCH_DATABASE_URL"], autocommit=True)
    yield connection
    _idle.put(connection)


@app.get("/")
def page() -> str:
    with _pooled() as connection:
        rows = connection.execute(_ROWS, (_ORGANISATION,)).fetchall()
    return render_template("bare_page.html", rows=rows)
