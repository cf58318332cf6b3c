"""The daily work with a thumb on a small telephone, and with the keyboard only."""

from playwright.sync_api import Browser, Page

from collab.factory.demo import daily_work
from tests.journeys.person import Person

#: Focus moves that a person would still accept on the way to what they look for.
MOST_TABS = 60


def test_a_report_on_a_telephone_takes_two_fields_and_four_taps(browser: Browser, product: str) -> None:
    with Person(browser, product, "clerk.banphru") as clerk:
        page = clerk.page
        page.set_viewport_size({"width": 360, "height": 740})
        clerk.go("/work")
        page.locator("main tbody a", has_text="จัดจ้างปรับปรุง").first.click()
        page.locator("main a.govuk-button", has_text="Report progress").click()
        page.wait_for_url("**/report")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        clerk.fill("percent", "45")
        clerk.fill("words", "ขุดบ่อแล้วสองในสี่บ่อ")
        page.locator("main form button", has_text="Send").first.click()
        page.wait_for_url("**/action-plans/items/*")
        assert "45 %" in page.locator("main").inner_text()
        assert "ขุดบ่อแล้วสองในสี่บ่อ" in page.locator("main").inner_text()


def test_an_item_moves_on_the_board_by_the_keyboard_alone(browser: Browser, product: str) -> None:
    with Person(browser, product, "coordinator") as coordinator:
        page = coordinator.page
        coordinator.go("/action-plans")
        page.locator("main a", has_text=f"ร่าง{daily_work.TITLE}").click()
        page.locator("main nav a", has_text="Board").click()
        page.wait_for_url("**/board")
        tab_to(page, "Move to")
        page.keyboard.press("Enter")
        page.wait_for_url("**/move?**")
        title = page.locator("main .govuk-caption-l, main .collab-caption").first.inner_text()
        tab_to(page, "lead_organisation_id")
        page.keyboard.press("Space")
        tab_to(page, "Move")
        page.keyboard.press("Enter")
        page.wait_for_url("**/board**")
        column = page.locator(".collab-board__column", has_text="Songkhla Provincial Administrative Organization")
        assert title in column.inner_text()


def tab_to(page: Page, words: str) -> None:
    """Press Tab until the focus is on what begins with ``words`` or has them for its name."""
    for _turn in range(MOST_TABS):
        page.keyboard.press("Tab")
        focused = page.evaluate("[document.activeElement.innerText || '', document.activeElement.name || '']")
        if focused[0].strip().startswith(words) or focused[1] == words:
            return
    raise AssertionError(f"no way to “{words}” by the keyboard")
