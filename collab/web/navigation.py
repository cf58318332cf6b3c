"""The primary navigation: sections by the permission that opens them. Endpoints are names; web imports no area."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from flask import url_for
from sqlalchemy.orm import Session

from collab.kernel.access import Actor, Grant, Permission, Role, Scope, could
from collab.kernel.i18n import LazyText, lazy


@dataclass(frozen=True)
class Section:
    """One entry: the blueprint it stands for (to mark the current one), its endpoint, and who sees it."""

    blueprint: str
    endpoint: str
    text: LazyText
    permission: Permission | None = None


SECTIONS = (
    Section("dashboard", "dashboard.home", lazy("My work")),
    Section("proposals", "proposals.index", lazy("Proposals"), Permission.PROPOSAL_VIEW),
    Section("meetings", "meetings.index", lazy("Meetings"), Permission.MEETING_VIEW),
    Section("service_plans", "service_plans.index", lazy("Service plans"), Permission.SERVICE_PLAN_VIEW),
    Section("agreements", "agreements.index", lazy("Agreements"), Permission.AGREEMENT_VIEW),
    Section("action_plans", "action_plans.index", lazy("Action plans"), Permission.ACTION_PLAN_VIEW),
    Section("audits", "audits.index", lazy("Audit"), Permission.AUDIT_VIEW),
    Section("learning", "learning.index", lazy("Lessons"), Permission.LEARNING_VIEW),
    Section("members", "members.index", lazy("Members"), Permission.MEMBERS_VIEW),
    Section("operations", "operations.index", lazy("Operations"), Permission.OPERATIONS_VIEW),
)

Badge = Callable[[Session, Actor], int]


class Entry(NamedTuple):
    """An entry of the menu as it is shown."""

    text: str
    href: str
    current: bool


class Links(NamedTuple):
    """Addresses that header and footer link to, '' for what this installation does not have."""

    account: str
    accessibility: str
    help: str
    notices: str
    search: str
    sign_in: str
    sign_out: str


def entries(actor: Actor | None, endpoints: frozenset[str], current: str, locale: str) -> tuple[Entry, ...]:
    """Return the entries that ``actor`` may open."""
    if actor is None:
        return ()
    links = _links(frozenset(grant.role for grant in actor.grants), endpoints, locale)
    return tuple(Entry(text, href, blueprint == current) for blueprint, text, href in links)


@lru_cache(maxsize=256)
def _links(roles: frozenset[Role], endpoints: frozenset[str], locale: str) -> tuple[tuple[str, str, str], ...]:
    # What a person may open depends on the roles alone, so it is reckoned once per set of roles and language.
    probe = Actor(user_id=None, grants=tuple(Grant(role, Scope.INSTALLATION) for role in roles))
    return tuple(
        (section.blueprint, str(section.text), url_for(section.endpoint))
        for section in SECTIONS
        if section.endpoint in endpoints and (section.permission is None or could(probe, section.permission))
    )


#: Links of the layout by the name the template uses.
LAYOUT_LINKS = {
    "account": "members.account",
    "accessibility": "public_pages.accessibility",
    "help": "public_pages.help_page",
    "notices": "notices.index",
    "search": "search.results",
    "sign_in": "members.sign_in",
    "sign_out": "members.sign_out",
}


@lru_cache(maxsize=8)
def layout_links(endpoints: frozenset[str]) -> Links:
    """Return the addresses that header and footer link to."""
    return Links(**{name: url_for(endpoint) if endpoint in endpoints else "" for name, endpoint in LAYOUT_LINKS.items()})
