"""A person's own account: language, password, sessions, second factor."""

from typing import Any
from uuid import UUID

import segno
from flask import flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from collab.kernel.errors import InvalidInput, NotAllowed
from collab.kernel.i18n import _
from collab.members import account_queries, address_queries, labels, queries
from collab.members.forms import ButtonForm, ChangePasswordForm, OwnPasswordForm, PreferencesForm, SecondFactorForm
from collab.members.routes.base import blueprint
from collab.members.routes.session import vault
from collab.members.routes.sign_in import attempt_limits, limited, too_many
from collab.members.service import passwords, people, second_factor
from collab.members.service import sign_in as service
from collab.web.context import current_actor, reading, request_now, unit_of_work
from collab.web.routing import signed_in


def _self() -> UUID:
    user_id = current_actor().user_id
    if user_id is None:
        raise NotAllowed
    return user_id


@blueprint.get("/account")
@signed_in
def account() -> ResponseReturnValue:
    """Show the person's own account."""
    now = request_now()
    with reading() as opened:
        user = queries.get_user(opened, _self())
        organisation = queries.organisation_names(opened, [user.organisation_id])[user.organisation_id]
        roles = account_queries.roles_of(opened, user.id)
        places = queries.place_names(opened, roles)
        sessions = account_queries.list_sessions(opened, user.id, now)
        codes_left = account_queries.recovery_codes_left(opened, user.id) if user.has_second_factor else 0
        absences = queries.list_absences(opened, user.id)
        flag = address_queries.find_flag(opened, user.id)
    preferences = PreferencesForm(formdata=None, locale=user.locale, has_compact_tables=user.has_compact_tables)
    return render_template(
        "members/account.html", user=user, organisation=organisation, roles=roles, places=places, sessions=sessions,
        codes_left=codes_left, preferences=preferences, button=ButtonForm(formdata=None), session_id=g.get("session_id"),
        absences=absences, labels=labels, flag=flag,
    )  # fmt: skip


@blueprint.post("/account/preferences")
@signed_in
def preferences() -> ResponseReturnValue:
    """Keep language and density of tables; the language counts in this browser too."""
    form = PreferencesForm()
    if form.validate():
        with unit_of_work() as opened:
            people.change_preferences(
                opened, actor=current_actor(), now=request_now(), locale=form.locale.data,
                has_compact_tables=bool(form.has_compact_tables.data),
            )  # fmt: skip
        return redirect(url_for("web.set_language", locale=form.locale.data, next=url_for("members.account")), 303)
    return render_template("members/form.html", form=form, title=_("Language and tables"), back=url_for("members.account"),
                           saved={}, button=_("Save")), 422  # fmt: skip


def _confirmed(form: Any, name: str) -> tuple[bool, int]:
    """Say whether the field ``name`` holds the person's present password, and after how many minutes one may try again.

    Wrong ones count, so that who finds a browser signed in cannot guess the password here.
    """

    def attempt() -> bool:
        with reading() as opened:
            passwords.check_own_password(opened, actor=current_actor(), password=form[name].data, field=name)
        return True

    try:
        return limited(attempt_limits(f"own {_self()}"), attempt)
    except InvalidInput as fault:
        form.put_errors(fault.errors)
        return False, 0


@blueprint.route("/account/password", methods=["GET", "POST"])
@signed_in
def change_password() -> ResponseReturnValue:
    """Change the password; the other sessions end."""
    form = ChangePasswordForm()
    if request.method == "GET":
        return render_template("members/change_password.html", form=form)
    if not form.validate():
        return render_template("members/change_password.html", form=form), 422
    confirmed, minutes = _confirmed(form, "current")
    if minutes:
        return too_many(minutes)
    if confirmed and _change_password(form):
        flash(_("The password is changed. Your other sessions were signed out."), "success")
        return redirect(url_for("members.account"), 303)
    return render_template("members/change_password.html", form=form), 422


def _change_password(form: ChangePasswordForm) -> bool:
    try:
        with unit_of_work() as opened:
            passwords.change_password(
                opened, actor=current_actor(), now=request_now(), session_id=g.get("session_id"), current=form.current.data,
                password=form.password.data,
            )  # fmt: skip
    except InvalidInput as fault:
        form.put_errors(fault.errors)
        return False
    return True


