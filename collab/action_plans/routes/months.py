"""Views of months: who has closed which, one month of an organisation, opening one again."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from flask import render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.action_plans import presenters, queries, rules, service
from collab.action_plans.forms import MonthForm, ReasonForm
from collab.action_plans.models import ActionPlan, MonthlyClosing
from collab.action_plans.month import month_title
from collab.action_plans.policy import Party
from collab.action_plans.routes.common import blueprint, refuse, submitted
from collab.action_plans.states import ClosingState, Frequency, PlanState
from collab.action_plans.wording import CLOSING_STATES, TONES
from collab.kernel.access import Permission, can
from collab.kernel.clock import today
from collab.kernel.errors import NotFound
from collab.kernel.i18n import _
from collab.members import queries as members
from collab.web.context import current_actor, reading, request_now
from collab.web.routing import requires

#: So many months are shown, the newest first: a fiscal year and its end.
MOST_MONTHS = 15


@blueprint.get("/action-plans/<uuid:plan_id>/months")
@requires(Permission.ACTION_PLAN_VIEW)
def months(plan_id: UUID) -> ResponseReturnValue:
    """Show which organisation has closed which month of a plan."""
    with reading() as session:
        plan = queries.get_plan(session, current_actor(), plan_id)
        parties = queries.parties_of(session, plan.id)
        names = members.organisation_names(session, parties)
        closings = {(row.organisation_id, row.month): row for row in queries.closings_of(session, plan.id)}
    rows = [
        (month_title(month), f"{month:%Y-%m}", [(party, closings.get((party, month))) for party in parties])
        for month in _months(plan, today(request_now()))
    ]
    return render_template(
        "action_plans/months.html", plan=plan, rows=rows, names=names, parties=parties, states=CLOSING_STATES, tones=TONES
    )


@blueprint.route("/action-plans/<uuid:plan_id>/months/<uuid:organisation_id>/<month>", methods=["GET", "POST"])
@requires(Permission.ACTION_PLAN_VIEW)
def month_closing(plan_id: UUID, organisation_id: UUID, month: str) -> ResponseReturnValue:
    """Show a month of an organisation: what is open, what nobody reported on, the figures; and close it."""
    actor, first = current_actor(), _first_day(month)
    with reading() as session:
        plan = queries.get_plan(session, actor, plan_id)
        if organisation_id not in queries.parties_of(session, plan.id):
            raise NotFound("organisation", organisation_id)
        row = queries.find_closing(session, plan.id, organisation_id, first)
        view = service.month_view(session, plan, organisation_id, first, request_now())
        name = members.organisation_names(session, [organisation_id])[organisation_id]
        people = members.user_names(session, {row.closed_by, row.reopened_by} if row else set())
        items = presenters.item_rows(session, view.open, today(request_now()))
    form = MonthForm()

    def act(opened: Session) -> str:
        service.close_month(
            opened,
            actor=actor,
            now=request_now(),
            plan_id=plan_id,
            organisation_id=organisation_id,
            month=first,
            note=form.note.data,
        )
        return url_for("action_plans.months", plan_id=plan_id)

    answer, status = submitted(form, act, _("The month was closed."))
    if answer is not None:
        return answer
    figures = _figures(row, view)
    may_close = service.may_close(plan, row, first, request_now()) and can(
        actor, Permission.MONTH_CLOSE, Party(plan.committee_id, organisation_id)
    )
    return render_template(
        "action_plans/month_closing.html", form=form, plan=plan, row=row, figures=figures, money=_money(figures), items=items, name=name, people=people,
        unreported={item.id for item in view.unreported}, may_close=may_close, title=month_title(first), states=CLOSING_STATES, tones=TONES,
        may_reopen=_may_reopen(plan, row),
    ), status  # fmt: skip


@blueprint.route("/action-plans/months/<uuid:closing_id>/reopen", methods=["GET", "POST"])
@requires(Permission.ACTION_PLAN_MANAGE)
def reopen_month(closing_id: UUID) -> ResponseReturnValue:
    """Open a closed month again, with the reason."""
    with reading() as session:
        row = session.get(MonthlyClosing, closing_id)
        if row is None:
            raise NotFound("monthly_closing", closing_id)
        plan = queries.get_plan(session, current_actor(), row.plan_id)
    if not _may_reopen(plan, row):
        refuse(can(current_actor(), Permission.ACTION_PLAN_MANAGE, plan), Permission.ACTION_PLAN_MANAGE)
    form, back = ReasonForm(), url_for("action_plans.months", plan_id=plan.id)

    def act(session: Session) -> str:
        service.reopen_month(session, actor=current_actor(), now=request_now(), closing_id=closing_id, reason=form.reason.data)
        return back

    answer, status = submitted(form, act, _("The month is open again."))
    if answer is not None:
        return answer
    title = _("Open the month again: %(month)s", month=month_title(row.month))
    return render_template("action_plans/reason.html", form=form, item=None, plan=plan, title=title, back=back), status


def _figures(row: MonthlyClosing | None, view: service.MonthView) -> dict[str, str]:
    if row is not None and row.state is ClosingState.CLOSED:
        return {str(name): str(value) for name, value in row.figures.items()}
    return view.figures.as_json()


def _money(figures: dict[str, str]) -> dict[str, Decimal]:
    return {name: Decimal(figures[name]) for name in ("planned", "committed", "spent")}


def _may_reopen(plan: ActionPlan, row: MonthlyClosing | None) -> bool:
    is_closed = row is not None and row.state is ClosingState.CLOSED and plan.state is PlanState.ACTIVE
    return is_closed and can(current_actor(), Permission.ACTION_PLAN_MANAGE, plan)


def _months(plan: ActionPlan, day: date) -> list[date]:
    """Return the months in which the plan ran, the newest first."""
    if plan.activated_at is None:
        return []
    began = today(plan.activated_at)
    last = today(plan.closed_at) if plan.closed_at else day
    return [began.replace(day=1), *rules.periods_between(began, last, Frequency.MONTHLY)][-MOST_MONTHS:][::-1]


def _first_day(month: str) -> date:
    try:
        return date.fromisoformat(f"{month}-01")
    except ValueError:
        raise NotFound("month", UUID(int=0)) from None
