"""Tables of people: accounts, roles, sessions, and the one-time links that make or recover an account."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from collab.history import Tracked
from collab.kernel.access import Role, Scope
from collab.kernel.db import Base, Keyed, Versioned, clear_text, code_column

_SECRET = {"untracked": True}


class User(Keyed, Versioned, Base):
    """A person who can sign in. Secrets never enter the history; names and addresses only as commitments."""

    __tablename__ = "user_account"
    __tracked__ = Tracked(kind="user", stream=lambda row: ("user", row.id))
    __table_args__ = (sa.Index("uq_user_account_email_folded", sa.text("lower(email)"), unique=True),)

    email: Mapped[str]
    name_th: Mapped[str]
    name_en: Mapped[str]
    position: Mapped[str]
    organisation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organisation.id"))
    locale: Mapped[str] = mapped_column(default="th", info=_SECRET)
    has_compact_tables: Mapped[bool] = mapped_column(default=False, info=_SECRET)
    has_second_factor: Mapped[bool] = mapped_column(default=False)
    disabled_at: Mapped[datetime | None]


class AddressFlag(Keyed, Versioned, Base):
    """That mail to a person's address came back for good: no mail goes there until somebody confirms the address again.

    At most one is open for a person. It counts only while the person still has the address that it names.
    """

    __tablename__ = "address_flag"
    __tracked__ = Tracked(kind="address_flag", stream=lambda row: ("user", row.user_id))
    __table_args__ = (
        sa.Index("uq_address_flag_open", "user_id", unique=True, postgresql_where=sa.text("confirmed_at IS NULL")),
        sa.Index("ix_address_flag_flagged_at", "flagged_at", "id", postgresql_where=sa.text("confirmed_at IS NULL")),
    )

    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    address: Mapped[str]
    #: The enhanced status code of the failure (RFC 3463), for example 5.1.1.
    status: Mapped[str] = clear_text()
    flagged_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    confirmed_by_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("user_account.id"))


class Credential(Base):
    """What a person signs in with. A table of its own, so that no secret ever passes through a tracked row."""

    __tablename__ = "credential"

    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"), primary_key=True)
    #: argon2id; None until the invitation is accepted.
    password_hash: Mapped[str | None]
    #: Base32 secret, encrypted with a key derived from the installation's; None: no second factor.
    totp_secret: Mapped[str | None]
    #: A secret that was shown but not confirmed by a code yet.
    totp_pending: Mapped[str | None]
    #: The last time step accepted, so that a code works once.
    totp_last_step: Mapped[int | None] = mapped_column(sa.BigInteger)


class RoleAssignment(Keyed, Versioned, Base):
    """A role of a user within a scope, from a day to a day. ``scope_id`` is None for the installation."""

    __tablename__ = "role_assignment"
    __tracked__ = Tracked(kind="role_assignment", stream=lambda row: ("user", row.user_id))
    __table_args__ = (
        sa.Index("ix_role_assignment_user_id", "user_id"),
        sa.Index("ix_role_assignment_scope_id_role", "scope_id", "role"),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="term_ordered"),
        sa.CheckConstraint("(scope = 'installation') = (scope_id IS NULL)", name="scope_named"),
    )

    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    role: Mapped[Role] = code_column(Role)
    scope: Mapped[Scope] = code_column(Scope)
    scope_id: Mapped[UUID | None]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    #: Taken back at once, or entered by mistake; still told by the history.
    removed_at: Mapped[datetime | None]


class UserSession(Keyed, Base):
    """A signed-in browser. Its token is kept only as a hash; revoking the row signs it out."""

    __tablename__ = "user_session"
    __table_args__ = (sa.Index("ix_user_session_user_id", "user_id"),)

    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    assurance: Mapped[int]
    #: "Chromium on Linux": what the person recognises a session by.
    device: Mapped[str]


class RecoveryCode(Keyed, Base):
    """A one-time code that replaces the second factor; kept as a hash."""

    __tablename__ = "recovery_code"
    __table_args__ = (sa.Index("ix_recovery_code_user_id", "user_id"),)

    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    code_hash: Mapped[bytes]
    used_at: Mapped[datetime | None]


class SignInAttempt(Keyed, Base):
    """A failed sign-in, counted per address hash and per account hash; pruned after a day. Works across processes and hosts."""

    __tablename__ = "sign_in_attempt"
    __table_args__ = (sa.Index("ix_sign_in_attempt_bucket_tried_at", "bucket", "tried_at"),)

    bucket: Mapped[bytes]
    tried_at: Mapped[datetime]


class Invitation(Keyed, Versioned, Base):
    """An invitation by mail to take up an account; valid until it expires, is accepted or withdrawn."""

    __tablename__ = "invitation"
    __tracked__ = Tracked(kind="invitation", stream=lambda row: ("user", row.user_id))
    __table_args__ = (sa.Index("ix_invitation_user_id", "user_id"),)

    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    token_hash: Mapped[bytes] = mapped_column(unique=True, info=_SECRET)
    invited_by_id: Mapped[UUID | None]
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]


class PasswordReset(Keyed, Base):
    """A one-time link to set a new password; the token is kept as a hash."""

    __tablename__ = "password_reset"
    __table_args__ = (sa.Index("ix_password_reset_user_id", "user_id"),)

    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
