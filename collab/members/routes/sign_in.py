"""Pages before signing in: password, second factor, forgotten password, invitation."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import flash, g, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from collab.kernel.errors import InvalidInput, StateConflict
from collab.kernel.i18n import _, ngettext
from collab.kernel.text import fold
from collab.members import account_queries, queries
from collab.members.forms import ButtonForm, CodeForm, ForgotForm, NewPasswordForm, SignInForm
from collab.members.models import User
from collab.members.routes.base import blueprint
from collab.members.routes.session import begin, end, vault
from collab.members.secrecy import token_hash
from collab.members.service import invitations, passwords, rate_limit, second_factor
from collab.members.service import sign_in as service
from collab.web.context import find_actor, reading, request_now, settings, unit_of_work
from collab.web.errors import answer
from collab.web.routing import local_path, public, signed_in

#: Between the password and the code of the second factor.
HALF_WAY = timedelta(minutes=5)
_PENDING = "half_signed_in"
RESETS_PER_ACCOUNT = 3


def attempt_limits(account: str, what: str = "sign-in") -> dict[bytes, int]:
    """Return the buckets in which an attempt counts, with their limits: one for the account, one for the address."""
    limit: int = settings().sign_in_limit
    return {
        vault().keyed_hash(f"{what} account {account}"): limit if what == "sign-in" else min(limit, RESETS_PER_ACCOUNT),
        vault().keyed_hash(f"{what} address {request.remote_addr}"): limit * rate_limit.ADDRESS_FACTOR,
    }


def limited(buckets: dict[bytes, int], attempt: Callable[[], bool]) -> tuple[bool, int]:
    """Try ``attempt`` unless too many were made; return whether it succeeded and after how many minutes one may try again."""
    now = request_now()
    with unit_of_work() as opened:
        charged = rate_limit.charge(opened, now=now, buckets=buckets)
    with reading() as opened:
        minutes = rate_limit.minutes_to_wait(opened, now=now, buckets=buckets)
    succeeded = minutes == 0 and attempt()
    if minutes or succeeded:
        with unit_of_work() as opened:
            rate_limit.refund(opened, charged)
            if succeeded:
                rate_limit.forgive(opened, account=next(iter(buckets)))
                rate_limit.prune(opened, now=now)
    return succeeded, minutes


def too_many(minutes: int) -> ResponseReturnValue:
    """Return the page that says when one may try again."""
    text = ngettext(
        "Too many attempts. Try again in %(num)s minute.", "Too many attempts. Try again in %(num)s minutes.", minutes
    )
    response = make_response(answer(429, text))
    response.headers["Retry-After"] = str(minutes * 60)
    return response


@blueprint.route("/sign-in", methods=["GET", "POST"])
@public
def sign_in() -> ResponseReturnValue:
    """Take mail address and password; whatever is wrong, the answer is the same."""
    onward = local_path(request.args.get("next"))
    form = SignInForm()
    if request.method == "GET":
        if find_actor() is not None:
            return redirect(onward or url_for("web.root"), 303)
        return render_template("members/sign_in.html", form=form)
    if not form.validate():
        return render_template("members/sign_in.html", form=form), 422
    found: list[User] = []

    def attempt() -> bool:
        with unit_of_work() as opened:
            user = service.check_password(opened, email=form.email.data, password=form.password.data)
        found.extend([user] if user else [])
        return bool(found)

    succeeded, minutes = limited(attempt_limits(fold(form.email.data)), attempt)
    if minutes:
        return too_many(minutes)
    if not succeeded:
        form.form_errors.append(_("The mail address or the password is not right."))
        return render_template("members/sign_in.html", form=form), 422
    return _after_password(found[0], onward)


def _after_password(user: User, onward: str | None) -> ResponseReturnValue:
    if not user.has_second_factor:
        begin(user.id, assurance=1)
        return redirect(onward or url_for("web.root"), 303)
    session[_PENDING] = {
        "user": str(user.id), "at": int(request_now().timestamp()), "next": onward, "seal": _password_seal(user.id)
    }  # fmt: skip
    return redirect(url_for("members.sign_in_code"), 303)


def _password_seal(user_id: UUID) -> str:
    """Return a mark of the password in force, so that a changed password ends what was begun with the old one."""
    with reading() as opened:
        credential = account_queries.find_credential(opened, user_id)
    return hashlib.sha256(((credential and credential.password_hash) or "").encode()).hexdigest()[:16]


def _half_signed_in() -> dict[str, Any] | None:
    pending = session.get(_PENDING)
    if not isinstance(pending, dict):
        return None
    if request_now().timestamp() - pending["at"] > HALF_WAY.total_seconds():
        return None
    return pending if pending["seal"] == _password_seal(UUID(pending["user"])) else None


@blueprint.route("/sign-in/code", methods=["GET", "POST"])
@public
def sign_in_code() -> ResponseReturnValue:
    """Take the code of the second factor, or a recovery code."""
    pending = _half_signed_in()
    if pending is None:
        session.pop(_PENDING, None)
        flash(_("Please sign in again."), "info")
        return redirect(url_for("members.sign_in"), 303)
    form = CodeForm()
    if request.method == "GET":
        return render_template("members/sign_in_code.html", form=form)
    if not form.validate():
        return render_template("members/sign_in_code.html", form=form), 422
    user_id = UUID(pending["user"])

    def attempt() -> bool:
        with unit_of_work() as opened:
            user = queries.get_user(opened, user_id)
            return second_factor.check_code(opened, user=user, now=request_now(), vault=vault(), code=form.code.data)

    succeeded, minutes = limited(attempt_limits(f"code {user_id}"), attempt)
    if minutes:
        return too_many(minutes)
    if not succeeded:
        form.put_errors({"code": _("This code is not right, or it was used before.")})
        return render_template("members/sign_in_code.html", form=form), 422
    onward = local_path(pending.get("next"))
    begin(user_id, assurance=2)
    return redirect(onward or url_for("web.root"), 303)


@blueprint.post("/sign-out")
@signed_in
def sign_out() -> ResponseReturnValue:
    """End this browser's session."""
    if ButtonForm().validate():
        end()
        flash(_("You are signed out."), "success")
        return redirect(url_for("members.sign_in"), 303)
    return redirect(url_for("web.root"), 303)


