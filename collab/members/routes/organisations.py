"""Pages of organisations: the overview of all members, one organisation with its dated facts, and changing them."""

from uuid import UUID

from flask import render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.kernel import access
from collab.kernel.access import Permission
from collab.kernel.clock import today
from collab.kernel.errors import NotAllowed
from collab.kernel.i18n import _
from collab.kernel.targets import Ref, why
from collab.members import labels, queries, rules
from collab.members.forms import FactForm, OrganisationForm, ReasonForm
from collab.members.models import FactKind, Organisation, OrganisationFact, OrganisationKind
from collab.members.policy import Place, sees_all_committees
from collab.members.routes.base import blueprint, form_page, texts_of
from collab.members.service import organisations as service
from collab.web.context import current_actor, reading, request_now
from collab.web.routing import requires


def may_manage(target: object = None) -> bool:
    """Say whether the person at hand may change ``target``."""
    return access.can(current_actor(), Permission.MEMBERS_MANAGE, target)


def require_manage(target: object = None) -> None:
    """Raise NotAllowed unless the person at hand may change ``target``: before a form is shown."""
    if not may_manage(target):
        raise NotAllowed(Permission.MEMBERS_MANAGE.value)


@blueprint.get("/members")
@requires(Permission.MEMBERS_VIEW)
def index() -> ResponseReturnValue:
    """Show the person's committees with their members, and all organisations."""
    day, actor = today(request_now()), current_actor()
    with reading() as session:
        committees = queries.list_committees(session, actor)
        counts = queries.seat_counts(session, [row.id for row in committees], day)
        organisations = queries.list_organisations(session)
        figures = queries.figures_on(session, [row.id for row in organisations], day)
        agencies = queries.organisation_names(session, {row.agency_id for row in committees})
    return render_template(
        "members/index.html", committees=committees, counts=counts, organisations=organisations, figures=figures,
        agencies=agencies, labels=labels, name_of=rules.name_of, administers=may_manage(Organisation()),
        manages=access.could(actor, Permission.MEMBERS_MANAGE), FactKind=FactKind,
    )  # fmt: skip


@blueprint.get("/members/organisations/<uuid:organisation_id>")
@requires(Permission.MEMBERS_VIEW)
def organisation(organisation_id: UUID) -> ResponseReturnValue:
    """Show one organisation: its facts with their sources, its seats, its people."""
    actor = current_actor()
    with reading() as session:
        found = queries.get_organisation(session, organisation_id)
        facts = queries.facts_of(session, organisation_id)
        seats = queries.seats_of_organisation(
            session, organisation_id, None if sees_all_committees(actor) else actor.committee_ids
        )
        committees = queries.committees_by_ids(session, {seat.committee_id for seat in seats})
        people = queries.people_of(session, organisation_id)
        chain = why(session, actor, Ref("organisation", organisation_id))
    return render_template(
        "members/organisation.html", organisation=found, facts=facts, seats=seats, committees=committees, people=people,
        labels=labels, name_of=rules.name_of, administers=may_manage(found),
        keeps_channels=access.can(current_actor(), Permission.CHANNEL_MANAGE, Place(found.id)), day=today(request_now()), chain=chain,
        in_force=rules.is_in_force,
    )  # fmt: skip


def _values(form: OrganisationForm) -> dict[str, str]:
    return {name: form[name].data or "" for name in service.FIELDS}


@blueprint.route("/members/organisations/new", methods=["GET", "POST"])
@requires(Permission.MEMBERS_MANAGE)
def new_organisation() -> ResponseReturnValue:
    """Enter an organisation."""
    require_manage(Organisation())
    form = OrganisationForm()

    def save(session: Session) -> str:
        made = service.create_organisation(
            session, actor=current_actor(), now=request_now(), kind=OrganisationKind(form.kind.data), values=_values(form)
        )
        return url_for("members.organisation", organisation_id=made.id)

    return form_page(form, title=_("New organisation"), back=url_for("members.index"), save=save, creates=True)


