"""Domain errors become pages, or problem+json (RFC 9457) under /api. The one table of exception to status."""

import logging
from collections.abc import Callable
from typing import Any

import sqlalchemy.exc
from flask import Flask, Response, g, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from collab.kernel import errors
from collab.kernel.i18n import _
from collab.web.context import find_actor
from collab.web.refusals import tell_refusal

#: When to ask again after a 503.
RETRY_AFTER_SECONDS = 30
logger = logging.getLogger(__name__)

STATUS: dict[type[Exception], int] = {
    errors.NotFound: 404,
    errors.NotAllowed: 403,
    errors.StateConflict: 409,
    errors.VersionConflict: 409,
    errors.AlreadyDone: 409,
    errors.InvalidInput: 422,
    StaleDataError: 409,
    sqlalchemy.exc.OperationalError: 503,
    sqlalchemy.exc.TimeoutError: 503,
    CSRFError: 400,
}
_identities: list[Callable[[], None]] = []
_PAGES = frozenset({400, 403, 404, 405, 409, 413, 422, 429, 500, 503})


def register_identity(find_out: Callable[[], None]) -> None:
    """Let ``find_out`` set who is signed in where no page was found or asked, so that an error page keeps that person's menu."""
    if find_out not in _identities:
        _identities.append(find_out)


def register_errors(app: Flask) -> None:
    """Install the table on ``app``."""
    for kind in STATUS:
        app.register_error_handler(kind, _domain_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected)


def _domain_error(error: Exception) -> ResponseReturnValue:
    status = next(code for kind, code in STATUS.items() if isinstance(error, kind))
    if isinstance(error, errors.NotAllowed):
        tell_refusal(error.permission)
    if status == 503:
        logger.error("database not reachable: %s", type(error).__name__)
    return answer(status, getattr(error, "message", ""), getattr(error, "errors", None))


def _http_error(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None:
        return error.response
    return answer(error.code or 500, "")


def _unexpected(error: Exception) -> ResponseReturnValue:
    logger.exception("unexpected error")
    return answer(500, "")


def answer(status: int, message: str, fields: dict[str, str] | None = None) -> ResponseReturnValue:
    """Return the page or problem for ``status``; ``message`` is the domain's own explanation, ``fields`` the faults by field."""
    if request.path.startswith("/api/"):
        return problem(status, message, fields)
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if status == 503 else {}
    page = status if status in _PAGES else (404 if status < 500 else 500)
    page = {400: 422, 405: 404}.get(page, page)
    if page < 500:
        _find_out_who()
    try:
        body = render_template(f"errors/{page}.html", message=message, fields=fields or {}, request_id=g.get("request_id", ""))
    except Exception:
        logger.exception("error page failed")
        body = f"<!doctype html><title>{page}</title><h1>{page}</h1>"
    return body, status, headers


def _find_out_who() -> None:
    """Ask who is signed in when the request ended before that; a database that does not answer makes the page one for strangers."""
    if find_actor() is not None:
        return
    try:
        for find_out in _identities:
            find_out()
    except sqlalchemy.exc.SQLAlchemyError as error:
        logger.warning("error page without its reader: %s", type(error).__name__)


def problem(status: int, detail: str, fields: dict[str, str] | None = None) -> Response:
    """Return an RFC 9457 problem."""
    titles = {401: _("Not signed in"), 403: _("Not allowed"), 404: _("Not found"), 409: _("Conflict"), 422: _("Invalid input"),
              429: _("Too many requests"), 503: _("The service is not available just now")}  # fmt: skip
    body: dict[str, Any] = {"type": "about:blank", "title": titles.get(status, _("Error")), "status": status}
    if detail:
        body["detail"] = detail
    if fields:
        body["errors"] = [{"pointer": f"/{name}", "detail": str(text)} for name, text in fields.items()]
    response = jsonify(body)
    response.status_code = status
    response.mimetype = "application/problem+json"
    if status == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response
