"""Every page of the action plans, found by following links from plans and agreements; those that nobody can reach are a fault."""

import re

import pytest
from flask import Flask
from playwright.sync_api import Browser

from collab.factory.demo import daily_work
from tests.journeys.person import Person
from tests.journeys.test_pages import NO_PAGE, look, shape

#: Who together can open everything: who coordinates, leads items, helps, decides, and watches.
PEOPLE = ("coordinator", "clerk.banphru", "clerk.khohong", "mayor.banphru", "chair")
START = "/action-plans"
OURS = re.compile(r"^/(action-plans|calendar-links|work|agreements)(/|\?|$)")
#: Pages whose links differ from object to object, so that every one of them is read for links.
READ_ALL = frozenset({"/action-plans/ID", "/action-plans/items/ID", "/action-plans/ID/months/ID/ID", "/agreements/ID"})
#: Reached by sending a sheet; its own test looks at it.
NOT_LINKED = frozenset({"/action-plans/imports/ID"})
MONTH = re.compile(r"/\d{4}-\d{2}$")


def found_by(person: Person) -> tuple[dict[str, str], list[str]]:
    """Return an address for each shape of page that ``person`` can reach, and the links that lead nowhere."""
    plans = person.context.request.get(person.address + START).text()
    # The plan of the daily work first: it has something to show on every page.
    eventful = re.search(rf'href="({START}/[0-9a-f-]+)"[^>]*>\s*{daily_work.TITLE}', plans)
    assert eventful is not None
    waiting, read, found, wrong = [eventful[1], START, "/agreements"], set(), dict[str, str](), list[str]()
    while waiting:
        path = waiting.pop(0)
        kind = MONTH.sub("/ID", shape(path))
        if path in read or (kind in found and kind not in READ_ALL):
            continue
        read.add(path)
        answer = person.context.request.get(person.address + path)
        if answer.status >= 400:
            wrong.append(f"{path}: {answer.status}")
            continue
        found.setdefault(kind, path)
        links = re.findall(r'href="(/[^"#]*)', answer.text())
        waiting += [link.replace("&amp;", "&") for link in links if OURS.match(link) and not NO_PAGE.search(link)]
    return found, wrong


@pytest.fixture(scope="module")
def seen() -> dict[str, set[str]]:
    """The shapes that each person found; filled by the tests."""
    return {}


@pytest.mark.parametrize("key", PEOPLE)
def test_pages_of_plans(browser: Browser, product: str, key: str, seen: dict[str, set[str]]) -> None:
    before = {kind for kinds in seen.values() for kind in kinds}
    with Person(browser, product, key, locale="th", with_axe=True) as person:
        found, wrong = found_by(person)
        for kind, path in found.items():
            if kind not in before and not kind.startswith("/agreements"):
                person.go(path)
                wrong += look(person, path)
        seen[key] = set(found)
    assert wrong == []


def test_no_page_of_a_plan_is_out_of_reach(app: Flask, seen: dict[str, set[str]]) -> None:
    assert set(seen) == set(PEOPLE), "all people have to look first: run the whole file, in one process"
    rules = {
        re.sub(r"<[^>]*>", "ID", rule.rule) for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and rule.endpoint.startswith("action_plans.")
    }  # fmt: skip
    pages = {rule for rule in rules if not NO_PAGE.search(rule) and not rule.endswith(".ID")}
    reached = {kind for kinds in seen.values() for kind in kinds}
    assert pages - reached - NOT_LINKED == set()
