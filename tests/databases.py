"""Databases that last as long as a test run or a measurement, migrated by Alembic as every installation is."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config

from collab.factory import register_areas
from collab.kernel import bootstrap
from collab.kernel.db import Database, create_engine
from collab.notices import links
from tests.services import app_url, superuser_url

ROOT = Path(__file__).parent.parent


@contextmanager
def fresh_database(name: str, template: str | None = None) -> Iterator[str]:
    """Make the database ``name`` at the newest revision and yield its name; drop it at the end, and first if it is left over.

    It is migrated, or copied from ``template``, a migrated database to which nobody is connected: that takes a tenth of the time.
    """
    server = superuser_url()
    bootstrap.drop_database(server, name)
    bootstrap.create_database(server, name, template)
    try:
        if template is None:
            _migrate(app_url(server, bootstrap.OWNER_ROLE, name))
        yield name
    finally:
        bootstrap.drop_database(server, name)


def _migrate(url: str) -> None:
    config = Config(str(ROOT / "alembic.ini"))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    command.upgrade(config, "head")


@contextmanager
def own_database(name: str, template: str) -> Iterator[Database]:
    """Yield a fresh copy of ``template`` that really commits, for tests with threads; dropped at the end. Jobs go nowhere."""
    register_areas()
    links.configure("test-only")
    with fresh_database(f"collab_{name}_{os.getpid()}", template) as made:
        engine = create_engine(app_url(superuser_url(), bootstrap.APP_ROLE, made))
        try:
            yield Database(engine, lambda _job, _arguments: None)
        finally:
            engine.dispose()
