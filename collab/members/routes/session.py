"""Who is signed in: the login manager, and what each request knows of the person."""

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import cast
from uuid import UUID

import flask_login
from flask import Flask, current_app, g, request, session

from collab.kernel import i18n
from collab.kernel.access import Actor
from collab.members import account_queries
from collab.members.labels import device_name
from collab.members.secrecy import Vault, token_hash
from collab.members.service import sign_in as service
from collab.web.context import reading, request_now, settings, unit_of_work
from collab.web.errors import register_identity
from collab.web.requests import use_locale_of

#: How stale "last used" may be: a row is not written at every page.
TOUCH_AFTER = timedelta(minutes=5)
_VAULT = "collab.members.vault"


class Account(flask_login.UserMixin):
    """What flask-login keeps of a person: the token of the session, never the person's own id."""

    def __init__(self, token: str, found: account_queries.SignedIn | None = None) -> None:
        self.id = token
        self.found = found


def install(app: Flask) -> None:
    """Put flask-login on ``app`` and let every request find out who is signed in."""
    # Its context processor would ask the database who is signed in for every template, that of "no database" included.
    manager = flask_login.LoginManager(app, add_context_processor=False)
    # A session that turns up in another browser or at another address is ended.
    manager.session_protection = "strong"
    manager._session_identifier_generator = _browser
    manager.user_loader(_load)
    app.extensions[_VAULT] = Vault(app.config["SECRET_KEY"])
    app.before_request(_identify_for_page)
    register_identity(identify)


def _browser() -> str:
    """Return a mark of the browser: its name and its address, which is the one that trusted proxies report.

    The library's own takes the first address of a header that anybody can send.
    """
    return sha256(f"{request.remote_addr}|{request.headers.get('User-Agent', '')}".encode("utf-8", "replace")).hexdigest()


def vault() -> Vault:
    """Return what encrypts and hashes with the installation's secret."""
    return cast(Vault, current_app.extensions[_VAULT])


def _load(token: str) -> Account | None:
    with reading() as opened:
        found = account_queries.find_session(opened, token_hash(token), request_now())
    return Account(token, found) if found else None


def _identify_for_page() -> None:
    """Find out who asks; a static file, and an address that leads nowhere, need nobody: the error page asks when it is shown."""
    if request.endpoint not in (None, "static"):
        identify()


def identify() -> None:
    """Set ``g.actor`` and what the frame of the page shows of the person."""
    if "_user_id" not in session:
        return
    account = flask_login.current_user
    found: account_queries.SignedIn | None = getattr(account, "found", None)
    if found is None:
        return
    now = request_now()
    if now - found.seen_at > TOUCH_AFTER:
        with unit_of_work() as opened:
            service.touch_session(opened, session_id=found.session_id, now=now)
    g.actor = _with_request(found)
    g.session_id = found.session_id
    use_locale_of(found.actor)
    english = i18n.get_locale() == "en"
    g.user_label = (found.name_en if english else found.name_th) or found.name_th
    g.organisation_label = found.organisation_en if english else found.organisation_th
    g.compact_tables = found.has_compact_tables


def _with_request(found: account_queries.SignedIn) -> Actor:
    return replace(found.actor, request_id=g.get("request_id", ""), locale=i18n.get_locale())


def begin(user_id: UUID, *, assurance: int) -> None:
    """Sign the person in with a fresh session; whatever this browser held before is thrown away."""
    earlier = session.get("_user_id")
    with unit_of_work() as opened:
        token = service.open_session(
            opened, user_id=user_id, now=request_now(), hours=settings().session_hours, assurance=assurance,
            device=device_name(request.headers.get("User-Agent", "")[:500]), request_id=g.get("request_id", ""),
            earlier_token=earlier,
        )  # fmt: skip
    session.clear()
    flask_login.login_user(Account(token))


def end() -> None:
    """Sign this browser out."""
    token = session.get("_user_id")
    if token:
        with unit_of_work() as opened:
            service.close_session(opened, token=token, now=request_now())
    flask_login.logout_user()
    session.clear()
