"""What comes back about mail: the door for mail services, and the list for those who run the product."""

from datetime import UTC, datetime, timedelta

from flask import render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from collab.kernel.access import Permission, job_actor
from collab.members import queries as members
from collab.notices import presenters, queries, reports, returns
from collab.notices.models import ReportSource
from collab.notices.routes.base import blueprint
from collab.notices.rules import is_signed
from collab.web.context import reading, request_now, settings, unit_of_work
from collab.web.routing import public, requires

#: A signed call is good for so long: who records one cannot use it later.
FRESH = timedelta(minutes=5)


@blueprint.get("/notices/reports")
@requires(Permission.OPERATIONS_VIEW)
def reports_index() -> ResponseReturnValue:
    """List the reports about mail of ours, and what each led to."""
    with reading() as session:
        page = queries.list_reports(session, request.args.get("cursor"))
        people = members.user_names(session, {row.user_id for row in page.rows})
    return render_template("notices/reports.html", page=page, people=people, words=presenters)


@blueprint.post("/mail-reports")
@public
def take() -> ResponseReturnValue:
    """Take a report from a mail service: a whole mail (message/rfc822) or an event as JSON, signed with the shared secret.

    Answers 204 when it was understood or came before, 401 when the signature is wrong or old, 404 where no secret is set, 413 when it
    is too long, 422 when it is no report.
    """
    secret = settings().report_secret
    if not secret:
        return "", 404
    if (request.content_length or 0) > reports.LONGEST:
        return "", 413
    try:
        raw = request.get_data(cache=False)
    except RequestEntityTooLarge:
        return "", 413
    moment = _moment(request.headers.get("X-Collab-Timestamp", ""))
    signature = request.headers.get("X-Collab-Signature", "")
    if moment is None or abs(request_now() - moment) > FRESH or not is_signed(secret, int(moment.timestamp()), raw, signature):
        return "", 401
    found = reports.read_event(raw) if request.mimetype == "application/json" else reports.read_mail(raw)
    if found == reports.NOTHING:
        return "", 422
    with unit_of_work() as session:
        returns.take(
            session,
            actor=job_actor("notices.read_reports"),
            now=request_now(),
            raw=raw,
            report=found,
            source=ReportSource.WEBHOOK,
        )
    return "", 204


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(text[:20]), UTC)
    except (ValueError, OverflowError, OSError):
        return None
