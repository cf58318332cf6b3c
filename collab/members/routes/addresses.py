"""Addresses to which mail came back: the list for those who keep the members, and the button that confirms one."""

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from collab.kernel.access import Permission
from collab.kernel.clock import today
from collab.kernel.i18n import _
from collab.members import address_queries, labels, queries
from collab.members.forms import ButtonForm
from collab.members.routes.base import blueprint
from collab.members.service import addresses as service
from collab.web.context import current_actor, reading, request_now, unit_of_work
from collab.web.routing import requires, signed_in


@blueprint.get("/members/addresses")
@requires(Permission.MEMBERS_MANAGE)
def addresses() -> ResponseReturnValue:
    """List the people to whom no mail goes because it came back."""
    with reading() as session:
        page = address_queries.list_flags(session, current_actor(), today(request_now()), request.args.get("cursor"))
        people = queries.users_by_ids(session, {row.user_id for row in page.rows})
        names = queries.user_names(session, people)
        organisations = queries.organisation_names(session, {row.organisation_id for row in people.values()})
    return render_template(
        "members/addresses.html", page=page, people=people, names=names, organisations=organisations, why=labels.returned_text,
        button=ButtonForm(formdata=None),
    )  # fmt: skip


@blueprint.post("/members/people/<uuid:user_id>/address/confirm")
@signed_in
def confirm_address(user_id: UUID) -> ResponseReturnValue:
    """Let mail go to a person's address again."""
    actor = current_actor()
    with unit_of_work() as session:
        service.confirm_address(session, actor=actor, now=request_now(), user_id=user_id)
    flash(_("Mail goes to this address again. What was held leaves now."), "success")
    place = url_for("members.account") if actor.user_id == user_id else url_for("members.addresses")
    return redirect(place, 303)
