"""Migrations run in both directions, leave nothing behind, and give exactly what the models say."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from collab.factory import register_areas
from collab.kernel import bootstrap
from collab.kernel.db import Base
from tests.services import app_url, superuser_url

ROOT = Path(__file__).parents[2]


@pytest.fixture
def config() -> Iterator[Config]:
    name = f"collab_migrations_{os.getpid()}"
    bootstrap.drop_database(superuser_url(), name)
    bootstrap.create_database(superuser_url(), name)
    made = Config(str(ROOT / "alembic.ini"))
    made.set_main_option("sqlalchemy.url", app_url(superuser_url(), bootstrap.OWNER_ROLE, name).replace("%", "%%"))
    yield made
    bootstrap.drop_database(superuser_url(), name)


def engine_of(config: Config) -> sa.Engine:
    return sa.create_engine(config.get_main_option("sqlalchemy.url") or "", poolclass=sa.NullPool)


def _same_type(_c: object, _i: object, _m: object, _inspected: object, wanted: object) -> bool | None:
    return False if isinstance(wanted, sa.Enum) else None


def test_models_and_migrations_agree(config: Config) -> None:
    command.upgrade(config, "head")
    register_areas()
    with engine_of(config).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": _same_type})
        assert compare_metadata(context, Base.metadata) == []


def test_down_and_up_again(config: Config) -> None:
    command.upgrade(config, "head")
    command.downgrade(config, "base")
    with engine_of(config).connect() as connection:
        left = sa.inspect(connection).get_table_names()
        functions = connection.scalars(sa.text("SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace")).all()
    assert left == ["alembic_version"]
    assert functions == []
    command.upgrade(config, "head")


def test_one_head_and_no_application_code() -> None:
    scripts = ScriptDirectory(str(ROOT / "migrations"))
    assert len(scripts.get_heads()) == 1
    for path in (ROOT / "migrations/versions").glob("*.py"):
        assert not re.search(r"^(from|import) (collab|workers|config)", path.read_text(encoding="utf-8"), re.M), path.name


def test_every_tracked_table_is_guarded_in_the_database(engine: sa.Engine) -> None:
    from collab.history.tracking import tracked_models
    from collab.kernel.db import Versioned

    register_areas()
    with engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT event_object_table, trigger_name FROM information_schema.triggers"))
        names = {row.trigger_name for row in rows}
        kept = set(connection.scalars(sa.text("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")))
    for table, model in tracked_models().items():
        assert f"{table}_tracked" in kept | names, f"call track_table(op, {table!r}) in its migration"
        assert f"{table}_kept" in kept
        # The session announces no act before it changes a row that counts its versions; before any other it does.
        assert (f"{table}_counted" in kept) == issubclass(model, Versioned), f"track_table(op, {table!r}, counted=…)"


@pytest.mark.parametrize("table", ["history_event", "history_opening", "history_version", "history_stream"])
def test_the_application_cannot_rewrite_history(engine: sa.Engine, table: str) -> None:
    with engine.connect() as connection:
        rights = {
            right: connection.scalar(sa.text("SELECT has_table_privilege(current_user, :t, :r)"), {"t": table, "r": right})
            for right in ("INSERT", "UPDATE", "DELETE", "TRUNCATE")
        }
    assert rights["INSERT"]
    assert not rights["DELETE"]
    assert not rights["TRUNCATE"]
    assert rights["UPDATE"] == (table == "history_stream")
