"""Views of plans made from others: copy of an earlier plan, templates, items that come again."""

from uuid import UUID

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.action_plans import presenters, queries, rules, service
from collab.action_plans.forms import CopyForm, ReasonForm, RecurForm, StartForm, TemplateForm
from collab.action_plans.models import Recurrence
from collab.action_plans.routes.common import blueprint, item_url, plan_url, refuse, submitted
from collab.action_plans.states import Frequency, ServiceKind
from collab.action_plans.wording import FREQUENCIES, ITEM_KINDS, SERVICES
from collab.kernel.access import Permission, authorize, can
from collab.kernel.clock import today
from collab.kernel.dates import fiscal_year
from collab.kernel.errors import NotFound
from collab.kernel.i18n import _
from collab.members import queries as members
from collab.members.rules import name_of
from collab.web.context import current_actor, reading, request_now
from collab.web.forms import options
from collab.web.routing import requires


@blueprint.route("/action-plans/<uuid:plan_id>/copy", methods=["GET", "POST"])
@requires(Permission.ACTION_PLAN_MANAGE)
def copy(plan_id: UUID) -> ResponseReturnValue:
    """Make next year's draft from a plan."""
    with reading() as session:
        plan = queries.get_plan(session, current_actor(), plan_id)
    authorize(current_actor(), Permission.ACTION_PLAN_MANAGE, plan)
    form = CopyForm(title=plan.title, fiscal_year=plan.fiscal_year + 1)
    form.what.choices = [("all", _("All items that were not cancelled")), ("open", _("Only items that were not finished"))]

    def act(session: Session) -> str:
        made = service.copy_plan(
            session, actor=current_actor(), now=request_now(), plan_id=plan_id, fiscal_year=int(form.fiscal_year.data or 0),
            title=form.title.data, unfinished_only=form.what.data == "open",
        )  # fmt: skip
        return plan_url(made.id)

    answer, status = submitted(form, act, _("The plan was copied. Check the dates before you activate it."))
    if answer is not None:
        return answer
    return render_template("action_plans/copy.html", form=form, plan=plan), status


@blueprint.route("/action-plans/<uuid:plan_id>/template", methods=["GET", "POST"])
@requires(Permission.ACTION_PLAN_MANAGE)
def make_template(plan_id: UUID) -> ResponseReturnValue:
    """Make a template from a plan."""
    with reading() as session:
        plan = queries.get_plan(session, current_actor(), plan_id)
    authorize(current_actor(), Permission.ACTION_PLAN_MANAGE, plan)
    form = TemplateForm(title=plan.title)
    form.service.choices = options((kind.value, label) for kind, label in SERVICES.items())

    def act(session: Session) -> str:
        made = service.make_template(
            session, actor=current_actor(), now=request_now(), plan_id=plan_id, service=ServiceKind(form.service.data),
            title=form.title.data, description=form.description.data,
        )  # fmt: skip
        return _template_url(made.id)

    answer, status = submitted(form, act, _("The template was made."))
    if answer is not None:
        return answer
    return render_template("action_plans/template_form.html", form=form, plan=plan), status


@blueprint.get("/action-plans/templates")
@requires(Permission.ACTION_PLAN_MANAGE)
def templates() -> ResponseReturnValue:
    """Show the templates of all services."""
    with reading() as session:
        page = queries.list_templates(session, current_actor(), request.args.get("cursor"))
    return render_template("action_plans/templates.html", page=page, services=SERVICES)


@blueprint.get("/action-plans/templates/<uuid:template_id>")
@requires(Permission.ACTION_PLAN_MANAGE)
def template(template_id: UUID) -> ResponseReturnValue:
    """Show a template."""
    with reading() as session:
        row = queries.get_template(session, current_actor(), template_id)
        items = queries.template_items(session, row.id)
        links = queries.template_links(session, row.id)
    titles = {item.id: item.title for item in items}
    before: dict[UUID, list[str]] = {}
    for link in links:
        before.setdefault(link.successor_id, []).append(titles[link.predecessor_id])
    return render_template(
        "action_plans/template.html", row=row, items=items, before=before, services=SERVICES, kinds=ITEM_KINDS,
        may_remove=can(current_actor(), Permission.ACTION_PLAN_MANAGE, row),
    )  # fmt: skip


