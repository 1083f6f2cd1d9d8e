"""Asking in a real browser: what it would meet is told while somebody types, and all of it works without scripts."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from tests import world
from tests.api.desk import Desk
from tests.web.ask_forms import EXCEPTION
from tests.web.chromium.conftest import Visiting
from tests.web.chromium.visiting import LOOKS, Look

pytestmark = pytest.mark.chromium
EMPTY = "/new/encryption-exception?cluster=practice&namespace=emojivoto"
LONG = "w" * 250
FULL = f"/new/encryption-exception?{urlencode(EXCEPTION, doseq=True)}&workload=deployment/{LONG}"


@pytest.fixture
def crowd(desk: Desk) -> None:
    """A thousand more workloads, one of them with the longest name that there is."""
    with desk.database.unit_of_work() as session:
        names = [LONG, *(f"one-{number:04}" for number in range(1000))]
        session.add_all(
            world.row("practice", "emojivoto", world.Workload("deployment", name, (8080,))) for name in names
        )


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_the_pages_of_asking_hold_in_every_look(visit: Visiting, look: Look) -> None:
    tab = visit("member", look)
    for path in ("/new", "/new/encryption-exception", EMPTY):
        tab.go(path)
        tab.check()
    tab.page.get_by_role("button", name="Check").click()
    expect(tab.page.get_by_text("Fill in or mend first")).to_be_visible()
    tab.check()


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_a_full_form_with_long_names_holds_in_every_look(visit: Visiting, crowd: None, look: Look) -> None:
    tab = visit("member", look)
    page = tab.go(FULL)
    expect(page.get_by_role("heading", name="What changes")).to_be_visible()
    tab.check()


@pytest.mark.parametrize(
    "path",
    [
        "/new/viz-enablement?cluster=practice&namespace=emojivoto&user=member",
        "/new/job-completion?cluster=practice&workload=cronjob/report&way=no-proxy",
        "/new/control-plane-egress?cluster=practice&namespace=emojivoto",
        "/new/generic?title=A+console&text=Read-only.",
    ],
)
def test_the_forms_of_all_kinds_hold(visit: Visiting, path: str) -> None:
    tab = visit("member", Look("dark", 768))
    tab.go(path)
    tab.check()


def test_an_exception_is_asked_for_by_keyboard_and_mouse_with_a_live_preview(visit: Visiting) -> None:
    tab = visit("member")
    page = tab.go(EMPTY)
    beside = page.get_by_role("region", name="What it would meet")
    find = page.get_by_label("Find by name")
    find.fill("nothing like it")
    expect(page.get_by_text("None is named like that.")).to_be_visible()
    find.fill("vot")
    expect(page.get_by_text("statefulset/store")).to_be_hidden()
    page.get_by_role("checkbox", name="deployment/voting").check()
    page.get_by_role("button", name="8801").click()
    expect(page.get_by_label("Which incoming ports")).to_have_value("8801")
    expect(page.get_by_role("button", name="8801")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("group", name="Does your application encrypt").get_by_label("Yes").focus()
    page.keyboard.press("Space")
    expect(beside).to_contain_text("1 security partner (partner, partner2)")
    expect(beside).to_contain_text("config.linkerd.io/skip-inbound-ports: 4567-4568,8801")
    page.keyboard.press("ArrowDown")
    expect(beside).to_contain_text("1 tenant owner (owner) and 1 security partner")
    page.keyboard.press("Tab")
    page.keyboard.type("It sends nothing secret.")
    page.keyboard.press("Tab")
    page.keyboard.type("The vendor's protocol breaks.")
    page.get_by_label("7 days").click()
    expect(beside).to_contain_text("7 days from when it is written")
    tab.check()
    page.get_by_role("button", name="Send").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/tickets/MD-*")
    expect(page.get_by_role("main")).to_contain_text("The vendor's protocol breaks.")
    assert tab.trouble == []


def test_what_is_wrong_is_told_where_somebody_was_and_nothing_typed_is_touched(visit: Visiting) -> None:
    tab = visit("member")
    page = tab.go(f"{EMPTY}&workload=deployment/voting&encrypted=no&how=none&inbound=8801")
    inbound = page.get_by_label("Which incoming ports")
    beside = page.get_by_role("region", name="What it would meet")
    expect(beside).to_contain_text("1 tenant owner (owner) and 1 security partner")
    inbound.press("End")
    page.keyboard.type(", x")
    expect(page.locator("#wrong-inbound")).to_contain_text("x")
    expect(inbound).to_have_attribute("aria-invalid", "true")
    expect(inbound).to_be_focused()
    expect(inbound).to_have_value("8801, x")
    expect(page.locator("#wrong-reason")).to_be_empty()
    expect(beside).to_contain_text("Why is it needed?")
    expect(beside).to_contain_text("Before your last change:")
    expect(beside).to_contain_text("1 tenant owner (owner) and 1 security partner")
    inbound.fill("8801")
    expect(beside).not_to_contain_text("Before your last change:")
    expect(page.locator("#wrong-inbound")).to_be_empty()
    expect(inbound).not_to_have_attribute("aria-invalid", "true")
    page.get_by_label("Another length").fill("40d")
    expect(page.get_by_label("another:")).to_be_checked()
    expect(page.locator("#wrong-duration")).to_contain_text("at most 30 days")
    expect(page.locator("#said")).to_contain_text("to fill in or mend")
    tab.check()


def test_the_whole_way_without_scripts(visit: Visiting) -> None:
    page = visit("member", Look(scripts=False)).go("/new")
    page.get_by_role("link", name="Encryption exception").click()
    page.get_by_role("link", name="emojivoto on practice").click()
    page.get_by_label("Find by name").fill("vot")
    page.get_by_label("Why is it needed?").fill("The vendor's protocol breaks.")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_label("Why is it needed?")).to_have_value("The vendor's protocol breaks.")
    page.get_by_role("checkbox", name="deployment/voting").check()
    inbound = page.get_by_label("Which incoming ports")
    inbound.fill("80a")
    inbound.press("Enter")
    expect(page.locator("#wrong-inbound")).to_contain_text("80a")
    expect(page.get_by_role("checkbox", name="deployment/voting")).to_be_checked()
    inbound.fill("8080")
    page.get_by_label("Yes").check()
    page.get_by_label("How does it").fill("TLS 1.3")
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_text("1 security partner (partner, partner2)")).to_be_visible()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("main")).to_contain_text("The vendor's protocol breaks.")
    assert "/tickets/MD-" in page.url


def test_a_long_list_is_searched_by_the_server_as_one_types(visit: Visiting, crowd: None) -> None:
    page = visit("member").go(EMPTY)
    page.get_by_role("checkbox", name="deployment/emoji").check()
    page.get_by_label("Which incoming ports").fill("8801")
    find = page.get_by_label("Find by name")
    find.press_sequentially("one-0999")
    find.press("Enter")
    expect(page.get_by_role("checkbox", name="deployment/one-0999")).to_be_visible()
    expect(page.get_by_role("checkbox", name="deployment/emoji")).to_be_checked()
    expect(page.get_by_role("checkbox", name="deployment/one-0000")).to_have_count(0)
    expect(find).to_be_focused()
    expect(page.get_by_label("Which incoming ports")).to_have_value("8801")


def test_questions_that_the_others_rule_out_are_not_asked(visit: Visiting) -> None:
    page = visit("member").go(EMPTY)
    page.get_by_label("Which incoming ports").fill("8080")
    page.get_by_label("Everything: run without the proxy").check()
    expect(page.get_by_label("Which incoming ports")).to_be_hidden()
    page.get_by_role("checkbox", name="deployment/web").check()
    page.get_by_role("group", name="Does your application encrypt").get_by_label("Yes").check()
    expect(page.get_by_role("region", name="What it would meet")).to_contain_text("linkerd.io/inject: disabled")
    page.get_by_label("Some ports").check()
    expect(page.get_by_label("Which incoming ports")).to_have_value("8080")
