"""Pure decisions: terms, names, roles, passwords, addresses."""

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collab.kernel import i18n
from collab.kernel.access import Role, Scope
from collab.members import rules
from collab.members.labels import device_name
from collab.members.rules import PasswordFault

days = st.integers(0, 730).map(lambda number: date(2020, 1, 1) + timedelta(days=number))
terms = st.tuples(days, st.none() | days).filter(lambda term: rules.is_ordered(*term))


class Row:
    def __init__(self, name_th: str, name_en: str) -> None:
        self.name_th, self.name_en = name_th, name_en


@pytest.mark.parametrize(
    ("locale", "row", "expected"),
    [("th", ("ก", "A"), "ก"), ("en", ("ก", "A"), "A"), ("en", ("ก", ""), "ก"), ("th", ("", "A"), "A")],
)
def test_names_follow_the_language(locale: str, row: tuple[str, str], expected: str) -> None:
    with i18n.speaking(locale):
        assert rules.name_of(Row(*row)) == expected


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(first=terms, second=terms)
def test_terms_overlap_when_they_share_a_day(first: tuple[date, date | None], second: tuple[date, date | None]) -> None:
    every = [date(2020, 1, 1) + timedelta(days=n) for n in range(731)]
    shared = any(rules.is_in_force(*first, day) and rules.is_in_force(*second, day) for day in every)
    assert rules.overlap(first, second) == rules.overlap(second, first) == shared


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("short", PasswordFault.TOO_SHORT),
        ("ก" * 11, PasswordFault.TOO_SHORT),
        ("ก" * 201, PasswordFault.TOO_LONG),
        ("aaaaaaaaaaaaaaa", PasswordFault.MONOTONOUS),
        ("123456789012", PasswordFault.MONOTONOUS),
        ("๑๒๓๔๕๖๗๘๙๐๑๒", PasswordFault.MONOTONOUS),
        ("Password12345!", PasswordFault.COMMON),
        ("รหัสผ่าน123456", PasswordFault.COMMON),
        ("thailand-2569-2570", PasswordFault.COMMON),
        ("somchai.k-and-more-words", PasswordFault.PERSONAL),
        ("ขอเป็นสมชายตลอดไป", PasswordFault.PERSONAL),
        ("correct horse battery staple", None),
        ("หมวกสีเขียว-โคมไฟ", None),
        ("my password is a green lamp", None),
    ],
)
def test_passwords(password: str, fault: PasswordFault | None) -> None:
    assert rules.password_fault(password, email="somchai.k@example.go.th", names=("สมชาย ใจดี", "")) is fault


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("a@b.co", True), ("clerk@banphru.go.th", True), ("", False), ("a", False), ("@b.co", False), ("a@", False), ("a@b", False),
        ("a b@c.co", False), ("a@b.co,c@d.co", False), ("a@b@c.co", False), ("a@b.co\nBcc: x@y.zz", False), ("x" * 250 + "@b.co", False),
    ],
)  # fmt: skip
def test_addresses(address: str, good: bool) -> None:
    assert rules.is_mail_address(address) is good


@pytest.mark.parametrize("role", list(Role))
def test_every_role_has_its_scopes(role: Role) -> None:
    assert rules.ROLE_SCOPES[role]
    assert rules.is_role_scope(role, Scope.ORGANISATION) == (role in (Role.CLERK, Role.EXECUTIVE))


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36", "Chrome – Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari – iPhone"),
        ("", "?"),
    ],
)
def test_a_session_is_recognised_by_its_browser(agent: str, name: str) -> None:
    assert device_name(agent) == name
