"""Pages of committees and their rules of procedure."""

from uuid import UUID

from flask import render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.kernel import access
from collab.kernel.access import Permission
from collab.kernel.clock import today
from collab.kernel.errors import NotFound
from collab.kernel.i18n import _
from collab.kernel.targets import Ref, why
from collab.members import labels, queries, rules
from collab.members.forms import ButtonForm, CharterForm, FoundingForm, RulesForm, options
from collab.members.models import (
    Capacity,
    Committee,
    CommitteeRules,
    DayKind,
    GovernanceForm,
    MajorityRule,
    QuorumRule,
)
from collab.members.policy import Seating
from collab.members.routes.base import blueprint, form_page, texts_of
from collab.members.routes.organisations import may_manage, require_manage
from collab.members.service import committees as service
from collab.web.context import current_actor, reading, request_now
from collab.web.routing import requires


def visible_committee(session: Session, committee_id: UUID) -> Committee:
    """Return the committee; raise NotFound when there is none or the person at hand may not know of it."""
    found = queries.get_committee(session, committee_id)
    if not access.can(current_actor(), Permission.MEMBERS_VIEW, found):
        raise NotFound("committee", committee_id)
    return found


@blueprint.get("/members/committees/<uuid:committee_id>")
@requires(Permission.MEMBERS_VIEW)
def committee(committee_id: UUID) -> ResponseReturnValue:
    """Show a committee: what it is founded on, its seats today and at other times, its rules of procedure."""
    day = today(request_now())
    with reading() as session:
        found = visible_committee(session, committee_id)
        seats = queries.seats_on(session, committee_id, day)
        current = {seat.seat_id for seat in seats}
        other = [seat for seat in queries.list_seats(session, committee_id) if seat.id not in current]
        procedures = queries.list_rules(session, committee_id)
        names = queries.organisation_names(session, {found.agency_id, *(seat.organisation_id for seat in other)})
        chain = why(session, current_actor(), Ref("committee", committee_id))
    return render_template(
        "members/committee.html", committee=found, seats=seats, other=other, procedures=procedures, names=names, labels=labels,
        name_of=rules.name_of, day=day, in_force=rules.is_in_force, administers=may_manage(found), Capacity=Capacity,
        seats_people=may_manage(Seating(committee_id)), chain=chain,
        weighted=any(seat.is_voting and seat.weight != 1 for seat in seats),
    )  # fmt: skip


def _charter(form: CharterForm) -> service.Charter:
    return service.Charter(
        values={name: form[name].data or "" for name in service.FIELDS}, agency_id=UUID(form.agency_id.data),
        order_on=form.order_on.data, governance=GovernanceForm(form.governance.data),
    )  # fmt: skip


def _procedure(form: RulesForm | FoundingForm) -> service.Procedure:
    return service.Procedure(
        quorum=QuorumRule(form.quorum.data), majority=MajorityRule(form.majority.data), casting_vote=bool(form.casting_vote.data),
        notice_days=form.notice_days.data or 0, opinion_days=form.opinion_days.data or 1,
        opinion_day_kind=DayKind(form.opinion_day_kind.data),
    )  # fmt: skip


def _offer_agencies(form: CharterForm) -> None:
    with reading() as session:
        form.agency_id.choices = options({row.id: rules.name_of(row) for row in queries.list_organisations(session)})


@blueprint.route("/members/committees/new", methods=["GET", "POST"])
@requires(Permission.MEMBERS_MANAGE)
def new_committee() -> ResponseReturnValue:
    """Found a committee with its first rules of procedure."""
    require_manage(Committee())
    form = FoundingForm()
    _offer_agencies(form)

    def save(session: Session) -> str:
        made = service.create_committee(
            session, actor=current_actor(), now=request_now(), charter=_charter(form), procedure=_procedure(form),
            valid_from=form.valid_from.data,
        )  # fmt: skip
        return url_for("members.committee", committee_id=made.id)

    return form_page(form, title=_("New committee"), back=url_for("members.index"), save=save, creates=True)


@blueprint.route("/members/committees/<uuid:committee_id>/edit", methods=["GET", "POST"])
@requires(Permission.MEMBERS_MANAGE)
def edit_committee(committee_id: UUID) -> ResponseReturnValue:
    """Change what a committee is founded on."""
    with reading() as session:
        found = visible_committee(session, committee_id)
    require_manage(found)
    form = CharterForm(obj=found)
    _offer_agencies(form)
    back = url_for("members.committee", committee_id=committee_id)

    def save(session: Session) -> str:
        service.change_committee(
            session, actor=current_actor(), now=request_now(), committee_id=committee_id, charter=_charter(form),
            expected_version=form.expected_version,
        )  # fmt: skip
        return back

    def saved(session: Session) -> dict[str, str]:
        names = [*service.FIELDS, "agency_id", "order_on", "governance"]
        return texts_of(form, queries.get_committee(session, committee_id), names)

    return form_page(form, title=_("Change the committee"), back=back, save=save, saved=saved)


@blueprint.route("/members/committees/<uuid:committee_id>/rules/new", methods=["GET", "POST"])
@requires(Permission.MEMBERS_MANAGE)
def new_rules(committee_id: UUID) -> ResponseReturnValue:
    """Put new rules of procedure in force from a day."""
    with reading() as session:
        found = visible_committee(session, committee_id)
        present = next(iter(queries.list_rules(session, committee_id)), None)
    require_manage(found)
    form = RulesForm(obj=present)
    back = url_for("members.committee", committee_id=committee_id)

    def save(session: Session) -> str:
        service.set_rules(
            session, actor=current_actor(), now=request_now(), committee_id=committee_id, procedure=_procedure(form),
            valid_from=form.valid_from.data, reason=form.reason.data,
        )  # fmt: skip
        return back

    hint = _("The rules in force until then end the day before. Meetings that were held keep the rules of their day.")
    return form_page(form, title=_("New rules of procedure"), back=back, save=save, creates=True, hint=hint)


@blueprint.route("/members/rules/<uuid:rules_id>/remove", methods=["GET", "POST"])
@requires(Permission.MEMBERS_MANAGE)
def remove_rules(rules_id: UUID) -> ResponseReturnValue:
    """Take back rules of procedure that were entered by mistake."""
    with reading() as session:
        found = queries.get_row(session, CommitteeRules, "committee_rules", rules_id)
        require_manage(visible_committee(session, found.committee_id))
    form = ButtonForm(version=found.version)
    back = url_for("members.committee", committee_id=found.committee_id)

    def save(session: Session) -> str:
        service.remove_rules(
            session, actor=current_actor(), now=request_now(), rules_id=rules_id, expected_version=form.expected_version
        )
        return back

    return form_page(
        form, title=_("Take back the newest rules of procedure"), back=back, save=save, button=_("Remove"), warning=True,
        done=_("Removed."), hint=_("The rules before them become open again."),
    )  # fmt: skip
