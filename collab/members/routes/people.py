"""Pages of people: the directory, one person, making and inviting an account, roles."""

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.kernel import access
from collab.kernel.access import Permission, Role, Scope
from collab.kernel.clock import today
from collab.kernel.errors import InvalidInput
from collab.kernel.i18n import _
from collab.kernel.targets import Ref, readable, why
from collab.members import account_queries, address_queries, labels, queries, rules
from collab.members.forms import ButtonForm, ReasonForm, RoleForm, TermForm, UserForm, options
from collab.members.models import RoleAssignment, User
from collab.members.routes.base import blueprint, form_page, texts_of
from collab.members.routes.organisations import may_manage, require_manage
from collab.members.service import invitations, standing
from collab.members.service import people as service
from collab.web.context import current_actor, reading, request_now, unit_of_work
from collab.web.routing import requires


@blueprint.get("/members/people")
@requires(Permission.MEMBERS_MANAGE)
def people() -> ResponseReturnValue:
    """List the accounts, for those who keep them."""
    with reading() as session:
        page = queries.list_users(session, request.args.get("cursor"))
        names = queries.organisation_names(session, {row.organisation_id for row in page.rows})
    return render_template("members/people.html", page=page, names=names, name_of=rules.name_of, administers=may_manage(User()))


@blueprint.get("/members/people/<uuid:user_id>")
@requires(Permission.MEMBERS_VIEW)
def person(user_id: UUID) -> ResponseReturnValue:
    """Show a person: position, roles, deputies; to those who keep them also the address, absences and invitations."""
    actor, day = current_actor(), today(request_now())
    with reading() as session:
        user = queries.get_user(session, user_id)
        roles = account_queries.roles_of(session, user_id)
        places = queries.place_names(session, roles)
        organisation = queries.organisation_names(session, [user.organisation_id])
        deputies = queries.list_deputies(session, user_id)
        names = queries.user_names(session, {row.deputy_id for row in deputies})
        keeps = access.can(actor, Permission.MEMBERS_MANAGE, standing.standing_of(session, user, day))
        absences = queries.list_absences(session, user_id) if keeps else []
        flag = address_queries.find_flag(session, user_id) if keeps else None
        administers = may_manage(user)
        open_invitations = account_queries.open_invitations(session, user_id) if administers else []
        credential = account_queries.find_credential(session, user_id) if administers else None
        chain = why(session, actor, Ref("user", user_id))
        has_record = bool(readable(session, actor, [Ref("user", user_id)]))
    return render_template(
        "members/person.html", user=user, roles=roles, places=places, organisation=organisation.get(user.organisation_id, ""),
        deputies=deputies, names=names, keeps=keeps, absences=absences, administers=administers, invitations=open_invitations,
        has_password=bool(credential and credential.password_hash), labels=labels, name_of=rules.name_of, day=day,
        in_force=rules.is_in_force, now=request_now(), button=ButtonForm(formdata=None), chain=chain, Scope=Scope, flag=flag,
        has_record=has_record,
    )  # fmt: skip


def _offer_organisations(form: UserForm) -> None:
    with reading() as session:
        form.organisation_id.choices = options({row.id: rules.name_of(row) for row in queries.list_organisations(session)})


def _values(form: UserForm) -> dict[str, str]:
    return {name: form[name].data or "" for name in service.FIELDS}


@blueprint.route("/members/people/new", methods=["GET", "POST"])
@requires(Permission.MEMBERS_MANAGE)
def new_user() -> ResponseReturnValue:
    """Make an account and invite its person by mail."""
    require_manage(User())
    form = UserForm()
    _offer_organisations(form)

    def save(session: Session) -> str:
        made = service.create_user(
            session,
            actor=current_actor(),
            now=request_now(),
            organisation_id=UUID(form.organisation_id.data),
            values=_values(form),
        )
        invitations.invite(session, actor=current_actor(), now=request_now(), user_id=made.id)
        return url_for("members.person", user_id=made.id)

    return form_page(
        form, title=_("New person"), back=url_for("members.people"), save=save, creates=True, button=_("Save and invite"),
        hint=_("The person gets a link by mail, valid for seven days, to choose a password."), done=_("Saved and invited."),
    )  # fmt: skip