@blueprint.route("/action-plans/templates/<uuid:template_id>/start", methods=["GET", "POST"])
@requires(Permission.ACTION_PLAN_MANAGE)
def start(template_id: UUID) -> ResponseReturnValue:
    """Begin a plan from a template."""
    day = today(request_now())
    with reading() as session:
        row = queries.get_template(session, current_actor(), template_id)
        committees = [
            found
            for found in members.list_committees(session, current_actor())
            if can(current_actor(), Permission.ACTION_PLAN_MANAGE, found)
        ]
        ids = {found.agency_id for found in committees}
        for found in committees:
            ids |= {seat.organisation_id for seat in members.seats_on(session, found.id, day)}
        names = members.organisation_names(session, ids)
    form = StartForm(title=row.title, fiscal_year=fiscal_year(day), starts_on=day)
    form.committee_id.choices = [(str(found.id), name_of(found)) for found in committees]
    form.lead_organisation_id.choices = [(str(key), name) for key, name in names.items()]

    def act(session: Session) -> str:
        asked = service.Start(
            committee_id=UUID(form.committee_id.data), fiscal_year=int(form.fiscal_year.data or 0), title=form.title.data,
            starts_on=form.starts_on.data, lead_organisation_id=UUID(form.lead_organisation_id.data),
        )  # fmt: skip
        made = service.start_plan(session, actor=current_actor(), now=request_now(), template_id=template_id, start=asked)
        return plan_url(made.id)

    answer, status = submitted(form, act, _("The plan was begun. Choose who leads, helps and pays before you activate it."))
    if answer is not None:
        return answer
    return render_template("action_plans/start.html", form=form, row=row), status


@blueprint.route("/action-plans/templates/<uuid:template_id>/remove", methods=["GET", "POST"])
@requires(Permission.ACTION_PLAN_MANAGE)
def remove_template(template_id: UUID) -> ResponseReturnValue:
    """Take a template out of the list, with the reason."""
    with reading() as session:
        row = queries.get_template(session, current_actor(), template_id)
    authorize(current_actor(), Permission.ACTION_PLAN_MANAGE, row)
    form = ReasonForm()

    def act(session: Session) -> str:
        service.remove_template(
            session, actor=current_actor(), now=request_now(), template_id=template_id, reason=form.reason.data
        )
        return url_for("action_plans.templates")

    answer, status = submitted(form, act, _("The template was taken out."))
    if answer is not None:
        return answer
    title = _("Take out the template")
    return render_template(
        "action_plans/reason.html", form=form, item=None, plan=row, title=title, back=_template_url(row.id)
    ), status


@blueprint.route("/action-plans/items/<uuid:item_id>/recur", methods=["GET", "POST"])
@requires(Permission.ACTION_ITEM_MANAGE)
def recur(item_id: UUID) -> ResponseReturnValue:
    """Let an item come again."""
    with reading() as session:
        plan, row = queries.get_item(session, current_actor(), item_id)
    if row.removed_at is not None or row.recurrence_id is not None or not presenters.may_plan(current_actor(), plan):
        refuse(can(current_actor(), Permission.ACTION_ITEM_MANAGE, plan), Permission.ACTION_ITEM_MANAGE)
    form = RecurForm(ends_on=rules.end_of_fiscal_year(plan.fiscal_year))
    form.frequency.choices = options((kind.value, label) for kind, label in FREQUENCIES.items())

    def act(session: Session) -> str:
        service.make_recurring(
            session, actor=current_actor(), now=request_now(), item_id=item_id, frequency=Frequency(form.frequency.data),
            working_day=int(form.working_day.data or 0), ends_on=form.ends_on.data,
        )  # fmt: skip
        return plan_url(plan.id)

    answer, status = submitted(form, act, _("The items of the later periods were added."))
    if answer is not None:
        return answer
    return render_template("action_plans/recur.html", form=form, item=row), status


@blueprint.route("/action-plans/recurrences/<uuid:recurrence_id>/end", methods=["GET", "POST"])
@requires(Permission.ACTION_ITEM_MANAGE)
def end_recurrence(recurrence_id: UUID) -> ResponseReturnValue:
    """End a recurrence, with the reason."""
    with reading() as session:
        rule = session.get(Recurrence, recurrence_id)
        if rule is None or rule.removed_at is not None:
            raise NotFound("action_recurrence", recurrence_id)
        plan = queries.get_plan(session, current_actor(), rule.plan_id)
        first = next(iter(queries.occurrences_of(session, rule.id)), None)
    if not presenters.may_plan(current_actor(), plan):
        refuse(can(current_actor(), Permission.ACTION_ITEM_MANAGE, plan), Permission.ACTION_ITEM_MANAGE)
    form = ReasonForm()

    def act(session: Session) -> str:
        service.end_recurrence(
            session, actor=current_actor(), now=request_now(), recurrence_id=recurrence_id, reason=form.reason.data
        )
        return item_url(first.id) if first else plan_url(plan.id)

    answer, status = submitted(form, act, _("The recurrence has ended. Later items that nobody had begun were taken out."))
    if answer is not None:
        return answer
    title = _("End the recurrence")
    return render_template(
        "action_plans/reason.html", form=form, item=first, plan=plan, title=title, back=plan_url(plan.id)
    ), status


def _template_url(template_id: UUID) -> str:
    return url_for("action_plans.template", template_id=template_id)