@blueprint.route("/password/forgotten", methods=["GET", "POST"])
@public
def forgotten() -> ResponseReturnValue:
    """Send a link for a new password; the answer is the same whether somebody has this address or not."""
    form = ForgotForm()
    if request.method == "GET":
        return render_template("members/forgotten.html", form=form, sent=False)
    if not form.validate():
        return render_template("members/forgotten.html", form=form, sent=False), 422
    now, buckets = request_now(), attempt_limits(fold(form.email.data), "reset")
    account, address = ({bucket: limit} for bucket, limit in buckets.items())
    with unit_of_work() as opened:
        rate_limit.charge(opened, now=now, buckets=buckets)
    with unit_of_work() as opened:
        minutes = rate_limit.minutes_to_wait(opened, now=now, buckets=address)
        # One account's own limit is kept without a word: nobody needs a fourth link, and the answer stays the same.
        if not minutes and not rate_limit.minutes_to_wait(opened, now=now, buckets=account):
            passwords.request_reset(opened, now=now, email=form.email.data)
    if minutes:
        return too_many(minutes)
    return render_template("members/forgotten.html", form=form, sent=True)


@blueprint.route("/password/reset/<token>", methods=["GET", "POST"])
@public
def reset(token: str) -> ResponseReturnValue:
    """Take the new password of a mailed link."""
    with reading() as opened:
        works = account_queries.find_reset(opened, token_hash(token), request_now()) is not None

    def save(form: NewPasswordForm) -> None:
        with unit_of_work() as opened:
            passwords.reset_password(
                opened, now=request_now(), token=token, password=form.password.data, request_id=g.get("request_id", "")
            )

    return _new_password(works, save, _("Choose a new password"))


@blueprint.route("/invitation/<token>", methods=["GET", "POST"])
@public
def invitation(token: str) -> ResponseReturnValue:
    """Take the first password of an invited person."""
    with reading() as opened:
        works = account_queries.find_invitation(opened, token_hash(token), request_now()) is not None

    def save(form: NewPasswordForm) -> None:
        with unit_of_work() as opened:
            invitations.accept_invitation(
                opened, now=request_now(), token=token, password=form.password.data, request_id=g.get("request_id", "")
            )

    return _new_password(works, save, _("Welcome: choose a password"))


def _new_password(works: bool, save: Callable[[NewPasswordForm], None], title: str) -> ResponseReturnValue:
    """Answer a one-time link: its form, or 410 and in plain words that it no longer works."""
    if not works:
        return render_template("members/link_expired.html"), 410
    form = NewPasswordForm()
    if request.method == "GET":
        return render_template("members/new_password.html", form=form, title=title)
    if not form.validate():
        return render_template("members/new_password.html", form=form, title=title), 422
    try:
        save(form)
    except InvalidInput as fault:
        form.put_errors(fault.errors)
        return render_template("members/new_password.html", form=form, title=title), 422
    except StateConflict:
        return render_template("members/link_expired.html"), 410
    session.clear()
    flash(_("The password is set. Sign in with it."), "success")
    return redirect(url_for("members.sign_in"), 303)
