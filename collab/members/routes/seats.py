"""Pages of seats: who sits for whom, with what vote, from when to when, and who holds the seat."""

from decimal import Decimal
from uuid import UUID

from flask import render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.kernel.access import Permission
from collab.kernel.clock import today
from collab.kernel.i18n import _
from collab.kernel.targets import Ref, why
from collab.members import labels, queries, rules
from collab.members.forms import ButtonForm, HolderForm, LastDayForm, ReasonForm, SeatForm, SeatTermsForm, as_id, options
from collab.members.models import Capacity, Seat, SeatHolder
from collab.members.policy import Seating
from collab.members.routes.base import blueprint, form_page, texts_of
from collab.members.routes.committees import visible_committee
from collab.members.routes.organisations import may_manage, require_manage
from collab.members.service import seats as service
from collab.web.context import current_actor, reading, request_now
from collab.web.routing import requires

TERMS = ["capacity", "is_voting", "weight", "valid_from", "valid_to"]


def _seat(session: Session, seat_id: UUID) -> Seat:
    """Return the seat; raise NotFound when there is none or its committee is not for the person at hand."""
    found = queries.get_row(session, Seat, "seat", seat_id)
    visible_committee(session, found.committee_id)
    return found


def _terms(form: SeatForm | SeatTermsForm) -> service.Terms:
    return service.Terms(
        capacity=Capacity(form.capacity.data), is_voting=bool(form.is_voting.data), weight=Decimal(form.weight.data),
        valid_from=form.valid_from.data, valid_to=form.valid_to.data,
    )  # fmt: skip


@blueprint.get("/members/seats/<uuid:seat_id>")
@requires(Permission.MEMBERS_VIEW)
def seat(seat_id: UUID) -> ResponseReturnValue:
    """Show a seat and everybody who held it."""
    with reading() as session:
        found = _seat(session, seat_id)
        committee = queries.get_committee(session, found.committee_id)
        names = queries.organisation_names(session, {found.organisation_id})
        holders = queries.list_holders(session, seat_id)
        people = queries.user_names(session, {row.user_id for row in holders})
        chain = why(session, current_actor(), Ref("seat", seat_id))
    return render_template(
        "members/seat.html", seat=found, committee=committee, organisation=names[found.organisation_id], holders=holders,
        people=people, labels=labels, name_of=rules.name_of, manages=may_manage(Seating(found.committee_id)), chain=chain,
        day=today(request_now()), in_force=rules.is_in_force,
    )  # fmt: skip


@blueprint.route("/members/committees/<uuid:committee_id>/seats/new", methods=["GET", "POST"])
@requires(Permission.MEMBERS_MANAGE)
def new_seat(committee_id: UUID) -> ResponseReturnValue:
    """Give an organisation a seat."""
    form = SeatForm()
    with reading() as session:
        found = visible_committee(session, committee_id)
        form.organisation_id.choices = options({row.id: rules.name_of(row) for row in queries.list_organisations(session)})
    require_manage(Seating(committee_id))

    def save(session: Session) -> str:
        made = service.add_seat(
            session, actor=current_actor(), now=request_now(), committee_id=committee_id,
            organisation_id=UUID(form.organisation_id.data), terms=_terms(form),
        )  # fmt: skip
        return url_for("members.seat", seat_id=made.id)

    return form_page(
        form, title=_("New seat in %(name)s", name=rules.name_of(found)), save=save, creates=True,
        back=url_for("members.committee", committee_id=committee_id),
    )  # fmt: skip


@blueprint.route("/members/seats/<uuid:seat_id>/edit", methods=["GET", "POST"])
@requires(Permission.MEMBERS_MANAGE)
def edit_seat(seat_id: UUID) -> ResponseReturnValue:
    """Change a seat's capacity, vote or term."""
    with reading() as session:
        found = _seat(session, seat_id)
    require_manage(Seating(found.committee_id))
    form = SeatTermsForm(obj=found)
    back = url_for("members.seat", seat_id=seat_id)

    def save(session: Session) -> str:
        service.change_seat(
            session, actor=current_actor(), now=request_now(), seat_id=seat_id, terms=_terms(form),
            expected_version=form.expected_version,
        )  # fmt: skip
        return back

    def saved(session: Session) -> dict[str, str]:
        return texts_of(form, queries.get_row(session, Seat, "seat", seat_id), TERMS)

    return form_page(form, title=_("Change the seat"), back=back, save=save, saved=saved)