@blueprint.route("/members/people/<uuid:user_id>/edit", methods=["GET", "POST"])
@requires(Permission.MEMBERS_MANAGE)
def edit_user(user_id: UUID) -> ResponseReturnValue:
    """Correct a person's address, names, position and organisation."""
    with reading() as session:
        found = queries.get_user(session, user_id)
    require_manage(found)
    form = UserForm(obj=found)
    _offer_organisations(form)
    back = url_for("members.person", user_id=user_id)

    def save(session: Session) -> str:
        service.change_user(
            session, actor=current_actor(), now=request_now(), user_id=user_id, organisation_id=UUID(form.organisation_id.data),
            values=_values(form), expected_version=form.expected_version,
        )  # fmt: skip
        return back

    def saved(session: Session) -> dict[str, str]:
        return texts_of(form, queries.get_user(session, user_id), [*service.FIELDS, "organisation_id"])

    hint = _("With a new mail address, links mailed to the former one stop working: send an open invitation again.")
    return form_page(form, title=_("Change the person"), back=back, save=save, saved=saved, hint=hint)


@blueprint.route("/members/people/<uuid:user_id>/disable", methods=["GET", "POST"])
@requires(Permission.MEMBERS_MANAGE)
def disable_user(user_id: UUID) -> ResponseReturnValue:
    """Shut an account; its sessions end at once."""
    with reading() as session:
        found = queries.get_user(session, user_id)
    require_manage(found)
    form = ReasonForm(version=found.version)
    back = url_for("members.person", user_id=user_id)

    def save(session: Session) -> str:
        service.disable_user(
            session, actor=current_actor(), now=request_now(), user_id=user_id, expected_version=form.expected_version,
            reason=form.reason.data,
        )  # fmt: skip
        return back

    return form_page(
        form, title=_("Disable the account of %(name)s", name=rules.name_of(found)), back=back, save=save, warning=True,
        button=_("Disable"), done=_("The account is disabled."), hint=_("The person is signed out everywhere at once."),
    )  # fmt: skip


@blueprint.post("/members/people/<uuid:user_id>/enable")
@requires(Permission.MEMBERS_MANAGE)
def enable_user(user_id: UUID) -> ResponseReturnValue:
    """Open a disabled account again."""
    form = ButtonForm()
    with unit_of_work() as session:
        service.enable_user(
            session, actor=current_actor(), now=request_now(), user_id=user_id, expected_version=form.expected_version
        )
    flash(_("The account is open again."), "success")
    return redirect(url_for("members.person", user_id=user_id), 303)


@blueprint.post("/members/people/<uuid:user_id>/invite")
@requires(Permission.MEMBERS_MANAGE)
def invite(user_id: UUID) -> ResponseReturnValue:
    """Send the invitation again; links sent before stop working."""
    with unit_of_work() as session:
        invitations.invite(session, actor=current_actor(), now=request_now(), user_id=user_id)
    flash(_("The invitation is on its way."), "success")
    return redirect(url_for("members.person", user_id=user_id), 303)


@blueprint.post("/members/invitations/<uuid:invitation_id>/withdraw")
@requires(Permission.MEMBERS_MANAGE)
def withdraw_invitation(invitation_id: UUID) -> ResponseReturnValue:
    """Make an invitation's link stop working."""
    form = ButtonForm()
    with unit_of_work() as session:
        user = invitations.withdraw_invitation(
            session, actor=current_actor(), now=request_now(), invitation_id=invitation_id, expected_version=form.expected_version
        )
    flash(_("The invitation is withdrawn."), "success")
    return redirect(url_for("members.person", user_id=user.id), 303)