@blueprint.route("/members/organisations/<uuid:organisation_id>/edit", methods=["GET", "POST"])
@requires(Permission.MEMBERS_MANAGE)
def edit_organisation(organisation_id: UUID) -> ResponseReturnValue:
    """Correct what is said of an organisation today."""
    with reading() as session:
        found = queries.get_organisation(session, organisation_id)
    require_manage(found)
    form = OrganisationForm(obj=found)
    back = url_for("members.organisation", organisation_id=organisation_id)

    def save(session: Session) -> str:
        service.change_organisation(
            session, actor=current_actor(), now=request_now(), organisation_id=organisation_id,
            kind=OrganisationKind(form.kind.data), values=_values(form), expected_version=form.expected_version,
        )  # fmt: skip
        return back

    def saved(session: Session) -> dict[str, str]:
        return texts_of(form, queries.get_organisation(session, organisation_id), ["kind", *service.FIELDS])

    hint = _("This corrects mistakes. Enter a real change of name or kind as a dated figure, so that earlier days stay true.")
    return form_page(form, title=_("Change the organisation"), back=back, save=save, saved=saved, hint=hint)


@blueprint.route("/members/organisations/<uuid:organisation_id>/remove", methods=["GET", "POST"])
@requires(Permission.MEMBERS_MANAGE)
def remove_organisation(organisation_id: UUID) -> ResponseReturnValue:
    """Take an organisation out of the lists."""
    with reading() as session:
        found = queries.get_organisation(session, organisation_id)
    require_manage(found)
    form = ReasonForm(version=found.version)

    def save(session: Session) -> str:
        service.remove_organisation(
            session, actor=current_actor(), now=request_now(), organisation_id=organisation_id,
            expected_version=form.expected_version, reason=form.reason.data,
        )  # fmt: skip
        return url_for("members.index")

    return form_page(
        form, title=_("Remove %(name)s", name=rules.name_of(found)), save=save, button=_("Remove"), warning=True, done=_("Removed."),
        back=url_for("members.organisation", organisation_id=organisation_id),
    )  # fmt: skip


@blueprint.route("/members/organisations/<uuid:organisation_id>/facts/new", methods=["GET", "POST"])
@requires(Permission.MEMBERS_MANAGE)
def new_fact(organisation_id: UUID) -> ResponseReturnValue:
    """Enter a dated fact with its source."""
    with reading() as session:
        found = queries.get_organisation(session, organisation_id)
    require_manage(found)
    form = FactForm()
    back = url_for("members.organisation", organisation_id=organisation_id)

    def save(session: Session) -> str:
        fact = service.Fact(
            FactKind(form.kind.data), form.value.data, form.source.data, form.valid_from.data, form.valid_to.data
        )  # fmt: skip
        service.add_fact(session, actor=current_actor(), now=request_now(), organisation_id=organisation_id, fact=fact)
        return back

    title = _("New figure of %(name)s", name=rules.name_of(found))
    return form_page(form, title=title, back=back, save=save, creates=True)


@blueprint.route("/members/facts/<uuid:fact_id>/remove", methods=["GET", "POST"])
@requires(Permission.MEMBERS_MANAGE)
def remove_fact(fact_id: UUID) -> ResponseReturnValue:
    """Take a fact out that was entered by mistake."""
    with reading() as session:
        found = queries.get_row(session, OrganisationFact, "organisation_fact", fact_id)
    require_manage(found)
    form = ReasonForm(version=found.version)
    del form.reason
    back = url_for("members.organisation", organisation_id=found.organisation_id)

    def save(session: Session) -> str:
        service.remove_fact(
            session, actor=current_actor(), now=request_now(), fact_id=fact_id, expected_version=form.expected_version
        )
        return back

    title = _("Remove the figure %(value)s", value=found.value)
    return form_page(form, title=title, back=back, save=save, button=_("Remove"), warning=True, done=_("Removed."))
