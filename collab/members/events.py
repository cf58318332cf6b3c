"""What happened to an account, for those who send mail about it. Tokens stay out of ``repr``, so no log can hold one."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


def invitation_path(token: str) -> str:
    """Return the path of the page that takes an invited person's first password."""
    return f"/invitation/{token}"


@dataclass(frozen=True)
class PasswordResetRequested:
    """Somebody asked for a new password of ``user_id``; ``path`` is the one-time page, valid until ``expires_at``."""

    user_id: UUID
    token: str = field(repr=False)
    now: datetime
    expires_at: datetime

    @property
    def path(self) -> str:
        """The path of the page that takes the new password."""
        return f"/password/reset/{self.token}"


@dataclass(frozen=True)
class InvitationSent:
    """``user_id`` was invited to take up an account; ``path`` is the one-time page, valid until ``expires_at``."""

    user_id: UUID
    token: str = field(repr=False)
    now: datetime
    expires_at: datetime

    @property
    def path(self) -> str:
        """The path of the page that takes the first password."""
        return invitation_path(self.token)


@dataclass(frozen=True)
class PasswordChanged:
    """The password of ``user_id`` was changed: by the person when signed in, or by a link."""

    user_id: UUID
    now: datetime


@dataclass(frozen=True)
class SecondFactorChanged:
    """The second factor of ``user_id`` was switched on or off."""

    user_id: UUID
    enabled: bool
    now: datetime


@dataclass(frozen=True)
class RecoveryCodeUsed:
    """``user_id`` signed in with a recovery code; ``left`` of them are left."""

    user_id: UUID
    left: int
    now: datetime


@dataclass(frozen=True)
class AccountDisabled:
    """``user_id`` can no longer sign in."""

    user_id: UUID
    now: datetime
