"""Fixtures: a real PostgreSQL migrated by Alembic, one savepoint per test, a fixed clock, and a world of people."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import sqlalchemy as sa
from flask import Flask, g, request
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from collab.documents import storage
from collab.factory import Core, create_app, create_core, register_areas
from collab.kernel import bootstrap, i18n
from collab.kernel.access import Actor
from collab.kernel.db import Database, create_engine
from collab.kernel.ids import new_id
from collab.kernel.jobs import Job
from collab.notices import links
from collab.web.context import EXTENSION
from config import Settings, load_settings
from tests.databases import fresh_database, own_database
from tests.factories.world import World, brought_into, build_world
from tests.services import app_url, superuser_url

# How long an example takes says how busy the machine is, not whether the product is right: speeds are measured in bench/.
hypothesis.settings.register_profile("collab", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("collab")

ROOT = Path(__file__).parent.parent
#: Saturday 21 November 2569, 10.00 in Bangkok.
NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def template() -> Iterator[str]:
    """A database of this process, migrated to the newest revision, of which the others are copies; dropped at the end."""
    with fresh_database(f"collab_template_{os.getpid()}") as name:
        yield name


@pytest.fixture(scope="session")
def database_name(template: str) -> Iterator[str]:
    """The database of this process; dropped at the end."""
    with fresh_database(f"collab_test_{os.getpid()}", template) as name:
        yield name


@pytest.fixture(scope="session")
def engine(database_name: str) -> Iterator[sa.Engine]:
    """An engine under the application's role."""
    made = create_engine(app_url(superuser_url(), bootstrap.APP_ROLE, database_name))
    yield made
    made.dispose()


class Ground:
    """A connection whose one transaction is never committed, and the world in that transaction once a test has asked for it."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self.connection.begin()
        self.world: World | None = None
        self._built_at: datetime | None = None

    def hold(self, now: datetime | None) -> None:
        """Have the world of the instant ``now`` in the transaction, or nothing."""
        if self._built_at == now:
            return
        self.clear()
        if now is not None:
            register_areas()
            links.configure("test-only")
            with Session(self.connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
                self.world, self._built_at = build_world(session, now), now

    def clear(self) -> None:
        """Begin the transaction anew."""
        self.connection.rollback()
        self.connection.begin()
        self.world = self._built_at = None


@pytest.fixture(scope="module")
def ground(engine: sa.Engine) -> Iterator[Ground]:
    """What the tests of a file stand on. To build the world takes longer than most tests do: it is built once a file."""
    with engine.connect() as opened:
        yield Ground(opened)


@pytest.fixture
def connection(request: pytest.FixtureRequest, ground: Ground) -> Iterator[sa.Connection]:
    """One connection whose work is rolled back when the test ends; only tests that ask for the world find it there."""
    ground.hold(request.getfixturevalue("now") if "world" in request.fixturenames else None)
    savepoint = ground.connection.begin_nested()
    yield ground.connection
    if savepoint.is_active:
        savepoint.rollback()
    else:
        ground.clear()


@pytest.fixture(scope="module")
def committed(template: str) -> Iterator[Database]:
    """A database of the test file alone that really commits, so that threads see one another's work."""
    with own_database(f"threads_{new_id().hex[-8:]}", template) as database:
        yield database


@pytest.fixture(scope="module")
def people(committed: Database) -> World:
    """The world in `committed`."""
    with committed.unit_of_work() as session:
        return build_world(session, NOW)


@pytest.fixture
def now() -> datetime:
    """The instant at which every test happens."""
    return NOW


@pytest.fixture
def sent_jobs() -> list[tuple[Job, dict[str, Any]]]:
    """The jobs that left after a commit."""
    return []


@pytest.fixture
def database(connection: sa.Connection, sent_jobs: list[tuple[Job, dict[str, Any]]], tmp_path: Path) -> Database:
    """A Database whose commits are savepoints within the test's transaction; files go to the test's own folder."""
    register_areas()
    storage.configure(tmp_path / "files", 25 * 1024 * 1024)
    links.configure("test-only")

    def send(job: Job, arguments: dict[str, Any]) -> None:
        sent_jobs.append((job, arguments))

    return Database(connection, send, join_transaction_mode="create_savepoint")  # type: ignore[arg-type]


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """A session of the test's transaction; ``commit()`` ends a savepoint."""
    with database._sessions() as opened:
        yield opened


