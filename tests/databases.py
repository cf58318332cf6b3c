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
def fresh_database(name: str) -> Iterator[str]:
    """Make the database ``name`` at the newest revision and yield its name; drop it at the end, and first if it is left over."""
    server = superuser_url()
    bootstrap.drop_database(server, name)
    bootstrap.create_database(server, name)
    config = Config(str(ROOT / "alembic.ini"))
    config.set_main_option("sqlalchemy.url", app_url(server, bootstrap.OWNER_ROLE, name).replace("%", "%%"))
    try:
        command.upgrade(config, "head")
        yield name
    finally:
        bootstrap.drop_database(server, name)


@contextmanager
def own_database(name: str) -> Iterator[Database]:
    """Yield a fresh database that really commits, for tests with threads; dropped at the end. Jobs go nowhere."""
    register_areas()
    links.configure("test-only")
    with fresh_database(f"collab_{name}_{os.getpid()}") as made:
        engine = create_engine(app_url(superuser_url(), bootstrap.APP_ROLE, made))
        try:
            yield Database(engine, lambda _job, _arguments: None)
        finally:
            engine.dispose()