@blueprint.route("/members/seats/<uuid:seat_id>/remove", methods=["GET", "POST"])
@requires(Permission.MEMBERS_MANAGE)
def remove_seat(seat_id: UUID) -> ResponseReturnValue:
    """Take a seat out that was entered by mistake."""
    with reading() as session:
        found = _seat(session, seat_id)
    require_manage(Seating(found.committee_id))
    form = ReasonForm(version=found.version)

    def save(session: Session) -> str:
        service.remove_seat(
            session, actor=current_actor(), now=request_now(), seat_id=seat_id, expected_version=form.expected_version,
            reason=form.reason.data,
        )  # fmt: skip
        return url_for("members.committee", committee_id=found.committee_id)

    hint = _("For mistakes only. When a term is over, give the seat a last day instead.")
    back = url_for("members.seat", seat_id=seat_id)
    return form_page(
        form, title=_("Remove the seat"), back=back, save=save, button=_("Remove"), warning=True, hint=hint, done=_("Removed.")
    )


@blueprint.route("/members/seats/<uuid:seat_id>/holders/new", methods=["GET", "POST"])
@requires(Permission.MEMBERS_MANAGE)
def new_holder(seat_id: UUID) -> ResponseReturnValue:
    """Put a holder into a seat."""
    form = HolderForm()
    with reading() as session:
        found = _seat(session, seat_id)
        people = queries.users_for_choice(session)
        form.user_id.choices = options({"": "–"} | {row.id: f"{rules.name_of(row)} – {row.position}" for row in people})
    require_manage(Seating(found.committee_id))
    back = url_for("members.seat", seat_id=seat_id)

    def save(session: Session) -> str:
        holder = service.Holder(
            as_id(form.user_id.data), form.name.data or "", form.position.data or "", form.valid_from.data, form.valid_to.data
        )
        service.fill_seat(session, actor=current_actor(), now=request_now(), seat_id=seat_id, holder=holder)
        return back

    hint = _("The holder before ends the day before.")
    return form_page(form, title=_("New holder of the seat"), back=back, save=save, creates=True, hint=hint)


def _holder(session: Session, holder_id: UUID) -> SeatHolder:
    found = queries.get_row(session, SeatHolder, "seat_holder", holder_id)
    require_manage(Seating(_seat(session, found.seat_id).committee_id))
    return found


@blueprint.route("/members/holders/<uuid:holder_id>/end", methods=["GET", "POST"])
@requires(Permission.MEMBERS_MANAGE)
def end_holding(holder_id: UUID) -> ResponseReturnValue:
    """Let a holding end."""
    with reading() as session:
        found = _holder(session, holder_id)
    form = LastDayForm(version=found.version, valid_to=found.valid_to)
    back = url_for("members.seat", seat_id=found.seat_id)

    def save(session: Session) -> str:
        service.end_holding(
            session, actor=current_actor(), now=request_now(), holder_id=holder_id, last_day=form.valid_to.data,
            expected_version=form.expected_version,
        )  # fmt: skip
        return back

    def saved(session: Session) -> dict[str, str]:
        return texts_of(form, queries.get_row(session, SeatHolder, "seat_holder", holder_id), ["valid_to"])

    return form_page(form, title=_("Last day of %(name)s", name=found.name), back=back, save=save, saved=saved)


@blueprint.route("/members/holders/<uuid:holder_id>/remove", methods=["GET", "POST"])
@requires(Permission.MEMBERS_MANAGE)
def remove_holding(holder_id: UUID) -> ResponseReturnValue:
    """Take a holder out who was entered by mistake."""
    with reading() as session:
        found = _holder(session, holder_id)
    form = ButtonForm(version=found.version)
    back = url_for("members.seat", seat_id=found.seat_id)

    def save(session: Session) -> str:
        service.remove_holding(
            session, actor=current_actor(), now=request_now(), holder_id=holder_id, expected_version=form.expected_version
        )
        return back

    return form_page(
        form,
        title=_("Remove %(name)s", name=found.name),
        back=back,
        save=save,
        button=_("Remove"),
        warning=True,
        done=_("Removed."),
    )
