"""The list and the audit trail in a real browser: every look of them empty, full and refused, and what scripts do."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from portal.models import Ticket
from tests import world
from tests.api.desk import Desk
from tests.web.chromium.conftest import Visiting
from tests.web.chromium.visiting import LOOKS, Look

pytestmark = pytest.mark.chromium
LONG = "x" * 253
# The keeping of a view is refused with a name that has a slash.
BAD_NAME = "a/b" + "c" * 50


def fill(desk: Desk) -> str:
    """Many tickets, one of them with names as long as they may be; gives its reference."""
    for number in range(12):
        desk.generic(fields={"title": f"Console {number}", "text": "Read-only."}, reason="word " * 60)
    desk.checked()
    ref = str(desk.active(fields=world.exception(inbound="7000"))["ref"])
    with desk.database.unit_of_work() as session:
        session.get_one(Ticket, int(ref[3:])).namespace = LONG
        session.get_one(Ticket, 1).reason = LONG * 3
    desk.send("PUT", "me/filters/" + "n" * 60, "partner", json={"query": "kind=generic"})
    return ref


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_the_list_holds_in_every_look(visit: Visiting, desk: Desk, look: Look) -> None:
    tab = visit("partner", look)
    tab.go("/tickets")
    tab.check()
    fill(desk)
    for path in ("/tickets", "/tickets?kind=generic", f"/tickets?q={LONG[:200]}&cluster={LONG}"):
        tab.go(path)
        tab.check()
    tab.page.get_by_text("Keep this view").click()
    tab.page.get_by_label("Name, only you see it").fill(BAD_NAME)
    tab.page.get_by_role("button", name="Keep", exact=True).click()
    expect(tab.page.get_by_role("alert")).to_be_visible()
    expect(tab.page.get_by_label("Name, only you see it")).to_have_value(BAD_NAME)
    tab.check()


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_the_trail_holds_in_every_look(visit: Visiting, desk: Desk, look: Look) -> None:
    tab = visit("operator", look)
    for path in ("/audit", "/audit/verification"):
        tab.go(path)
        tab.check()
    ref = fill(desk)
    for path in ("/audit", f"/audit?ticket={ref}", "/audit/verification", f"/audit?person={LONG}"):
        tab.go(path)
        if tab.page.locator("details summary").count():
            tab.page.locator(".trail summary").last.click()
        tab.check()


def test_the_list_stays_true_and_keeps_what_is_typed(visit: Visiting, desk: Desk) -> None:
    desk.checked()
    page = visit("member").page
    page.clock.install()
    page.goto(page.url.rstrip("/") + "/tickets")
    page.get_by_label("Search").fill("half a word")
    expect(page.get_by_text("1 ticket", exact=True)).to_be_visible()
    ref = desk.generic()["ref"]
    page.clock.run_for(30_000)
    expect(page.get_by_role("link", name=ref)).to_be_visible()
    expect(page.get_by_text("2 tickets", exact=True)).to_be_visible()
    expect(page.get_by_label("Search")).to_have_value("half a word")


def test_a_search_keeps_its_place_on_the_way_back(visit: Visiting, desk: Desk) -> None:
    ref = desk.checked()["ref"]
    page = visit("member", Look(scripts=False)).go("/tickets")
    page.get_by_label("Search").fill("voting")
    page.get_by_label("Search").press("Enter")
    page.wait_for_url("**q=voting**")
    page.get_by_role("link", name=ref).click()
    page.wait_for_url(f"**/{ref}")
    page.go_back()
    assert page.url.endswith("q=voting&state=&kind=&cluster=&namespace=&tenant=&requester=&environment=&from=&until=")
    expect(page.get_by_role("link", name=ref)).to_be_visible()


def test_the_head_of_a_long_list_stays_in_sight(visit: Visiting, desk: Desk) -> None:
    fill(desk)
    page = visit("partner").go("/tickets")
    page.mouse.wheel(0, 700)
    head = page.get_by_role("columnheader", name="Where")
    expect(head).to_be_in_viewport()