def _places(session: Session) -> list[Any]:
    """Return where a role can hold, grouped: everywhere, committees, organisations; values are ``scope:id``."""
    committees = {f"committee:{row.id}": rules.name_of(row) for row in queries.list_committees(session, current_actor())}
    offices = {f"organisation:{row.id}": rules.name_of(row) for row in queries.list_organisations(session)}
    everywhere = {"installation:": _("Everywhere")}
    return options(everywhere, _("Everywhere")) + options(committees, _("Committee")) + options(offices, _("Organisation"))


@blueprint.route("/members/people/<uuid:user_id>/roles/new", methods=["GET", "POST"])
@requires(Permission.MEMBERS_MANAGE)
def new_role(user_id: UUID) -> ResponseReturnValue:
    """Give a person a role."""
    form = RoleForm()
    with reading() as session:
        found = queries.get_user(session, user_id)
        form.where.choices = _places(session)
    require_manage(found)
    back = url_for("members.person", user_id=user_id)

    def save(session: Session) -> str:
        scope, _colon, key = form.where.data.partition(":")
        try:
            service.assign_role(
                session, actor=current_actor(), now=request_now(), user_id=user_id, role=Role(form.role.data), scope=Scope(scope),
                scope_id=UUID(key) if key else None, valid_from=form.valid_from.data, valid_to=form.valid_to.data,
            )  # fmt: skip
        except InvalidInput as fault:
            raise InvalidInput({"where" if name == "role" else name: text for name, text in fault.errors.items()}) from fault
        return back

    hint = _("Administrators hold their role everywhere; chairs in a committee; clerks and executives in an organisation.")
    title = _("New role of %(name)s", name=rules.name_of(found))
    return form_page(form, title=title, back=back, save=save, creates=True, hint=hint)


@blueprint.route("/members/roles/<uuid:assignment_id>/edit", methods=["GET", "POST"])
@requires(Permission.MEMBERS_MANAGE)
def edit_role(assignment_id: UUID) -> ResponseReturnValue:
    """Change the first and last day of a role."""
    with reading() as session:
        found = queries.get_row(session, RoleAssignment, "role_assignment", assignment_id)
    require_manage(found)
    form = TermForm(obj=found)
    back = url_for("members.person", user_id=found.user_id)

    def save(session: Session) -> str:
        service.change_role_term(
            session, actor=current_actor(), now=request_now(), assignment_id=assignment_id, valid_from=form.valid_from.data,
            valid_to=form.valid_to.data, expected_version=form.expected_version,
        )  # fmt: skip
        return back

    def saved(session: Session) -> dict[str, str]:
        row = queries.get_row(session, RoleAssignment, "role_assignment", assignment_id)
        return texts_of(form, row, ["valid_from", "valid_to"])

    title = _("Term of the role: %(role)s", role=str(labels.ROLES[found.role]))
    return form_page(form, title=title, back=back, save=save, saved=saved)


@blueprint.route("/members/roles/<uuid:assignment_id>/remove", methods=["GET", "POST"])
@requires(Permission.MEMBERS_MANAGE)
def remove_role(assignment_id: UUID) -> ResponseReturnValue:
    """Take a role back at once."""
    with reading() as session:
        found = queries.get_row(session, RoleAssignment, "role_assignment", assignment_id)
    require_manage(found)
    form = ReasonForm(version=found.version)
    back = url_for("members.person", user_id=found.user_id)

    def save(session: Session) -> str:
        service.remove_role(
            session, actor=current_actor(), now=request_now(), assignment_id=assignment_id, expected_version=form.expected_version,
            reason=form.reason.data,
        )  # fmt: skip
        return back

    title = _("Take the role back: %(role)s", role=str(labels.ROLES[found.role]))
    return form_page(
        form, title=title, back=back, save=save, button=_("Take back"), warning=True, done=_("The role is taken back.")
    )
