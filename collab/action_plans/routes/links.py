"""Views of what waits for what: the links of an item, a new one, the end of one."""

from uuid import UUID

from flask import render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.action_plans import presenters, queries, service
from collab.action_plans.forms import LinkForm, ReasonForm
from collab.action_plans.models import ActionItem, ActionPlan, Dependency
from collab.action_plans.routes.common import blueprint, item_url, moves_shown, refuse, submitted
from collab.kernel.access import Permission, can
from collab.kernel.errors import NotFound
from collab.kernel.i18n import _
from collab.web.context import current_actor, reading, request_now
from collab.web.routing import requires


@blueprint.route("/action-plans/items/<uuid:item_id>/links/new", methods=["GET", "POST"])
@requires(Permission.ACTION_ITEM_MANAGE)
def new_link(item_id: UUID) -> ResponseReturnValue:
    """Let an item wait for another of its plan; what would move is shown first."""
    with reading() as session:
        plan, row = queries.get_item(session, current_actor(), item_id)
        others = [other for other in queries.items_of(session, plan.id) if other.id != row.id]
    if not _may_link(plan, row):
        refuse(can(current_actor(), Permission.ACTION_ITEM_MANAGE, plan), Permission.ACTION_ITEM_MANAGE)
    form = LinkForm()
    form.predecessor_id.choices = [("", _("Not chosen yet")), *((str(other.id), other.title) for other in others)]

    def act(session: Session) -> str:
        service.link_items(
            session, actor=current_actor(), now=request_now(), successor_id=item_id, predecessor_id=_uuid(form.predecessor_id.data),
            lag_days=int(form.lag_days.data or 0), accepted=form.accepted.data,
        )  # fmt: skip
        return item_url(item_id)

    answer, status = submitted(form, act, _("The items were linked."))
    if answer is not None:
        return answer
    return render_template("action_plans/link.html", form=form, item=row, plan=plan, moves=moves_shown(form)), status


@blueprint.route("/action-plans/links/<uuid:dependency_id>/remove", methods=["GET", "POST"])
@requires(Permission.ACTION_ITEM_MANAGE)
def remove_link(dependency_id: UUID) -> ResponseReturnValue:
    """End a link, with the reason."""
    with reading() as session:
        link = session.get(Dependency, dependency_id)
        if link is None or link.removed_at is not None:
            raise NotFound("action_dependency", dependency_id)
        plan, row = queries.get_item(session, current_actor(), link.successor_id)
        titles = queries.titles_of(session, [link.predecessor_id, link.successor_id])
    if not _may_link(plan, row):
        refuse(can(current_actor(), Permission.ACTION_ITEM_MANAGE, plan), Permission.ACTION_ITEM_MANAGE)
    form = ReasonForm()

    def act(session: Session) -> str:
        service.unlink_items(
            session, actor=current_actor(), now=request_now(), dependency_id=dependency_id, reason=form.reason.data
        )
        return item_url(row.id)

    answer, status = submitted(form, act, _("The link was taken out."))
    if answer is not None:
        return answer
    return render_template(
        "action_plans/unlink.html", form=form, item=row, before=titles[link.predecessor_id], after=titles[link.successor_id]
    ), status


def _may_link(plan: ActionPlan, row: ActionItem) -> bool:
    return row.removed_at is None and presenters.may_plan(current_actor(), plan)


def _uuid(text: str) -> UUID:
    """Return the chosen id; the form has checked that it is one of the choices, and the empty choice is nobody's id."""
    return UUID(text) if text else UUID(int=0)
