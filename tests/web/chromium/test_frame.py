"""What every page has around it: places, colours, a way past it by keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.web.chromium.conftest import Visiting
from tests.web.chromium.visiting import LOOKS, Look

pytestmark = pytest.mark.chromium
WHITE, NIGHT = "rgb(255, 255, 255)", "rgb(20, 24, 30)"


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_the_sign_in_holds_in_every_look(visit: Visiting, look: Look) -> None:
    tab = visit(None, look)
    tab.go("/sign-in")
    tab.check()


def test_the_system_decides_on_the_colours_until_somebody_does(visit: Visiting) -> None:
    tab = visit("member", Look("dark"))
    ground = tab.page.locator("html")
    expect(ground).to_have_css("background-color", NIGHT)
    tab.page.get_by_role("button", name="Dark colours").click()
    tab.page.get_by_role("button", name="Light colours").click()
    expect(ground).to_have_css("background-color", WHITE)
    tab.go("/tickets")
    expect(ground).to_have_css("background-color", WHITE)
    tab.page.get_by_role("button", name="System colours").click()
    expect(ground).to_have_css("background-color", NIGHT)


def test_the_keyboard_gets_past_the_head_at_once(visit: Visiting) -> None:
    page = visit("member").go("/tickets")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.id") == "main"


def test_times_are_in_the_zone_of_the_reader_with_utc_beside(visit: Visiting) -> None:
    page = visit("member").go("/settings")
    time = page.locator("time").first
    instant = str(time.get_attribute("datetime"))
    assert str(time.get_attribute("title")).startswith(instant[:10])
    assert "UTC" not in time.inner_text()


def test_places_are_those_that_somebody_may_go_to(visit: Visiting) -> None:
    places = visit("member").page.get_by_role("navigation", name="Places").inner_text()
    assert "Inbox" not in places
    assert "Admin" not in places
    assert "Admin" in visit("operator").page.get_by_role("navigation", name="Places").inner_text()
