"""Pure decisions about names, dated rows, seats, roles and passwords."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from collab.kernel import i18n
from collab.kernel.access import Role, Scope
from collab.kernel.text import fold


class Named(Protocol):
    """Anything with a Thai and an English name."""

    name_th: str
    name_en: str


def name_of(row: Named) -> str:
    """Return the row's name in the language in force; the Thai one when it has no English name."""
    return row.name_en or row.name_th if i18n.get_locale() == "en" else row.name_th or row.name_en


@dataclass(frozen=True)
class SeatInfo:
    """A seat on a day: whose it is, in what capacity, with what vote, and who holds it ('' and None: nobody)."""

    seat_id: UUID
    organisation_id: UUID
    organisation_name: str
    capacity: str
    is_voting: bool
    weight: Decimal
    holder_name: str
    holder_user_id: UUID | None


def is_in_force(valid_from: date | None, valid_to: date | None, day: date) -> bool:
    """Say whether a dated row holds on ``day``; both ends count, None is open."""
    return (valid_from is None or valid_from <= day) and (valid_to is None or day <= valid_to)


def overlap(first: tuple[date, date | None], second: tuple[date, date | None]) -> bool:
    """Say whether two terms share a day; an end of None is open."""
    return (second[1] is None or first[0] <= second[1]) and (first[1] is None or second[0] <= first[1])


def is_ordered(valid_from: date | None, valid_to: date | None) -> bool:
    """Say whether a term ends no earlier than it begins."""
    return valid_from is None or valid_to is None or valid_to >= valid_from


#: In which scopes a role can be given: an administrator is one of the installation, a clerk one of an organisation.
ROLE_SCOPES: dict[Role, tuple[Scope, ...]] = {
    Role.ADMINISTRATOR: (Scope.INSTALLATION,),
    Role.AUDITOR: (Scope.INSTALLATION, Scope.COMMITTEE),
    Role.CHAIR: (Scope.COMMITTEE,),
    Role.CLERK: (Scope.ORGANISATION,),
    Role.COORDINATOR: (Scope.INSTALLATION, Scope.COMMITTEE),
    Role.EXECUTIVE: (Scope.ORGANISATION,),
}


def is_role_scope(role: Role, scope: Scope) -> bool:
    """Say whether ``role`` can be held in ``scope``."""
    return scope in ROLE_SCOPES[role]


PASSWORD_LEAST = 12
#: argon2 reads all of it, so a limit only keeps a request from costing seconds.
PASSWORD_MOST = 200


class PasswordFault(StrEnum):
    """Why a new password is refused (NIST SP 800-63B: length and known words, no rules about kinds of characters)."""

    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    COMMON = "common"
    PERSONAL = "personal"
    MONOTONOUS = "monotonous"


_COMMON_STEMS = (
    "password", "passw0rd", "p@ssword", "p@ssw0rd", "qwerty", "qwertyuiop", "asdfghjkl", "zxcvbnm", "letmein", "welcome",
    "iloveyou", "administrator", "admin", "thailand", "bangkok", "hatyai", "songkhla", "collab", "municipality", "changeme",
    "secret", "football", "monkey", "dragon", "sunshine", "princess", "1q2w3e4r", "1q2w3e4r5t", "1q2w3e4r5t6y", "abc123", "abcdef",
    "รหัสผ่าน", "เทศบาล", "หาดใหญ่", "สงขลา", "ประเทศไทย",
)  # fmt: skip
_RUNS = ("01234567890123456789", "98765432109876543210", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm")


def password_fault(password: str, *, email: str, names: Iterable[str]) -> PasswordFault | None:
    """Return what is wrong with a new password of a person, or None when it is good enough.

    At least 12 and at most 200 characters; not a run or repetition; not a common word with digits and signs around it; not
    containing the name of the mail box or a name of the person of four letters or more.
    """
    if len(password) < PASSWORD_LEAST:
        return PasswordFault.TOO_SHORT
    if len(password) > PASSWORD_MOST:
        return PasswordFault.TOO_LONG
    folded = fold(password)
    if len(set(folded)) < 5 or any(folded in run * 2 for run in _RUNS):
        return PasswordFault.MONOTONOUS
    if _is_common(folded):
        return PasswordFault.COMMON
    own = [email.split("@")[0], *(word for name in names for word in name.split())]
    if any(len(word) >= 4 and fold(word) in folded for word in own):
        return PasswordFault.PERSONAL
    return None


def _is_common(folded: str) -> bool:
    """Say whether nothing but common words, digits and signs makes up the password."""
    rest = folded
    for stem in sorted(_COMMON_STEMS, key=len, reverse=True):
        rest = rest.replace(stem, "")
    return len("".join(character for character in rest if character.isalpha())) < 3 and rest != folded


def is_mail_address(value: str) -> bool:
    """Say whether ``value`` looks like one mail address: something@host.name, no spaces, at most 254 characters."""
    local, at, host = value.rpartition("@")
    return bool(
        at
        and local
        and "." in host.strip(".")
        and len(value) <= 254
        and not any(c.isspace() or c in ',;<>"()@' for c in local + host)
    )
