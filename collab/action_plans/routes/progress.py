"""Views of progress: report, verify or return, ask for another deadline, decide on it."""

from collections.abc import Callable
from uuid import UUID

from flask import render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.action_plans import presenters, queries, service
from collab.action_plans.forms import DeadlineForm, DecideForm, JudgeForm, ReportForm
from collab.action_plans.models import ActionItem, ActionPlan
from collab.action_plans.routes.common import attempt, blueprint, item_url
from collab.kernel.access import Permission
from collab.kernel.clock import today
from collab.kernel.errors import NotAllowed, StateConflict
from collab.kernel.i18n import _
from collab.web.context import current_actor, reading, request_now, settings
from collab.web.forms import CollabForm
from collab.web.routing import requires


def _open(item_id: UUID) -> tuple[ActionPlan, ActionItem, presenters.ItemView]:
    with reading() as session:
        plan, row = queries.get_item(session, current_actor(), item_id)
        return plan, row, presenters.item_view(session, current_actor(), plan, row, today(request_now()))


def _refuse(allowed_ever: bool, permission: Permission) -> None:
    """Say why a verb is not offered: not this person's, or not now."""
    if allowed_ever:
        raise StateConflict(_("This can no longer be done: the state has changed meanwhile."))
    raise NotAllowed(permission.value)


def _answer(form: CollabForm, act: Callable[[Session], str], done: str) -> tuple[ResponseReturnValue | None, int]:
    if request.method == "GET":
        return None, 200
    return attempt(form, act, done) if form.validate() else (None, 422)


@blueprint.route("/action-plans/items/<uuid:item_id>/report", methods=["GET", "POST"])
@requires(Permission.ACTION_ITEM_REPORT)
def report(item_id: UUID) -> ResponseReturnValue:
    """Report progress: per cent, words, photo."""
    _plan, row, view = _open(item_id)
    form = ReportForm(percent=row.percent)
    # A report sent while the state changed keeps its words: the service refuses it, and the form says why.
    if request.method == "GET" and not view.offers.report:
        _refuse(view.offers != presenters.Offers(), Permission.ACTION_ITEM_REPORT)

    def act(session: Session) -> str:
        sent = form.evidence.data
        evidence = service.FileSent(sent.stream, sent.filename) if sent and sent.filename else None
        service.report_progress(
            session, actor=current_actor(), now=request_now(), item_id=item_id, percent=int(form.percent.data or 0), words=form.words.data,
            milestone=form.milestone.data, cost_spent=form.cost_spent.amount, evidence=evidence,
        )  # fmt: skip
        return item_url(item_id)

    answer, status = _answer(form, act, _("Your report was saved."))
    if answer is not None:
        return answer
    most_mb = settings().max_upload_mb
    return render_template("action_plans/report.html", form=form, item=row, row=view.row, most_mb=most_mb), status


@blueprint.route("/action-plans/items/<uuid:item_id>/judge", methods=["GET", "POST"])
@requires(Permission.ACTION_ITEM_VERIFY)
def judge(item_id: UUID) -> ResponseReturnValue:
    """Verify the evidence of an item that is said to be finished, or return it with what is missing."""
    _plan, row, view = _open(item_id)
    form = JudgeForm(version=row.version)
    form.accepted.choices = [("yes", _("Yes, it is done")), ("no", _("No, something is missing"))]
    if request.method == "GET" and not view.offers.judge:
        _refuse(view.waiting_report is None, Permission.ACTION_ITEM_VERIFY)

    def act(session: Session) -> str:
        service.judge_report(
            session, actor=current_actor(), now=request_now(), item_id=item_id, accepted=form.accepted.data == "yes", words=form.words.data,
            expected_version=form.expected_version,
        )  # fmt: skip
        return item_url(item_id)

    answer, status = _answer(form, act, _("Your verdict was saved. Those who reported were told."))
    if answer is not None:
        return answer
    return render_template("action_plans/judge.html", form=form, item=row, view=view), status


@blueprint.route("/action-plans/items/<uuid:item_id>/deadline", methods=["GET", "POST"])
@requires(Permission.ACTION_ITEM_REPORT)
def ask_deadline(item_id: UUID) -> ResponseReturnValue:
    """Ask for another due date, with the reason."""
    _plan, row, view = _open(item_id)
    form = DeadlineForm()
    if request.method == "GET" and not view.offers.ask:
        _refuse(view.offers != presenters.Offers(), Permission.ACTION_ITEM_REPORT)

    def act(session: Session) -> str:
        service.ask_deadline(
            session,
            actor=current_actor(),
            now=request_now(),
            item_id=item_id,
            new_due_on=form.new_due_on.data,
            reason=form.reason.data,
        )
        return item_url(item_id)

    answer, status = _answer(form, act, _("Your request was sent to the coordinator and the chair."))
    if answer is not None:
        return answer
    return render_template("action_plans/deadline.html", form=form, item=row, row=view.row), status


@blueprint.route("/action-plans/items/<uuid:item_id>/decide", methods=["GET", "POST"])
@requires(Permission.DEADLINE_DECIDE)
def decide_deadline(item_id: UUID) -> ResponseReturnValue:
    """Approve or refuse another due date."""
    _plan, row, view = _open(item_id)
    form = DecideForm()
    form.approved.choices = [("yes", _("Yes, approve it")), ("no", _("No, refuse it"))]
    if request.method == "GET" and not view.offers.decide:
        _refuse(view.waiting_change is None, Permission.DEADLINE_DECIDE)

    def act(session: Session) -> str:
        service.decide_deadline(
            session,
            actor=current_actor(),
            now=request_now(),
            item_id=item_id,
            approved=form.approved.data == "yes",
            words=form.words.data,
        )
        return item_url(item_id)

    answer, status = _answer(form, act, _("The decision was saved. The person who asked was told."))
    if answer is not None:
        return answer
    return render_template("action_plans/decide.html", form=form, item=row, view=view), status
