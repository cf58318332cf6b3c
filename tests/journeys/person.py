"""Somebody at a browser: signs in, fills forms by their names, presses buttons by their words."""

from pathlib import Path
from types import TracebackType
from typing import Self

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from collab.factory.demo.people import PASSWORD

WAIT = 15_000


class Person:
    """A person of the demonstration with a browser of their own; English words, so that the buttons can be named here."""

    def __init__(
        self, browser: Browser, address: str, key: str, *, javascript: bool = True, locale: str = "en", with_axe: bool = False
    ) -> None:
        self.address = address
        self.context = browser.new_context(java_script_enabled=javascript, viewport={"width": 1280, "height": 900})
        self.context.set_default_timeout(WAIT)
        if with_axe:
            self.context.add_init_script(AXE_SCRIPT)
        self.page: Page = self.context.new_page()
        self.faults: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", self._note)
        self.go(f"/language/{locale}")
        if key:
            self.go("/sign-in")
            self.fill("email", f"{key}@demo.invalid")
            self.fill("password", PASSWORD)
            self.page.locator("main button[type=submit]").first.click()
            self.page.wait_for_url("**/home")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is not None:
            self.page.screenshot(path="var/journey-failed.png", full_page=True)
        self.context.close()
        if kind is None:
            assert not self.faults, self.faults

    def _note(self, message: ConsoleMessage) -> None:
        # The browser calls a form that comes back with its faults (422, 409) an error of the network.
        if message.type == "error" and "status of 4" not in message.text:
            self.faults.append(message.text)

    def go(self, path: str) -> None:
        """Open a page."""
        answer = self.page.goto(self.address + path)
        assert answer is not None
        assert answer.status < 400, f"{path}: {answer.status}"

    def fill(self, name: str, value: str) -> None:
        """Type into the field ``name``."""
        self.page.locator(f"main [name='{name}']").first.fill(value)

    def choose(self, name: str, value: str) -> None:
        """Choose a radio, a checkbox or an option by its value."""
        field = self.page.locator(f"main [name='{name}']").first
        if field.evaluate("element => element.tagName") == "SELECT":
            field.select_option(value)
        else:
            self.page.locator(f"main [name='{name}'][value='{value}']").check()

    def choose_label(self, name: str, text: str) -> None:
        """Choose the option of a select, or the checkbox or radio, whose label holds ``text``."""
        field = self.page.locator(f"main [name='{name}']").first
        if field.evaluate("element => element.tagName") == "SELECT":
            value = field.locator("option", has_text=text).first.get_attribute("value")
            field.select_option(value)
        else:
            self.page.locator("main label", has_text=text).first.click()

    def date(self, name: str, day: int, month: int, year: int) -> None:
        """Fill the three boxes of a date; the year is Buddhist."""
        for part, value in (("day", day), ("month", month), ("year", year)):
            self.fill(f"{name}-{part}", str(value))

    def attach(self, name: str, path: Path) -> None:
        """Choose a file."""
        self.page.locator(f"main [name='{name}']").set_input_files(str(path))

    def press(self, text: str) -> None:
        """Press the button or follow the link called ``text`` in the page's main part."""
        main = self.page.locator("main")
        found = main.get_by_role("button", name=text).or_(main.get_by_role("link", name=text))
        found.first.click()
        self.page.wait_for_load_state()

    def sees(self, text: str) -> None:
        """Expect the words on the page."""
        expect(self.page.locator("body")).to_contain_text(text, timeout=WAIT)

    @property
    def path(self) -> str:
        """Where the person is."""
        return self.page.url.removeprefix(self.address)
