"""Every route says who may come in, and keeps everyone else out."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from collab.kernel.access import Permission
from collab.kernel.ids import new_id

#: Public on purpose, each with its reason.
PUBLIC = {
    "web.root": "sends people where they belong",
    "web.set_language": "before signing in too",
    "web.healthz": "for the supervisor",
    "web.readyz": "for the proxy",
    "members.sign_in": "the way in",
    "members.sign_in_code": "the second half of the way in",
    "members.forgotten": "for those who cannot come in",
    "members.reset": "opened by a one-time link",
    "members.invitation": "opened by a one-time link",
    "notices.take": "for mail services, who sign what they send",
    "notices.unsubscribe": "opened by a signed link of one purpose",
    "reminders.acknowledge_by_link": "opened by a signed link of one purpose",
}
PUBLIC_BLUEPRINTS = {"public_pages", "static"}


def rules(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]


def path_of(rule: Rule) -> str:
    """Return a path for the rule with an unknown id in every place."""
    path = re.sub(r"<uuid:[a-z_]+>", str(new_id()), rule.rule)
    path = re.sub(r"<any\((\w+)[^>]*>", r"\1", path)
    path = re.sub(r"<int:[a-z_]+>", "2570", path)
    return re.sub(r"<(?:string:|path:)?[a-z_]+>", "x", path)


def test_every_route_declares_who_may_come_in(app: Flask) -> None:
    missing = [rule.endpoint for rule in rules(app) if not hasattr(app.view_functions[rule.endpoint], "access")]
    assert not missing, f"decorate these views with @requires, @signed_in or @public: {sorted(set(missing))}"


def test_declared_permissions_exist(app: Flask) -> None:
    for rule in rules(app):
        access = app.view_functions[rule.endpoint].access  # type: ignore[attr-defined]
        assert access in ("public", "signed-in") or isinstance(access, Permission)


def test_paths_are_kebab_case(app: Flask) -> None:
    for rule in rules(app):
        literal = re.sub(r"<[^>]+>", "", rule.rule)
        assert re.fullmatch(r"[a-z0-9/.:-]*", literal), f"{rule.rule}: use lower case and hyphens"


def test_strangers_are_sent_to_sign_in(app: Flask, client: FlaskClient) -> None:
    for rule in rules(app):
        if app.view_functions[rule.endpoint].access == "public":  # type: ignore[attr-defined]
            continue
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            response = client.open(path_of(rule), method=method)
            api = rule.rule.startswith("/api/")
            assert response.status_code == (401 if api else 303), (
                f"{method} {rule.rule} answered {response.status_code} to a stranger"
            )
            if not api:
                assert "/sign-in" in response.headers["Location"]


ROLES = ("administrator", "coordinator", "chair", "auditor", "clerk_banphru", "executive_khohong", "clerk_outside")


@pytest.mark.parametrize("role", ROLES)
def test_unknown_ids_are_answered_in_words_to_every_role(app: Flask, browse: Callable[[str], FlaskClient], role: str) -> None:
    person = browse(role)
    for rule in rules(app):
        if "<uuid:" not in rule.rule:
            continue
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            response = person.open(path_of(rule), method=method)
            assert response.status_code in (302, 303, 403, 404, 422), (
                f"{role}: {method} {rule.rule} answered {response.status_code}"
            )


@pytest.mark.parametrize("role", ROLES)
def test_lists_open_or_are_refused_for_every_role(app: Flask, browse: Callable[[str], FlaskClient], role: str) -> None:
    person = browse(role)
    for rule in rules(app):
        if rule.arguments or "GET" not in rule.methods:
            continue
        response = person.get(rule.rule)
        assert response.status_code < 500, f"{role}: GET {rule.rule} answered {response.status_code}"


@pytest.mark.parametrize("role", ROLES)
def test_rubbish_is_never_a_fault_of_the_server(app: Flask, browse: Callable[[str], FlaskClient], role: str) -> None:
    person = browse(role)
    rubbish = dict.fromkeys(
        ("title", "text", "once", "version", "due_on-day", "due_on-year", "email", "amount"), "\x00😀" + "ก" * 300
    )
    for rule in rules(app):
        if "POST" not in rule.methods or "<uuid:" in rule.rule:
            continue
        response = person.post(path_of(rule), data=rubbish)
        assert response.status_code < 500, f"{role}: POST {rule.rule} answered {response.status_code}"
    for rule in rules(app):
        if "GET" in rule.methods and not rule.arguments:
            response = person.get(rule.rule + "?cursor=%00%F0%9F%98%80&q=%00&state=%00&kind=%00&verb=%00&committee=zzz&page=-1")
            assert response.status_code < 500, f"{role}: GET {rule.rule} with rubbish answered {response.status_code}"
