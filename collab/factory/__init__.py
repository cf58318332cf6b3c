"""Composition root: the one place that imports everybody and puts the product together."""

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from collab import history
from collab.documents import storage
from collab.history import origin as log_origin
from collab.history import tracking
from collab.kernel import heartbeat, periods
from collab.kernel.clock import utc_now
from collab.kernel.db import Database, SendJob, create_engine, create_reader
from collab.kernel.jobs import Job
from collab.notices import channels, envelope, links
from collab.reminders import queries as reminders
from collab.web.compression import register_compression
from collab.web.context import EXTENSION
from collab.web.errors import register_errors
from collab.web.filters import register_filters
from collab.web.headers import register_headers
from collab.web.requests import register_requests
from collab.web.taking import register_taking
from config import Settings

ROOT = Path(__file__).parents[2]
__all__ = ["AREAS", "Core", "create_app", "create_core", "history", "register_areas"]

#: From the bottom up: an area's registration may rely on those before it.
AREAS = (
    "members", "calendar", "documents", "notices", "search", "reminders", "forum", "meetings", "cost_sharing", "proposals",
    "service_plans", "agreements", "action_plans", "audits", "learning", "dashboard", "public_pages", "api",
)  # fmt: skip


@dataclass
class Core:
    """What jobs and commands need of the product, without HTTP: settings, database, clock."""

    settings: Settings
    database: Database
    clock: Callable[[], datetime] = utc_now
    #: Endpoints of the web application, for its menus; empty in a worker.
    endpoints: frozenset[str] = field(default_factory=frozenset)

    def may_run(self, *, job: Job, period: datetime | None) -> bool:
        """Return whether ``job`` is not paused, and was not run for ``period`` of the timetable before."""
        with self.database.reading() as session:
            if reminders.is_paused(session, job):
                return False
            return period is None or not periods.is_finished(session.connection(), job.value, period)

    def record_heartbeat(
        self, *, job: Job, started_at: datetime, seconds: float, outcome: str, counts: Mapping[str, int],
        period: datetime | None = None,
    ) -> None:  # fmt: skip
        """Remember the last run of ``job`` in a transaction of its own; when it was done, also that it was for ``period``."""
        with self.database.unit_of_work() as session:
            heartbeat.record(session, job=job, started_at=started_at, seconds=seconds, outcome=outcome, counts=counts)
            if period is not None and outcome == heartbeat.DONE:
                periods.finish(session.connection(), job.value, max(period, started_at), started_at + timedelta(seconds=seconds))


def create_core(settings: Settings, send_job: SendJob, *, database: Database | None = None,
                clock: Callable[[], datetime] = utc_now) -> Core:  # fmt: skip
    """Return the core on ``settings``; ``send_job`` hands a job to the broker. Registers every area in this process."""
    register_areas()
    storage.configure(settings.files_dir, settings.max_upload_bytes)
    links.configure(settings.secret_key)
    channels.configure(settings.secret_key, settings.channel_hosts)
    envelope.configure(settings.secret_key, settings.report_address)
    log_origin.configure(settings.log_origin)
    if database is None:
        engine = create_engine(settings.database_url, pool_size=settings.database_pool)
        reader = create_reader(settings.database_url, pool_size=settings.database_pool)
        database = Database(engine, send_job, reader=reader)
    return Core(settings, database, clock)


def create_app(core: Core) -> Flask:
    """Return the web application on ``core``."""
    app = Flask(
        "collab", template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "collab/web/static"), root_path=str(ROOT)
    )
    settings = core.settings
    app.extensions[EXTENSION] = core
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=settings.max_upload_bytes + 1024 * 1024,
        PERMANENT_SESSION_LIFETIME=timedelta(hours=settings.session_hours),
        SESSION_COOKIE_NAME="collab_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(days=7),
        WTF_CSRF_TIME_LIMIT=settings.session_hours * 3600,
        TEMPLATES_AUTO_RELOAD=False,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    CSRFProtect(app)
    register_filters(app)
    register_compression(app)
    register_headers(app)
    register_errors(app)
    register_requests(app)
    register_taking(app)
    _register_http(app)
    for command in importlib.import_module("collab.factory.commands").COMMANDS:
        app.cli.add_command(command)
    core.endpoints = frozenset(app.view_functions)
    return app


def register_areas() -> None:
    """Fill the registries of permissions, targets and reactions; harmless when repeated."""
    tracking.install()
    for area in AREAS:
        register: Callable[[], None] | None = getattr(importlib.import_module(f"collab.{area}"), "register", None)
        if register is not None:
            register()


def _register_http(app: Flask) -> None:
    for area in AREAS:
        routes = _optional(f"collab.{area}.routes")
        if routes is not None:
            for blueprint in _blueprints(routes):
                app.register_blueprint(blueprint)
            install: Callable[[Flask], None] | None = getattr(routes, "install", None)
            if install is not None:
                install(app)
        commands = _optional(f"collab.{area}.commands")
        if commands is not None:
            for command in commands.COMMANDS:
                app.cli.add_command(command)


def _blueprints(routes: Any) -> list[Any]:
    return list(getattr(routes, "blueprints", None) or [routes.blueprint])


def _optional(name: str) -> Any:
    """Return the module, or None when the area has no such file; an error inside the file is still raised."""
    return importlib.import_module(name) if importlib.util.find_spec(name) else None
