"""Reactions to what happens to accounts: each tells the person, some with a one-time link that is only ever mailed."""

from sqlalchemy.orm import Session

from collab.kernel.events import subscribe
from collab.kernel.i18n import LazyText, _, lazy, speaking
from collab.members.events import (
    InvitationSent,
    PasswordChanged,
    PasswordResetRequested,
    RecoveryCodeUsed,
    SecondFactorChanged,
)
from collab.members.models import User
from collab.notices.service import queue_message


def install() -> None:
    """Subscribe."""
    subscribe(PasswordResetRequested)(mail_reset_link)
    subscribe(InvitationSent)(mail_invitation)
    subscribe(PasswordChanged)(tell_password_changed)
    subscribe(SecondFactorChanged)(tell_second_factor)
    subscribe(RecoveryCodeUsed)(tell_recovery_code)


def mail_reset_link(session: Session, event: PasswordResetRequested) -> None:
    """Mail the link to set a new password."""
    user = session.get_one(User, event.user_id)
    with speaking(user.locale):
        queue_message(
            session, now=event.now, recipient_id=user.id, kind="password_reset", subject=_("Set a new password"),
            text=_("Somebody, probably you, asked for a new password. The link works once, for one hour. If it was not you, do nothing."),
            url=event.path, secret=True,
        )  # fmt: skip


def mail_invitation(session: Session, event: InvitationSent) -> None:
    """Mail the link to take up the account."""
    user = session.get_one(User, event.user_id)
    with speaking(user.locale):
        queue_message(
            session, now=event.now, recipient_id=user.id, kind="invitation", subject=_("Invitation to Collab"),
            text=_("You are invited to work with your committee in Collab. The link works once, for seven days."),
            url=event.path, secret=True,
        )  # fmt: skip


def tell_password_changed(session: Session, event: PasswordChanged) -> None:
    """Tell the person that the password was changed."""
    _tell(session, event, _SUBJECTS["password"])


def tell_second_factor(session: Session, event: SecondFactorChanged) -> None:
    """Tell the person that the second factor was switched on or off."""
    _tell(session, event, _SUBJECTS["factor_on" if event.enabled else "factor_off"])


def tell_recovery_code(session: Session, event: RecoveryCodeUsed) -> None:
    """Tell the person that a recovery code was used."""
    _tell(session, event, _SUBJECTS["recovery"])


_SUBJECTS = {
    "password": lazy("Your password was changed"),
    "factor_on": lazy("The second factor was switched on"),
    "factor_off": lazy("The second factor was switched off"),
    "recovery": lazy("A recovery code was used to sign in"),
}


def _tell(session: Session, event: PasswordChanged | SecondFactorChanged | RecoveryCodeUsed, subject: LazyText) -> None:
    user = session.get_one(User, event.user_id)
    with speaking(user.locale):
        queue_message(
            session, now=event.now, recipient_id=user.id, kind="account", subject=str(subject), url="/account", urgent=True,
            text=_("If it was not you, change your password at once and tell your coordinator."),
        )  # fmt: skip
