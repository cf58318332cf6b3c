"""What happens around every request: its id, its language, what the layout needs, and the language switch."""

import logging
import re
import secrets
import time
from collections.abc import Hashable
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Flask, Response, current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import generate_csrf

from collab.kernel import i18n, logs
from collab.kernel.access import Actor
from collab.web.context import EXTENSION, close_reader, find_actor, reading
from collab.web.frame import Frame
from collab.web.navigation import Badge, entries, layout_links
from collab.web.routing import local_path, public
from config import LogFormat

logger = logging.getLogger(__name__)
blueprint = Blueprint("web", __name__)
LOCALE_COOKIE = "collab_locale"
_ID = re.compile(r"[A-Za-z0-9-]{8,64}\Z")
_badges: list[Badge] = []


def register_badge(badge: Badge) -> None:
    """Let an area say how many unread notices a person has; the layout shows the sum."""
    if badge not in _badges:
        _badges.append(badge)


def register_requests(app: Flask) -> None:
    """Install the hooks on ``app``. They run before those of `members`, which find out who is signed in."""
    app.register_blueprint(blueprint)
    # People who try the product read the console; machines read JSON.
    is_told = app.extensions[EXTENSION].settings.log_format is LogFormat.JSON

    @app.before_request
    def begin() -> None:
        given = request.headers.get("X-Request-Id", "")
        g.request_id, g.began = given if _ID.match(given) else secrets.token_hex(8), time.perf_counter()
        logs.speak_of(request_id=g.request_id)
        i18n.set_locale(request.cookies.get(LOCALE_COOKIE, i18n.DEFAULT_LOCALE))

    @app.after_request
    def tag(response: Response) -> Response:
        response.headers["X-Request-Id"] = g.get("request_id", "")
        if is_told:
            _tell(response)
        return response

    @app.teardown_request
    def finish(_error: BaseException | None) -> None:
        close_reader()
        logs.speak_of()

    app.context_processor(_layout)


def _tell(response: Response) -> None:
    """Write one line of the request: by its rule and not its path, because paths hold links that work for whoever reads them."""
    actor = find_actor()
    told = {
        "method": request.method, "rule": request.url_rule.rule if request.url_rule else "", "status": response.status_code,
        "milliseconds": round((time.perf_counter() - g.began) * 1000, 1), "user": str(actor.user_id) if actor else "",
    }  # fmt: skip
    logger.info("request", extra=told)


def use_locale_of(actor: Actor) -> None:
    """Speak the signed-in person's language unless this browser chose another."""
    if LOCALE_COOKIE not in request.cookies:
        i18n.set_locale(actor.locale)


def _layout() -> dict[str, Any]:
    return {
        "locale": i18n.get_locale(),
        "frame": Frame(_frame_facts),
        "current_actor": find_actor(),
        "compact_tables": g.get("compact_tables", False),
        "demo_mode": current_app.extensions[EXTENSION].settings.is_demo,
        "csrf_token": generate_csrf,
    }


def _frame_facts() -> dict[str, Hashable]:
    """Return what header and footer show, all of it: who is not in here cannot be seen there."""
    actor, core, locale = find_actor(), current_app.extensions[EXTENSION], i18n.get_locale()
    return {
        "locale": locale,
        "nav": entries(actor, core.endpoints, request.blueprint or "", locale),
        "links": layout_links(core.endpoints),
        "current_user_label": g.get("user_label", ""),
        "current_org_label": g.get("organisation_label", ""),
        "unread_count": _unread(actor),
        "demo_mode": core.settings.is_demo,
    }


def _unread(actor: Actor | None) -> int:
    if actor is None or not _badges:
        return 0
    with reading() as session:
        return sum(badge(session, actor) for badge in _badges)


@blueprint.get("/language/<locale>")
@public
def set_language(locale: str) -> ResponseReturnValue:
    """Remember the language of this browser and go back to the page it was asked from."""
    target = local_path(request.args.get("next", "").rstrip("?")) or url_for("web.root")
    response = redirect(target, 303)
    chosen = locale if locale in i18n.LOCALES else i18n.DEFAULT_LOCALE
    secure = current_app.extensions[EXTENSION].settings.secure_cookies
    response.set_cookie(LOCALE_COOKIE, chosen, max_age=31_536_000, httponly=True, samesite="Lax", secure=secure)
    return response


@blueprint.get("/")
@public
def root() -> ResponseReturnValue:
    """Send a signed-in person to their work, everyone else to the public page."""
    endpoint = "dashboard.home" if find_actor() else "public_pages.index"
    return redirect(url_for(endpoint), 303)


@blueprint.get("/healthz")
@public
def healthz() -> ResponseReturnValue:
    """Say that the process answers."""
    return {"status": "ok"}


@blueprint.get("/readyz")
@public
def readyz() -> ResponseReturnValue:
    """Say that the process can do its work: the database answers."""
    with reading() as session:
        session.execute(sa.text("SELECT 1"))
    return {"status": "ready"}
