"""The second factor: time-based codes (RFC 6238) from a telephone, and recovery codes for the day it is lost."""

import hmac
from datetime import datetime
from uuid import UUID

import pyotp
import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab import history
from collab.kernel.access import Actor
from collab.kernel.dates import to_ascii_digits
from collab.kernel.errors import InvalidInput, StateConflict
from collab.kernel.events import publish
from collab.kernel.i18n import _
from collab.members import account_queries
from collab.members.events import RecoveryCodeUsed, SecondFactorChanged
from collab.members.models import Credential, RecoveryCode, User
from collab.members.queries import lock_row
from collab.members.secrecy import RECOVERY_CODES, Vault, new_recovery_code
from collab.members.service.passwords import check_own_password
from collab.members.service.sign_in import end_all_sessions

STEP_SECONDS = 30
ISSUER = "Collab"


def prepare(session: Session, *, actor: Actor, vault: Vault, renew: bool = False) -> str:
    """Return the Base32 secret to be put into the telephone, made at the first call and kept sealed until a code confirms it.

    Raises StateConflict when a second factor is in use already.
    """
    credential = _credential(session, actor)
    if credential.totp_secret is not None:
        raise StateConflict(_("A second factor is in use already."))
    known = vault.open(credential.totp_pending) if credential.totp_pending and not renew else None
    if known is not None:
        return known
    secret = pyotp.random_base32()
    credential.totp_pending = vault.seal(secret)
    return secret


def address_of(secret: str, email: str) -> str:
    """Return the otpauth:// address that the QR code carries."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def confirm(session: Session, *, actor: Actor, now: datetime, vault: Vault, code: str, password: str) -> list[str]:
    """Switch the second factor on with the first code; return ten recovery codes, which are shown this once.

    Raises InvalidInput on ``code`` or ``password``, StateConflict when none was prepared.
    """
    check_own_password(session, actor=actor, password=password)
    credential = _credential(session, actor)
    secret = vault.open(credential.totp_pending) if credential.totp_pending else None
    if secret is None or credential.totp_secret is not None:
        raise StateConflict(_("Begin again: this second factor was set up or left meanwhile."))
    step = _matching_step(secret, code, now, None)
    if step is None:
        raise InvalidInput({"code": _("The code is not right. Check the clock of the telephone and use the newest code.")})
    credential.totp_secret, credential.totp_pending, credential.totp_last_step = credential.totp_pending, None, step
    _record(session, actor, now, enabled=True)
    return _new_codes(session, credential, vault)


def check_code(session: Session, *, user: User, now: datetime, vault: Vault, code: str) -> bool:
    """Say whether ``code`` is the person's present code or an unused recovery code; either works once."""
    credential = account_queries.lock_credential(session, user.id)
    if credential is None or credential.totp_secret is None:
        return False
    secret = vault.open(credential.totp_secret)
    step = _matching_step(secret, code, now, credential.totp_last_step) if secret else None
    if step is not None:
        credential.totp_last_step = step
        return True
    return _use_recovery_code(session, user, now, vault, code)


def renew_codes(session: Session, *, actor: Actor, now: datetime, vault: Vault, password: str) -> list[str]:
    """Replace the recovery codes; return the new ones. Raises InvalidInput on ``password``, StateConflict without second factor."""
    check_own_password(session, actor=actor, password=password)
    credential = _credential(session, actor)
    if credential.totp_secret is None:
        raise StateConflict(_("No second factor is in use."))
    user = lock_row(session, User, "user", credential.user_id)
    with history.act(session, verb="user.recovery_codes_renewed", actor=actor, now=now, subject=user):
        pass
    return _new_codes(session, credential, vault)


def switch_off(session: Session, *, actor: Actor, now: datetime, password: str) -> None:
    """Switch the actor's second factor off. Raises InvalidInput on ``password``."""
    check_own_password(session, actor=actor, password=password)
    credential = _credential(session, actor)
    if credential.totp_secret is None:
        return
    credential.totp_secret = credential.totp_pending = credential.totp_last_step = None
    session.execute(sa.delete(RecoveryCode).where(RecoveryCode.user_id == credential.user_id))
    _record(session, actor, now, enabled=False)


def take_off(session: Session, *, actor: Actor, now: datetime, user_id: UUID) -> bool:
    """Switch somebody's second factor off whose telephone and recovery codes are lost; return whether one was in use.

    Not reachable from the web: who sits at the console has made sure who asks. Sessions of the account end. Raises NotFound.
    """
    user = lock_row(session, User, "user", user_id)
    credential = account_queries.lock_credential(session, user_id)
    if credential is None or credential.totp_secret is None:
        return False
    credential.totp_secret = credential.totp_pending = credential.totp_last_step = None
    session.execute(sa.delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    with history.act(session, verb="user.second_factor_disabled", actor=actor, now=now, subject=user):
        user.has_second_factor = False
    end_all_sessions(session, user_id=user_id, now=now)
    publish(session, SecondFactorChanged(user_id, False, now))
    return True


def _credential(session: Session, actor: Actor) -> Credential:
    found = account_queries.lock_credential(session, actor.user_id) if actor.user_id else None
    if found is None:
        raise StateConflict(_("Only a person has a password."))
    return found


def _record(session: Session, actor: Actor, now: datetime, *, enabled: bool) -> None:
    assert actor.user_id is not None
    user = lock_row(session, User, "user", actor.user_id)
    verb = "user.second_factor_enabled" if enabled else "user.second_factor_disabled"
    with history.act(session, verb=verb, actor=actor, now=now, subject=user):
        user.has_second_factor = enabled
    publish(session, SecondFactorChanged(user.id, enabled, now))


def _matching_step(secret: str, code: str, now: datetime, last_step: int | None) -> int | None:
    """Return the time step whose code this is: the present one or a neighbour, and later than the last one used."""
    given = to_ascii_digits("".join(code.split()))
    if not (given.isascii() and given.isdigit() and len(given) == 6):
        return None
    totp, present = pyotp.TOTP(secret), int(now.timestamp()) // STEP_SECONDS
    for step in (present, present - 1, present + 1):
        if hmac.compare_digest(totp.generate_otp(step), given) and (last_step is None or step > last_step):
            return step
    return None


def _new_codes(session: Session, credential: Credential, vault: Vault) -> list[str]:
    session.execute(sa.delete(RecoveryCode).where(RecoveryCode.user_id == credential.user_id))
    codes = [new_recovery_code() for _number in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(user_id=credential.user_id, code_hash=_code_hash(vault, credential, code)) for code in codes)
    return codes


def _code_hash(vault: Vault, credential: Credential, code: str) -> bytes:
    return vault.keyed_hash(f"recovery {credential.user_id} {code.strip().lower().replace('-', '')}")


def _use_recovery_code(session: Session, user: User, now: datetime, vault: Vault, code: str) -> bool:
    wanted = vault.keyed_hash(f"recovery {user.id} {''.join(code.split()).lower().replace('-', '')}")
    used = session.execute(
        sa.update(RecoveryCode)
        .where(RecoveryCode.user_id == user.id, RecoveryCode.code_hash == wanted, RecoveryCode.used_at.is_(None))
        .values(used_at=now)
        .returning(RecoveryCode.id)
    ).one_or_none()
    if used is None:
        return False
    publish(session, RecoveryCodeUsed(user.id, account_queries.recovery_codes_left(session, user.id), now))
    return True
