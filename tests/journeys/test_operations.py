"""A job paused and resumed by hand, and what others see meanwhile."""

from playwright.sync_api import Browser, Page, expect

from tests.journeys.person import Person

JOB, WORDS, REASON = "notices.deliver_urgent", "Sends urgent mail at once", "Mail server moves to another house"


def row_of(page: Page) -> str:
    """Return what the table of jobs says of the job."""
    return page.locator("tr", has_text=JOB).first.inner_text()


def test_a_job_is_paused_with_a_reason_seen_by_others_and_goes_on(browser: Browser, product: str) -> None:
    with Person(browser, product, "admin") as admin, Person(browser, product, "coordinator") as other:
        admin.go("/operations")
        admin.page.get_by_role("link", name=f"Pause: {WORDS}").click()
        admin.press("Pause")
        expect(admin.page.locator(".govuk-error-summary")).to_be_visible()
        admin.fill("reason", REASON)
        admin.press("Pause")
        admin.page.wait_for_url("**/operations")
        expect(admin.page.get_by_text("1 job is paused")).to_be_visible()
        assert "is paused" in row_of(admin.page)

        other.go("/operations")
        expect(other.page.get_by_text("1 job is paused")).to_be_visible()
        assert REASON in row_of(other.page), "who may only look reads who paused it and why"
        assert other.page.get_by_role("button", name=f"Resume: {WORDS}").count() == 0

        # A second tab that still offers to resume does no harm.
        second = admin.context.new_page()
        second.goto(f"{product}/operations")
        for page in (admin.page, second):
            page.get_by_role("button", name=f"Resume: {WORDS}").click()
            page.wait_for_url("**/operations")
            assert "is paused" not in row_of(page)
        other.go("/operations")
        assert REASON not in row_of(other.page)