@pytest.fixture
def world(session: Session, ground: Ground) -> World:
    """Organisations, a committee with seats and rules, and one person per role."""
    assert ground.world is not None
    return brought_into(session, ground.world)


@pytest.fixture
def settings(tmp_path: Path, database_name: str) -> Settings:
    """Settings of a test installation."""
    return settings_for(app_url(superuser_url(), bootstrap.APP_ROLE, database_name), tmp_path)


def settings_for(database_url: str, folder: Path, **others: object) -> Settings:
    """Return the settings of a test installation on a database, with its files in ``folder``, and ``others`` by their names."""
    return load_settings(
        {
            "COLLAB_ENV": "test",
            "COLLAB_SECRET_KEY": "test-only-0123456789abcdefghijklmnop",
            "COLLAB_DATABASE_URL": database_url,
            "COLLAB_STATE_DIR": str(folder),
            "COLLAB_BROKER_URL": "memory://",
            **{f"COLLAB_{name.upper()}": str(value) for name, value in others.items()},
        }
    )


def web_app(core: Core) -> Flask:
    """Return a new web application on ``core``, without CSRF (tests of its own switch it on)."""
    made = create_app(core)
    made.config.update(WTF_CSRF_ENABLED=False, TESTING=True, PROPAGATE_EXCEPTIONS=False)
    return made


@pytest.fixture
def core(settings: Settings, database: Database, now: datetime) -> Core:
    """The product without HTTP, at the fixed instant."""
    return create_core(settings, database.send_job, database=database, clock=lambda: now)


@pytest.fixture(scope="session")
def built(database_name: str, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The web application, built once: to compile its routes and templates takes longer than a test. `app` gives it a core."""
    register_areas()
    address = app_url(superuser_url(), bootstrap.APP_ROLE, database_name)
    made = web_app(Core(settings_for(address, tmp_path_factory.mktemp("built")), None))  # type: ignore[arg-type]
    # After its first request Flask refuses further routes, so that those of one test cannot be met by another.
    made.test_client().get("/healthz")
    return made


@pytest.fixture
def app(built: Flask, core: Core) -> Iterator[Flask]:
    """The web application on the core of the test; what a test sets on it is gone afterwards (CSRF, who browses)."""
    config, hooks = dict(built.config), list(built.before_request_funcs[None])
    core.endpoints = frozenset(built.view_functions)
    built.extensions[EXTENSION] = core
    yield built
    built.config.clear()
    built.config.update(config)
    built.before_request_funcs[None] = hooks


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without JavaScript that is not signed in."""
    return app.test_client()


@pytest.fixture(autouse=True)
def thai() -> Iterator[None]:
    """Every test starts in Thai."""
    i18n.set_locale("th")
    yield
    i18n.set_locale("th")


@pytest.fixture
def count_queries(connection: sa.Connection) -> Callable[[], Any]:
    """Return a context manager that collects the SELECTs sent over the test's connection."""

    @contextmanager
    def counting() -> Iterator[list[str]]:
        statements: list[str] = []

        def listen(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if statement.lstrip().upper().startswith(("SELECT", "WITH")):
                statements.append(statement)

        sa.event.listen(connection, "before_cursor_execute", listen)
        try:
            yield statements
        finally:
            sa.event.remove(connection, "before_cursor_execute", listen)

    return counting


@pytest.fixture
def browse(app: Flask, world: World) -> Callable[[str], FlaskClient]:
    """Return a function: a person of the world by key -> a client whose every request is theirs (signing in has its own tests)."""
    chosen: dict[str, Actor] = {}

    def act_as() -> None:
        key = request.environ.get("collab.test_person")
        if key:
            g.actor = chosen[key]

    app.before_request_funcs.setdefault(None, []).append(act_as)

    def as_person(key: str) -> FlaskClient:
        chosen[key] = world.actors[key]
        made = app.test_client()
        made.environ_base["collab.test_person"] = key
        return made

    return as_person
