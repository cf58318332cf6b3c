"""Throw-away databases: on the machine's PostgreSQL when it answers, else on an embedded one, as the tests have them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine

from collab.factory import register_areas
from collab.kernel import bootstrap
from collab.kernel.db import create_engine
from tests.databases import fresh_database
from tests.services import app_url, superuser_url


@dataclass(frozen=True)
class Place:
    """A database: its name, and its SQLAlchemy addresses for the application and for the owner of the tables."""

    name: str

    @property
    def url(self) -> str:
        """Return the address for the application's role."""
        return app_url(superuser_url(), bootstrap.APP_ROLE, self.name)

    @property
    def owner_url(self) -> str:
        """Return the address for the role that owns the tables (ANALYZE, CREATE TABLE)."""
        return app_url(superuser_url(), bootstrap.OWNER_ROLE, self.name)

    @property
    def psycopg_url(self) -> str:
        """Return the application's address as psycopg reads it."""
        return self.url.replace("postgresql+psycopg://", "postgresql://", 1)

    @property
    def psycopg_owner_url(self) -> str:
        """Return the owner's address as psycopg reads it."""
        return self.owner_url.replace("postgresql+psycopg://", "postgresql://", 1)


@contextmanager
def throw_away(label: str) -> Iterator[Place]:
    """Yield a migrated, empty database that is dropped at the end."""
    with fresh_database(f"collab_bench_{label}_{os.getpid()}") as name:
        yield Place(name)


@contextmanager
def throw_away_engine(label: str) -> Iterator[Engine]:
    """Yield the application's connections to a migrated, empty database with all areas registered; both go at the end."""
    register_areas()
    with throw_away(label) as place:
        engine = create_engine(place.url)
        try:
            yield engine
        finally:
            engine.dispose()
