"""The story in three people's browsers: one asks, one decides, one watches, and all of them see it end by itself.

With MESHDESK_SCREENSHOTS=folder its pages are kept there as pictures; `make screenshots` keeps those of the docs so.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FloatRect, Page, expect

from tests.story.up import Run, running
from tests.web.chromium.visiting import HEIGHT, Look, Visit, visiting

pytestmark = [pytest.mark.story, pytest.mark.chromium, pytest.mark.timeout(300)]
DOCS = Path(__file__).parents[2] / "docs" / "screenshots"
QUICK = {"MESHDESK_SHORTEST_WINDOW": "PT1S", "MESHDESK_INVENTORY": "PT5S"}
WINDOW, PATIENCE = "30s", 60_000
LOOK = Look("light", 1280)
Person = Callable[[str], Visit]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    with running(tmp_path_factory.mktemp("var"), **QUICK) as found:
        yield found


@pytest.fixture
def person(chromium: Browser, run: Run) -> Iterator[Person]:
    """`person("partner")`: a browser of their own, signed in by the button of the sign-in page."""
    home = run.url.replace("127.0.0.1", "localhost")
    with ExitStack() as opened:
        yield lambda name: opened.enter_context(visiting(chromium, home, name, LOOK))


@pytest.fixture
def shoot(tmp_path: Path) -> Callable[[Page, str], None]:
    """`shoot(page, "inbox")`: a picture of what stands in the window."""
    folder = Path(os.environ.get("MESHDESK_SCREENSHOTS", tmp_path))

    def one(page: Page, name: str) -> None:
        height = page.evaluate("() => { scrollTo(0, 0); return document.body.offsetHeight; }")
        clip = FloatRect(x=0, y=0, width=LOOK.width, height=min(height, HEIGHT))
        page.screenshot(path=folder / f"{name}.png", animations="disabled", clip=clip)
        assert (DOCS / f"{name}.png").exists(), "The docs show no such picture: run `make screenshots`."

    return one


def test_three_people_see_an_exception_asked_decided_open_and_gone(
    person: Person, shoot: Callable[[Page, str], None]
) -> None:
    member, partner, operator = (person(name) for name in ("member", "partner", "operator"))
    ask(member.page)
    shoot(member.page, "ask")
    member.page.get_by_role("button", name="Send").click()
    member.page.wait_for_url("**/tickets/MD-*")
    ref = member.page.url.rpartition("/")[2]
    decide(partner.go("/inbox"), ref, shoot)
    main = member.page.get_by_role("main")
    expect(main.locator(".chip", has_text="Active").first).to_be_visible(timeout=PATIENCE)
    live = operator.go("/live")
    expect(live.get_by_role("link", name=ref)).to_be_visible(timeout=PATIENCE)
    shoot(member.page, "ticket")
    shoot(live, "live")
    shoot(operator.go("/"), "home")
    operator.go("/live")
    expect(main.locator(".chip", has_text="Closed (expired)").first).to_be_visible(timeout=PATIENCE)
    expect(live.get_by_role("link", name=ref)).to_be_hidden(timeout=PATIENCE)
    assert [one.trouble for one in (member, partner, operator)] == [[], [], []]


def ask(page: Page) -> None:
    """From the first page to a filled form whose preview says who decides."""
    places = page.get_by_role("navigation", name="Places")
    places.get_by_role("link", name="Ask").click()
    page.get_by_role("link", name="Encryption exception").click()
    page.get_by_role("link", name=re.compile("^emojivoto ?on practice,")).click()
    page.get_by_role("checkbox", name="deployment/voting").check()
    page.get_by_label("Which incoming ports").fill("9000-9010")
    page.get_by_role("group", name="Does your application encrypt").get_by_label("Yes").check()
    page.get_by_label("How does it").fill("TLS 1.3 in the server")
    page.get_by_label("Why is it needed?").fill("The vendor's protocol breaks behind a proxy.")
    page.get_by_label("Another length").fill(WINDOW)
    expect(page.get_by_role("region", name="What it would meet")).to_contain_text("1 security partner")


def decide(page: Page, ref: str, shoot: Callable[[Page, str], None]) -> None:
    """Approve a ticket from the inbox by the keyboard, once its preflight is there."""
    expect(page.get_by_role("button", name="Approve").first).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("main")).to_contain_text(ref)
    shoot(page, "inbox")
    page.keyboard.press("a")
    expect(page.get_by_role("button", name="Approve").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text(ref)
