"""The whole thread by clicking, as six people: proposal, opinions, meeting, resolution, service plan, agreement, action plan, audit."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from collab.kernel.clock import BANGKOK
from tests.journeys.person import Person


def be(day: date) -> tuple[int, int, int]:
    """Return day, month and Buddhist year."""
    return day.day, day.month, day.year + 543


def today() -> date:
    return datetime.now(BANGKOK).date()


class Thread:
    """One telling of the thread; ``mark`` keeps two tellings apart."""

    def __init__(self, browser: Browser, address: str, folder: Path, mark: str, *, javascript: bool) -> None:
        self.browser, self.address, self.folder, self.mark, self.javascript = browser, address, folder, mark, javascript

    def person(self, key: str) -> Person:
        return Person(self.browser, self.address, key, javascript=self.javascript)

    def propose(self) -> str:
        with self.person("clerk.banphru") as clerk:
            clerk.go("/proposals")
            clerk.press("Propose a joint service")
            clerk.fill("title", f"Joint compost plant {self.mark}")
            clerk.press("Begin the draft")
            for name in ("problem", "objective", "area", "funding"):
                clerk.fill(name, f"{name} {self.mark}")
            clerk.choose("legal_basis", "decentralisation_21")
            clerk.fill("cost_amount", "1,250,000.50")
            clerk.press("Save and check the answers")
            clerk.sees("1,250,000.50 baht")
            clerk.press("Submit the proposal")
            clerk.sees("Proposal submitted")
            clerk.press("See the proposal")
            return clerk.path

    def ask_opinions(self, proposal: str) -> None:
        with self.person("coordinator") as coordinator:
            coordinator.go(proposal)
            coordinator.press("Ask the councils' opinions")
            for box in coordinator.page.locator("main input[name='organisation_ids']").all():
                box.uncheck()
            coordinator.choose_label("organisation_ids", "Kho Hong Town")
            coordinator.choose_label("organisation_ids", "Phatong Subdistrict Municipality")
            coordinator.press("Ask the councils")
            coordinator.sees("Opinions asked")
        for key, stance in (("clerk.khohong", "support"), ("clerk.phatong", "with_conditions")):
            with self.person(key) as clerk:
                clerk.press(f"Joint compost plant {self.mark}")
                clerk.choose("stance", stance)
                clerk.fill("text", "Subject to odour measurements")
                clerk.fill("resolution_number", "5/2570")
                clerk.press("Record the opinion")
                clerk.sees("The opinion was recorded.")

    def meet(self, proposal: str) -> None:
        with self.person("coordinator") as coordinator:
            coordinator.go(proposal)
            coordinator.press("Close the opinions")
            coordinator.go("/meetings/new")
            coordinator.fill("title", f"Meeting {self.mark}")
            coordinator.fill("place", "Songkhla")
            coordinator.date("day", *be(today()))
            coordinator.fill("time", "23:59")
            coordinator.press("Save as a draft")
            meeting = coordinator.path
            coordinator.go(proposal)
            coordinator.press("Put on an agenda")
            coordinator.choose_label("meeting_id", f"Meeting {self.mark}")
            coordinator.press("Put on the agenda")
            coordinator.go(meeting)
            coordinator.press("Convene and invite")
            coordinator.sees("Say why it is shorter")
            coordinator.fill("reason", "Urgent")
            coordinator.press("Convene and invite")
            coordinator.sees("The meeting was convened")
        with self.person("chair") as chair:
            chair.go(meeting)
            chair.press("Open the meeting")
        self.vote(meeting)

    def vote(self, meeting: str) -> None:
        with self.person("coordinator") as coordinator:
            coordinator.go(meeting)
            coordinator.press("Record the vote")
            coordinator.press("Record the vote and resolve")
            coordinator.sees("There is no quorum")
            coordinator.go(meeting)
            coordinator.press("Record the attendance")
            for radio in coordinator.page.locator("main input[type=radio][value=holder]").all():
                radio.check()
            coordinator.press("Record the attendance")
            coordinator.sees("there is a quorum")
            coordinator.press("Record the vote")
            for radio in coordinator.page.locator("main input[type=radio][value=for]").all():
                radio.check()
            coordinator.press("Record the vote and resolve")
            coordinator.sees("Carried")
            coordinator.go(meeting)
            coordinator.press("Close the meeting")
            coordinator.press("Minutes")

    def plan_service(self, proposal: str) -> str:
        with self.person("coordinator") as coordinator:
            coordinator.go(proposal)
            coordinator.sees("Adopted")
            coordinator.press("Make the service plan")
            coordinator.fill("title", f"Service plan {self.mark}")
            coordinator.fill("objective", "Less waste")
            coordinator.fill("standard", "Every week")
            coordinator.page.locator("main form button[type=submit]").first.click()
            coordinator.page.wait_for_url("**/service-plans/*")
            plan = coordinator.path
            coordinator.go(plan + "/indicators/new")
            coordinator.fill("name", "Waste composted")
            coordinator.fill("unit", "tonnes a day")
            coordinator.page.locator("main form button[type=submit]").first.click()
            coordinator.page.wait_for_url(f"**{plan}*")
            coordinator.page.locator("main form[action$='/propose'] button").click()
            coordinator.page.wait_for_load_state()
            coordinator.go(plan + "/approve")
            coordinator.page.locator("main form button[type=submit]").first.click()
            coordinator.page.wait_for_url(f"**{plan}")
            return plan

    def agree(self, plan: str) -> str:
        with self.person("coordinator") as coordinator:
            coordinator.go(plan.replace("/service-plans/", "/agreements/new/"))
            coordinator.fill("title", f"Agreement {self.mark}")
            coordinator.date("valid_from", *be(today()))
            coordinator.date("valid_to", *be(today() + timedelta(days=700)))
            coordinator.date("ratify_by", *be(today() + timedelta(days=30)))
            coordinator.choose_label("host_id", "Ban Phru")
            for box in coordinator.page.locator("main input[name='member_ids']").all():
                box.uncheck()
            coordinator.choose_label("member_ids", "Kho Hong Town")
            coordinator.page.locator("main form button[type=submit]").first.click()
            coordinator.page.wait_for_url("**/agreements/*")
            agreement = coordinator.path
            coordinator.page.locator("main form[action$='/circulate'] button").click()
            coordinator.page.wait_for_load_state()
        for key in ("banphru", "khohong"):
            with self.person(f"mayor.{key}") as mayor:
                mayor.go(agreement)
                mayor.page.locator("main a[href*='/ratify/']").first.click()
                mayor.choose("outcome", "ratified")
                mayor.fill("council_session", "1")
                mayor.fill("resolution_number", "3/2570")
                mayor.date("resolved_on", *be(today()))
                mayor.page.locator("main form button[type=submit]").first.click()
                mayor.page.wait_for_url(f"**{agreement}*")
        with self.person("chair") as chair:
            chair.go(agreement)
            chair.sees("In force")
        return agreement

    def carry_out(self, agreement: str) -> str:
        with self.person("coordinator") as coordinator:
            coordinator.go(agreement)
            coordinator.page.locator("main a", has_text="Make an action plan").click()
            coordinator.page.wait_for_url("**/action-plans/new/*")
            coordinator.fill("title", f"Action plan {self.mark}")
            coordinator.page.locator("main form button[type=submit]").first.click()
            coordinator.page.wait_for_url("**/action-plans/*")
            plan = coordinator.path
            coordinator.go(plan + "/items/new")
            coordinator.fill("title", f"Build the plant {self.mark}")
            coordinator.choose_label("lead_organisation_id", "Kho Hong Town")
            coordinator.choose_label("supporter_ids", "Ban Phru")
            coordinator.date("starts_on", *be(today()))
            coordinator.date("due_on", *be(today() + timedelta(days=7)))
            coordinator.page.locator("main [name=authority]").select_option(index=1)
            coordinator.page.locator("main form button[type=submit]").first.click()
            coordinator.page.wait_for_load_state()
            coordinator.go(plan)
            coordinator.page.locator("main form[action$='/activate'] button").click()
            coordinator.page.wait_for_load_state()
            coordinator.sees("Active")
            item = coordinator.page.locator("main a[href*='/action-plans/items/']").first.get_attribute("href")
        assert item is not None
        evidence = self.folder / "evidence.txt"
        evidence.write_text("Handed over and working\n", encoding="utf-8")
        with self.person("clerk.khohong") as clerk:
            clerk.go(item + "/report")
            clerk.fill("percent", "100")
            clerk.fill("words", "The plant works.")
            clerk.attach("evidence", evidence)
            clerk.page.locator("main form button[type=submit]").first.click()
            clerk.page.wait_for_url(f"**{item}*")
        with self.person("clerk.banphru") as verifier:
            verifier.go(item + "/judge")
            verifier.page.locator("main [name=accepted]").first.check()
            verifier.page.locator("main form button[type=submit]").first.click()
            verifier.page.wait_for_url(f"**{item}*")
            verifier.sees(f"Joint compost plant {self.mark}")
        return plan

    def audit(self, plan: str, proposal: str) -> None:
        with self.person("auditor") as auditor:
            auditor.go(plan)
            auditor.page.locator("a[href*='/history/action_plan/']").first.click()
            auditor.press("Show every change")
            for words in ("Evidence verified", "Reported as finished", "Plan activated", "Plan created"):
                auditor.sees(words)
            auditor.press("As it stood on a day")
            auditor.press("Show")
            auditor.sees(f"Build the plant {self.mark}")
            auditor.go(proposal.replace("/proposals/", "/history/proposal/"))
            auditor.sees("Proposal adopted")
        with self.person("") as citizen:
            citizen.go("/public")
            citizen.press(f"Agreement {self.mark}")
            citizen.sees("1 of 1 items done")
            citizen.go("/dev/mail")
            citizen.sees(f"Meeting {self.mark}")


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_the_whole_thread(browser: Browser, product: str, tmp_path: Path, javascript: bool) -> None:
    thread = Thread(browser, product, tmp_path, "A" if javascript else "B", javascript=javascript)
    proposal = thread.propose()
    thread.ask_opinions(proposal)
    thread.meet(proposal)
    plan = thread.plan_service(proposal)
    agreement = thread.agree(plan)
    action_plan = thread.carry_out(agreement)
    thread.audit(action_plan, proposal)
