"""Pages of deputies and absences."""

from uuid import UUID

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.kernel.access import Permission
from collab.kernel.clock import today
from collab.kernel.errors import NotAllowed
from collab.kernel.i18n import _
from collab.members import queries, rules
from collab.members.forms import AbsenceForm, ButtonForm, DeputyForm, options
from collab.members.routes.base import blueprint, form_page
from collab.members.routes.organisations import require_manage
from collab.members.service import standing as service
from collab.web.context import current_actor, reading, request_now, unit_of_work
from collab.web.routing import requires, signed_in


@blueprint.route("/members/people/<uuid:user_id>/deputies/new", methods=["GET", "POST"])
@requires(Permission.MEMBERS_MANAGE)
def new_deputy(user_id: UUID) -> ResponseReturnValue:
    """Let somebody act for a person."""
    form = DeputyForm()
    with reading() as session:
        found = queries.get_user(session, user_id)
        require_manage(service.standing_of(session, found, today(request_now())))
        others = [row for row in queries.users_for_choice(session) if row.id != user_id]
        form.deputy_id.choices = options({row.id: f"{rules.name_of(row)} – {row.position}" for row in others})
    back = url_for("members.person", user_id=user_id)

    def save(session: Session) -> str:
        service.appoint_deputy(
            session, actor=current_actor(), now=request_now(), user_id=user_id, deputy_id=UUID(form.deputy_id.data),
            order_number=form.order_number.data, valid_from=form.valid_from.data, valid_to=form.valid_to.data,
        )  # fmt: skip
        return back

    return form_page(form, title=_("New deputy of %(name)s", name=rules.name_of(found)), back=back, save=save, creates=True)


@blueprint.post("/members/deputies/<uuid:deputy_id>/remove")
@requires(Permission.MEMBERS_MANAGE)
def remove_deputy(deputy_id: UUID) -> ResponseReturnValue:
    """End a deputy's appointment."""
    form = ButtonForm()
    with unit_of_work() as session:
        found = service.remove_deputy(
            session, actor=current_actor(), now=request_now(), deputy_id=deputy_id, expected_version=form.expected_version
        )
    flash(_("Removed."), "success")
    return redirect(url_for("members.person", user_id=found.user_id), 303)


def _absence(user_id: UUID, back: str) -> ResponseReturnValue:
    form = AbsenceForm()

    def save(session: Session) -> str:
        service.add_absence(
            session, actor=current_actor(), now=request_now(), user_id=user_id, first_day=form.first_day.data,
            last_day=form.last_day.data,
        )  # fmt: skip
        return back

    hint = _("On these days reminders go to the deputy.")
    return form_page(form, title=_("Days away"), back=back, save=save, creates=True, hint=hint)


@blueprint.route("/members/people/<uuid:user_id>/absences/new", methods=["GET", "POST"])
@requires(Permission.MEMBERS_MANAGE)
def new_absence(user_id: UUID) -> ResponseReturnValue:
    """Note when a person is away."""
    with reading() as session:
        found = queries.get_user(session, user_id)
        require_manage(service.standing_of(session, found, today(request_now())))
    return _absence(user_id, url_for("members.person", user_id=user_id))


@blueprint.route("/account/absences/new", methods=["GET", "POST"])
@signed_in
def new_own_absence() -> ResponseReturnValue:
    """Note when one is away oneself."""
    user_id = current_actor().user_id
    if user_id is None:
        raise NotAllowed
    return _absence(user_id, url_for("members.account"))


@blueprint.post("/members/absences/<uuid:absence_id>/remove")
@signed_in
def remove_absence(absence_id: UUID) -> ResponseReturnValue:
    """Take an absence back: one's own, or as coordinator that of a member."""
    form = ButtonForm()
    with unit_of_work() as session:
        found = service.remove_absence(
            session, actor=current_actor(), now=request_now(), absence_id=absence_id, expected_version=form.expected_version
        )
    flash(_("Removed."), "success")
    own = found.user_id == current_actor().user_id
    return redirect(url_for("members.account") if own else url_for("members.person", user_id=found.user_id), 303)
