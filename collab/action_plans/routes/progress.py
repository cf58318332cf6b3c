"""Views of progress: report, verify or return, open again, ask for help and answer."""

from uuid import UUID

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.action_plans import presenters, queries, service
from collab.action_plans.forms import HelpForm, JudgeForm, ReopenForm, ReportForm
from collab.action_plans.models import ActionItem, ActionPlan
from collab.action_plans.routes.common import blueprint, item_url, refuse, submitted
from collab.kernel.access import Permission, can
from collab.kernel.clock import BANGKOK, today
from collab.kernel.i18n import _
from collab.web.context import current_actor, reading, request_now, settings, unit_of_work
from collab.web.routing import requires


def _open(item_id: UUID) -> tuple[ActionPlan, ActionItem, presenters.ItemView]:
    with reading() as session:
        plan, row = queries.get_item(session, current_actor(), item_id)
        return plan, row, presenters.item_view(session, current_actor(), plan, row, today(request_now()))


@blueprint.route("/action-plans/items/<uuid:item_id>/report", methods=["GET", "POST"])
@requires(Permission.ACTION_ITEM_REPORT)
def report(item_id: UUID) -> ResponseReturnValue:
    """Report progress: per cent or milestone, words, photo. What was typed earlier and not sent is there again."""
    _plan, row, view = _open(item_id)
    with reading() as session:
        draft = queries.find_draft(session, item_id, current_actor().user_id)
    form = ReportForm(data={"percent": row.percent, **(draft.typed if draft else {})})
    # A report sent while the state changed keeps its words: the service refuses it, and the form says why.
    if request.method == "GET" and not view.offers.report:
        refuse(view.offers != presenters.Offers(), Permission.ACTION_ITEM_REPORT)

    def act(session: Session) -> str:
        sent = form.evidence.data
        evidence = service.FileSent(sent.stream, sent.filename, form.keep_position.data) if sent and sent.filename else None
        service.report_progress(
            session, actor=current_actor(), now=request_now(), item_id=item_id, percent=form.percent.data, words=form.words.data,
            milestone=form.milestone.data, cost_spent=form.cost_spent.amount, evidence=evidence,
        )  # fmt: skip
        return item_url(item_id)

    answer, status = submitted(form, act, _("Your report was saved."))
    if answer is not None:
        return answer
    return render_template(
        "action_plans/report.html", form=form, item=row, view=view, row=view.row, most_mb=settings().max_upload_mb, draft=draft
    ), status


@blueprint.post("/action-plans/items/<uuid:item_id>/report/draft")
@requires(Permission.ACTION_ITEM_REPORT)
def keep_draft(item_id: UUID) -> ResponseReturnValue:
    """Keep what was typed so far. A script is answered with a sentence; a person who pressed the button goes back to the form."""
    with unit_of_work() as session:
        service.keep_draft(session, actor=current_actor(), now=request_now(), item_id=item_id, typed=request.form)
    if request.headers.get("Accept", "").startswith("text/plain"):
        clock = request_now().astimezone(BANGKOK)
        return Response(_("Draft saved %(time)s", time=f"{clock:%H:%M}"), mimetype="text/plain")
    flash(_("The draft was saved."), "success")
    return redirect(url_for("action_plans.report", item_id=item_id), 303)


@blueprint.route("/action-plans/items/<uuid:item_id>/reopen", methods=["GET", "POST"])
@requires(Permission.ACTION_ITEM_MANAGE)
def reopen(item_id: UUID) -> ResponseReturnValue:
    """Open a finished item again, with the reason."""
    plan, row, view = _open(item_id)
    form = ReopenForm(version=row.version)
    if request.method == "GET" and not view.offers.reopen:
        refuse(can(current_actor(), Permission.ACTION_ITEM_MANAGE, plan), Permission.ACTION_ITEM_MANAGE)

    def act(session: Session) -> str:
        service.reopen_item(
            session, actor=current_actor(), now=request_now(), item_id=item_id, percent=int(form.percent.data or 0), reason=form.reason.data,
            expected_version=form.expected_version,
        )  # fmt: skip
        return item_url(item_id)

    answer, status = submitted(form, act, _("The item is open again. The owner was told."))
    if answer is not None:
        return answer
    return render_template("action_plans/reopen.html", form=form, item=row), status


@blueprint.route("/action-plans/items/<uuid:item_id>/help", methods=["GET", "POST"])
@requires(Permission.ACTION_ITEM_REPORT)
def ask_help(item_id: UUID) -> ResponseReturnValue:
    """Ask the coordinator and the supporting organisations for help."""
    _plan, row, view = _open(item_id)
    form = HelpForm()
    if request.method == "GET" and not view.offers.help:
        refuse(view.offers != presenters.Offers(), Permission.ACTION_ITEM_REPORT)

    def act(session: Session) -> str:
        service.ask_help(session, actor=current_actor(), now=request_now(), item_id=item_id, words=form.words.data)
        return item_url(item_id)

    answer, status = submitted(form, act, _("Your request was sent to the coordinator and the supporting organisations."))
    if answer is not None:
        return answer
    return render_template("action_plans/help.html", form=form, item=row, asked=None, title=_("Ask for help")), status


@blueprint.route("/action-plans/items/<uuid:item_id>/help/answer", methods=["GET", "POST"])
@requires(Permission.HELP_ANSWER)
def answer_help(item_id: UUID) -> ResponseReturnValue:
    """Answer a request for help."""
    _plan, row, view = _open(item_id)
    form = HelpForm()
    with reading() as session:
        asked = queries.asked_help(session, item_id)
    if request.method == "GET" and not view.offers.answer:
        refuse(asked is None, Permission.HELP_ANSWER)

    def act(session: Session) -> str:
        service.answer_help(session, actor=current_actor(), now=request_now(), item_id=item_id, words=form.words.data)
        return item_url(item_id)

    answer, status = submitted(form, act, _("Your answer was sent."))
    if answer is not None:
        return answer
    return render_template(
        "action_plans/help.html", form=form, item=row, asked=asked, title=_("Answer a request for help")
    ), status


@blueprint.route("/action-plans/items/<uuid:item_id>/judge", methods=["GET", "POST"])
@requires(Permission.ACTION_ITEM_VERIFY)
def judge(item_id: UUID) -> ResponseReturnValue:
    """Verify the evidence of an item that is said to be finished, or return it with what is missing."""
    _plan, row, view = _open(item_id)
    form = JudgeForm(version=row.version)
    form.accepted.choices = [("yes", _("Yes, it is done")), ("no", _("No, something is missing"))]
    if request.method == "GET" and not view.offers.judge:
        refuse(view.waiting_report is None, Permission.ACTION_ITEM_VERIFY)

    def act(session: Session) -> str:
        service.judge_report(
            session, actor=current_actor(), now=request_now(), item_id=item_id, accepted=form.accepted.data == "yes", words=form.words.data,
            expected_version=form.expected_version,
        )  # fmt: skip
        return item_url(item_id)

    answer, status = submitted(form, act, _("Your verdict was saved. Those who reported were told."))
    if answer is not None:
        return answer
    return render_template("action_plans/judge.html", form=form, item=row, view=view), status
