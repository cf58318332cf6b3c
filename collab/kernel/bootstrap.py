"""Creates the database roles and databases that Collab needs, given a superuser's address.

Used by the launcher, the tests and `docs/operators.md`; needs nothing but psycopg. Two roles, because the role that the
product runs under must not be able to switch off the guards on the history:

* ``collab_owner`` owns the tables and runs migrations;
* ``collab_app`` reads and writes rows, and may only insert into the history.
"""

import contextlib

import psycopg
from psycopg import sql

OWNER_ROLE = "collab_owner"
APP_ROLE = "collab_app"


def prepare_database(superuser_url: str, database: str) -> bool:
    """Make the roles and the database if they are missing; return True when the database is new."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        for role in (OWNER_ROLE, APP_ROLE):
            _ensure_role(connection, role)
        if _exists(connection, database):
            return False
        _create(connection, database, template=None)
        return True


def create_database(superuser_url: str, name: str, template: str | None = None) -> None:
    """Create the database ``name`` (a copy of ``template`` when given), owned by the owner role."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        for role in (OWNER_ROLE, APP_ROLE):
            _ensure_role(connection, role)
        _create(connection, name, template)


def drop_database(superuser_url: str, name: str) -> None:
    """Drop the database ``name`` if it exists, cutting its connections."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _ensure_role(connection: psycopg.Connection, role: str) -> None:
    found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
    if found is None:
        # Two starters may race here; the loser's error means that the role exists, which is all we want.
        with contextlib.suppress(psycopg.errors.UniqueViolation, psycopg.errors.DuplicateObject):
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))


def _exists(connection: psycopg.Connection, database: str) -> bool:
    row = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,)).fetchone()
    return row is not None


def _create(connection: psycopg.Connection, database: str, template: str | None) -> None:
    # template0 with C.UTF-8: the embedded server has no ICU, and Thai order is kept in stored sort keys anyway.
    source = sql.SQL("TEMPLATE {}").format(sql.Identifier(template or "template0"))
    locale = sql.SQL("") if template else sql.SQL(" ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'")
    connection.execute(
        sql.SQL("CREATE DATABASE {} OWNER {} {}").format(sql.Identifier(database), sql.Identifier(OWNER_ROLE), source) + locale
    )
