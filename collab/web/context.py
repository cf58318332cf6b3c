"""What a view needs to call a service: the unit of work, the actor, the instant. One of each per request."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, cast

from flask import current_app, g
from sqlalchemy.orm import Session

from collab.kernel.access import Actor
from collab.kernel.db import Database
from collab.kernel.errors import NotAllowed

EXTENSION = "collab"


def database() -> Database:
    """Return the database of the running application."""
    return cast(Database, current_app.extensions[EXTENSION].database)


@contextmanager
def unit_of_work() -> Iterator[Session]:
    """Yield the session of a change: committed when the block ends well."""
    if not g.get("reads_under_way"):
        close_reader()  # a request never needs two connections at once
    with database().unit_of_work() as session:
        yield session


@contextmanager
def reading() -> Iterator[Session]:
    """Yield a session for reads only. All reads of a request go over one connection, fetched from the pool once."""
    if "reader" not in g:
        g.reader = database().open_reader()
    g.reads_under_way = g.get("reads_under_way", 0) + 1
    try:
        with database().reading(g.reader) as session:
            yield session
    finally:
        g.reads_under_way -= 1


def close_reader() -> None:
    """Give back the connection that this request reads over, if it has one."""
    connection = g.pop("reader", None)
    if connection is not None:
        connection.close()


def settings() -> Any:
    """Return the installation's settings (`config.Settings`)."""
    return current_app.extensions[EXTENSION].settings


def request_now() -> datetime:
    """Return the instant of this request in UTC: the same one however often it is asked."""
    if "now" not in g:
        g.now = current_app.extensions[EXTENSION].clock()
    return cast(datetime, g.now)


def find_actor() -> Actor | None:
    """Return who is signed in, or None."""
    return cast("Actor | None", g.get("actor"))


def current_actor() -> Actor:
    """Return who is signed in; raise NotAllowed when nobody is."""
    actor = find_actor()
    if actor is None:
        raise NotAllowed
    return actor
