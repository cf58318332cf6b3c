"""Every page that a role can reach by following links: no fault, nothing that axe objects to, nothing wider than a phone."""

import re

import pytest
from playwright.sync_api import Browser

from tests.journeys.person import Person

ROLES = ("admin", "coordinator", "chair", "clerk.banphru", "mayor.khuanlang", "auditor", "")
IDENTIFIER = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
NO_PAGE = re.compile(r"^/(static|language)/|\.(csv|json|xlsx|pdf|ics|svg|py|zip|txt)(\?|$)|/(download|file)(\?|$)")
NARROW = 320
#: Only what is wrong leaves the browser; to hand over the long list of what is right costs a tenth of a second a page.
VIOLATIONS = "axe.run({resultTypes: ['violations']}).then(found => found.violations)"
#: Tables of few columns of which a phone would show only a part: their rows should stand one under the other.
CUT = """found => found.filter(box => box.scrollWidth > box.clientWidth + 1 && box.querySelectorAll('thead th').length < 10)
    .map(box => box.getAttribute('aria-label'))"""


def shape(path: str) -> str:
    """Return the path without ids and query: one page of each shape is enough."""
    return IDENTIFIER.sub("ID", path.split("?")[0])


def walk(person: Person, start: str, most: int) -> list[str]:
    """Follow links from ``start`` over at most ``most`` shapes of pages; return what is wrong."""
    waiting, seen, wrong = [start], set(), []
    while waiting and len(seen) < most:
        path = waiting.pop(0)
        if shape(path) in seen:
            continue
        seen.add(shape(path))
        answer = person.page.goto(person.address + path)
        if answer is None or answer.status >= 400:
            wrong.append(f"{path}: {answer.status if answer else 'no answer'}")
            continue
        wrong += look(person, path)
        links = person.page.eval_on_selector_all("a[href^='/']", "found => found.map(link => link.getAttribute('href'))")
        waiting += [link for link in links if not NO_PAGE.search(link) and shape(link) not in seen]
    return wrong


def look(person: Person, path: str) -> list[str]:
    """Return what is wrong with the page that is open; the person came with axe."""
    wrong = [f"{path}: {found['id']} {found['nodes'][0]['html'][:160]}" for found in person.page.evaluate(VIOLATIONS)]
    person.page.set_viewport_size({"width": NARROW, "height": 800})
    overflow = person.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    cut = person.page.locator(".collab-scroll:has(> .govuk-table)").evaluate_all(CUT)
    person.page.set_viewport_size({"width": 1280, "height": 900})
    if cut:
        wrong.append(f"{path}: cut off on a phone: {cut}")
    if overflow > 0:
        wrong.append(f"{path}: {overflow} px wider than {NARROW} px")
    if not person.page.title().strip() or person.page.locator("h1").count() != 1:
        wrong.append(f"{path}: needs a title and one h1")
    if not person.page.evaluate("document.fonts.check('19px Sarabun', 'ก')"):
        wrong.append(f"{path}: Sarabun is not there")
    return wrong


@pytest.mark.parametrize("key", ROLES, ids=[key or "citizen" for key in ROLES])
def test_pages_in_thai(browser: Browser, product: str, key: str) -> None:
    with Person(browser, product, key, locale="th", with_axe=True) as person:
        assert walk(person, "/home" if key else "/public", 90) == []


@pytest.mark.parametrize("key", ["coordinator", "clerk.khohong"])
def test_pages_in_english(browser: Browser, product: str, key: str) -> None:
    with Person(browser, product, key, with_axe=True) as person:
        assert walk(person, "/home", 12) == []
        assert "งาน" not in person.page.locator("nav").first.inner_text()
