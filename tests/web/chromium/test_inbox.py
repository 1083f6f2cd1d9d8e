"""The inbox in a real browser: every look of it, its keys, and that it stays true."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests import world
from tests.api.desk import Desk
from tests.web import scenes
from tests.web.chromium.conftest import Visiting
from tests.web.chromium.visiting import LOOKS, Look

pytestmark = pytest.mark.chromium


def full(desk: Desk) -> list[str]:
    """Some of everything that waits for a partner."""
    plain = {"encrypted": False, "how": "It does not; " + "we accept it" * 40}
    first = scenes.checked(desk, reason="x" * 400, fields=world.exception(application_encryption=plain))["ref"]
    second = scenes.checked(desk, fields=world.exception(mode="disable-injection", inbound=""))["ref"]
    return [first, second, desk.broken(fields=world.exception(inbound="7002"))["ref"]]


def shown(page: Page, ref: str) -> None:
    """Wait until the case of a ticket is shown, and its scripts listen."""
    expect(page.locator("h2 code").first).to_have_text(ref)
    page.wait_for_load_state()


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_the_inbox_holds_in_every_look(visit: Visiting, desk: Desk, look: Look) -> None:
    refs = full(desk)
    tab = visit("partner", look)
    tab.go("/inbox")
    tab.check()
    page = tab.go(f"/inbox?ticket={refs[0]}")
    shown(page, refs[0])
    page.locator("#trim summary").click()
    tab.check()


@pytest.mark.parametrize("look", LOOKS[:2], ids=str)
def test_an_empty_inbox_holds(visit: Visiting, look: Look) -> None:
    tab = visit("partner", look)
    expect(tab.go("/inbox").get_by_role("heading", name="Nothing waits for you")).to_be_visible()
    tab.check()


def test_keys_move_and_decide(visit: Visiting, desk: Desk) -> None:
    refs = full(desk)
    page = visit("partner").go("/inbox")
    shown(page, refs[0])
    page.keyboard.press("j")
    shown(page, refs[1])
    page.keyboard.press("k")
    shown(page, refs[0])
    page.keyboard.press("t")
    expect(page.locator("#trim input[type=checkbox]").first).to_be_focused()
    page.keyboard.press("r")
    expect(page.get_by_label("Note, which the requester reads").first).to_be_focused()
    page.keyboard.type("jak?")
    expect(page.get_by_label("Note, which the requester reads").first).to_have_value("jak?")
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    expect(page.get_by_role("button", name="Approve", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".done")).to_contain_text(f"{refs[0]}: you approved it.")
    shown(page, refs[1])
    assert [one["who"] for one in desk.ticket(refs[0])["decisions"]] == ["partner"]


def test_the_keys_are_shown_and_can_be_turned_off(visit: Visiting, desk: Desk) -> None:
    refs = full(desk)
    page = visit("partner").go("/inbox")
    page.keyboard.press("?")
    expect(page.get_by_text("go to Approve; Enter does it")).to_be_visible()
    page.get_by_label("These keys are on in this browser").uncheck()
    page.reload()
    page.keyboard.press("j")
    page.keyboard.press("?")
    shown(page, refs[0])
    expect(page.get_by_text("go to Approve; Enter does it")).to_be_hidden()


def test_the_inbox_stays_true_and_the_chosen_case_stays(visit: Visiting, desk: Desk) -> None:
    refs = full(desk)
    page = visit("partner").go("/inbox")
    note = page.get_by_label("Note, which the requester reads").first
    note.fill("half a note")
    desk.post(f"tickets/{refs[0]}/withdraw", {"reason": "later"})
    expect(page.locator(".waits li")).to_have_count(2, timeout=14_000)
    shown(page, refs[0])
    expect(page.locator(".case-head .chip").first).to_have_text("Withdrawn")
    expect(note).to_have_value("half a note")


def test_what_was_refused_stands_when_the_page_renews_itself(visit: Visiting, desk: Desk) -> None:
    full(desk)
    page = visit("partner").go("/inbox")
    page.locator("#trim summary").click()
    page.get_by_label("Inbound ports").fill("1")
    page.get_by_label("Note, which the requester reads").first.fill("a note of mine")
    page.get_by_role("button", name="Approve", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("1 was not asked")
    with page.expect_response("**/inbox?ticket=*"):
        page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_load_state("networkidle")
    expect(page.get_by_role("alert")).to_contain_text("1 was not asked")
    expect(page.get_by_label("Inbound ports")).to_have_value("1")
    expect(page.get_by_label("Note, which the requester reads").first).to_have_value("a note of mine")


def test_several_are_ticked_and_rejected(visit: Visiting, desk: Desk) -> None:
    refs = full(desk)
    page = visit("partner", Look("light", 1280, scripts=False)).go("/inbox")
    page.get_by_label(f"Tick {refs[0]}").check()
    page.get_by_label(f"Tick {refs[1]}").check()
    page.get_by_text("Decide on what is ticked").click()
    page.locator("#several-note").fill("use opaque ports")
    page.get_by_role("button", name="Reject them").click()
    expect(page.get_by_role("status").first).to_contain_text(f"Rejected: {refs[0]}, {refs[1]}")
    assert [desk.ticket(ref)["state"] for ref in refs[:2]] == ["rejected", "rejected"]