@blueprint.post("/account/sessions/<uuid:session_id>/end")
@signed_in
def end_session(session_id: UUID) -> ResponseReturnValue:
    """Sign one of the person's own browsers out."""
    with unit_of_work() as opened:
        service.end_session(opened, actor=current_actor(), now=request_now(), session_id=session_id)
    flash(_("That session was signed out."), "success")
    return redirect(url_for("members.account"), 303)


@blueprint.post("/account/sessions/end-all")
@signed_in
def end_all_sessions() -> ResponseReturnValue:
    """Sign every browser of the person out, this one too."""
    with unit_of_work() as opened:
        service.end_all_sessions(opened, user_id=_self(), now=request_now())
    session.clear()
    flash(_("You are signed out everywhere."), "success")
    return redirect(url_for("members.sign_in"), 303)


@blueprint.route("/account/second-factor", methods=["GET", "POST"])
@signed_in
def second_factor_setup() -> ResponseReturnValue:
    """Show the QR code and take the first code of the telephone, with the password."""
    form = SecondFactorForm()
    status = 200
    if request.method == "POST":
        status = 422
        confirmed, minutes = _confirmed(form, "password") if form.validate() else (False, 0)
        if minutes:
            return too_many(minutes)
        if confirmed:
            try:
                with unit_of_work() as opened:
                    codes = second_factor.confirm(
                        opened,
                        actor=current_actor(),
                        now=request_now(),
                        vault=vault(),
                        code=form.code.data,
                        password=form.password.data,
                    )
                return render_template("members/recovery_codes.html", codes=codes)
            except InvalidInput as fault:
                form.put_errors(fault.errors)
    with unit_of_work() as opened:
        user = queries.get_user(opened, _self())
        secret = second_factor.prepare(opened, actor=current_actor(), vault=vault())
    picture = segno.make(second_factor.address_of(secret, user.email), micro=False).svg_data_uri(scale=5, border=4)
    groups = " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
    return render_template("members/second_factor.html", form=form, picture=picture, secret=groups), status


@blueprint.route("/account/second-factor/codes", methods=["GET", "POST"])
@signed_in
def recovery_codes() -> ResponseReturnValue:
    """Replace the recovery codes, after the password."""
    form = OwnPasswordForm()
    view = {"title": _("New recovery codes"), "button": _("Make new codes"), "hint": _("The codes you have now stop working.")}
    if request.method == "GET":
        return _password_page(form, view)
    confirmed, minutes = _confirmed(form, "password") if form.validate() else (False, 0)
    if minutes:
        return too_many(minutes)
    if not confirmed:
        return _password_page(form, view, 422)
    with unit_of_work() as opened:
        codes = second_factor.renew_codes(
            opened, actor=current_actor(), now=request_now(), vault=vault(), password=form.password.data
        )
    return render_template("members/recovery_codes.html", codes=codes)


@blueprint.route("/account/second-factor/off", methods=["GET", "POST"])
@signed_in
def second_factor_off() -> ResponseReturnValue:
    """Switch the second factor off, after the password."""
    form = OwnPasswordForm()
    view = {
        "title": _("Switch the second factor off"), "button": _("Switch off"), "warning": True,
        "hint": _("Your account is then protected by the password alone."),
    }  # fmt: skip
    if request.method == "GET":
        return _password_page(form, view)
    confirmed, minutes = _confirmed(form, "password") if form.validate() else (False, 0)
    if minutes:
        return too_many(minutes)
    if not confirmed:
        return _password_page(form, view, 422)
    with unit_of_work() as opened:
        second_factor.switch_off(opened, actor=current_actor(), now=request_now(), password=form.password.data)
    flash(_("The second factor is off."), "success")
    return redirect(url_for("members.account"), 303)


def _password_page(form: OwnPasswordForm, view: dict[str, Any], status: int = 200) -> ResponseReturnValue:
    return render_template("members/form.html", form=form, back=url_for("members.account"), saved={}, **view), status
