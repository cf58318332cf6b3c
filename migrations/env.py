"""Runs migrations as the owner role: one transaction each, a short lock timeout, and never two runners at once."""

import importlib
import os
import pkgutil
from typing import Any

import sqlalchemy as sa
from alembic import context

import collab
from collab.kernel.db import Base

LOCK_KEY = 72_61_18


def load_models() -> sa.MetaData:
    """Import every area's models and return their metadata."""
    for module in pkgutil.iter_modules(collab.__path__):
        if not module.ispkg:
            continue
        package = importlib.import_module(f"collab.{module.name}")
        if any(found.name == "models" for found in pkgutil.iter_modules(package.__path__)):
            importlib.import_module(f"collab.{module.name}.models")
    return Base.metadata


def compare_type(_context: Any, _inspected: Any, _metadata: Any, inspected_type: Any, metadata_type: Any) -> bool | None:
    """Leave enums that are stored as text to their CHECK constraint; compare the rest."""
    if isinstance(metadata_type, sa.Enum):
        return False
    return None


def owner_url() -> str:
    """Return the owner role's address, from the configuration given by a caller or else from the environment."""
    url = context.config.get_main_option("sqlalchemy.url") or os.environ["COLLAB_DATABASE_OWNER_URL"]
    return "postgresql+psycopg://" + url.partition("://")[2]


def run(connection: sa.Connection) -> None:
    """Apply the migrations over ``connection``."""
    connection.execute(sa.text("SET lock_timeout = '4s'"))
    connection.execute(sa.text("SELECT pg_advisory_lock(:key)"), {"key": LOCK_KEY})
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=load_models(),
        transaction_per_migration=True,
        compare_type=compare_type,
        compare_server_default=False,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.execute(sa.text("SELECT pg_advisory_unlock(:key)"), {"key": LOCK_KEY})
    connection.commit()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    engine = sa.create_engine(owner_url(), poolclass=sa.NullPool)
    with engine.connect() as opened:
        run(opened)
