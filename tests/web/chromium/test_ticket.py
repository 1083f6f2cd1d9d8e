"""A ticket's page in a real browser: every look of it, that it follows its ticket, and that it keeps what is typed."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from portal.mesh.findings import Finding, Severity
from tests import world
from tests.api.desk import Desk
from tests.web import scenes
from tests.web.chromium.conftest import Visiting
from tests.web.chromium.visiting import LOOKS, Look

pytestmark = pytest.mark.chromium
LONG = f"deployment/{'a' * 60}.{'b' * 60}.{'c' * 60}.{'d' * 60}"
BLOCK = Finding("rollout-blocked", Severity.BLOCKING, LONG, f"{'no-spaces-in-this-fact' * 12}.", "Mend it.")
UNDER = world.exception(inbound=",".join(str(port) for port in range(2001, 2061, 2)), workloads=["deployment/emoji"])


def present(page: Page, word: str) -> None:
    """Wait until a word is the present station of the way."""
    expect(page.locator(".way [aria-current=step] .station")).to_contain_text(word, timeout=12_000)


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_an_open_ticket_holds_in_every_look(visit: Visiting, desk: Desk, look: Look) -> None:
    ref = scenes.active(desk)["ref"]
    tab = visit("member", look)
    expect(tab.go(f"/tickets/{ref}").get_by_role("heading", level=1)).to_be_visible()
    tab.check()


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_a_blocked_one_with_long_names_holds_in_every_look(visit: Visiting, desk: Desk, look: Look) -> None:
    ref = desk.submitted(reason="long" * 300, fields=UNDER)["ref"]
    scenes.looked(desk, ref, BLOCK, *scenes.FINDINGS)
    tab = visit("partner", look)
    page = tab.go(f"/tickets/{ref}")
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_role("alert")).to_contain_text("Say why you reject it")
    tab.check()


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_what_the_preflight_saw_holds_in_every_look(visit: Visiting, desk: Desk, look: Look) -> None:
    ref = desk.submitted()["ref"]
    scenes.looked(desk, ref, *scenes.FINDINGS, seen=scenes.seen("deployment/emoji", "a" * 120))
    tab = visit("partner", look)
    page = tab.go(f"/tickets/{ref}")
    expect(page.locator("#commit")).to_be_visible()
    page.locator("#counts-1 > summary").click()
    expect(page.locator("#counts-1 .counts")).to_be_visible()
    tab.check()


def test_the_lines_to_commit_are_copied_also_when_they_came_later(visit: Visiting, desk: Desk) -> None:
    ref = desk.submitted()["ref"]
    page = visit("partner").go(f"/tickets/{ref}")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    scenes.looked(desk, ref, *scenes.FINDINGS, seen=scenes.seen("deployment/emoji"))
    page.locator("#commit-1").get_by_role("button", name="Copy").click(timeout=12_000)
    expect(page.locator("#commit-1 button.copy")).to_have_text("Copied")
    assert f'{scenes.SKIP}: "4567,4568,8080"' in page.evaluate("() => navigator.clipboard.readText()")


@pytest.mark.parametrize("look", LOOKS[:2], ids=str)
def test_a_rollout_that_hangs_says_so_in_every_look(visit: Visiting, desk: Desk, look: Look) -> None:
    claim = scenes.begin(desk, scenes.approved(desk)["ref"])
    why = f"Container main of pod emoji-1 cannot be started (ImagePullBackOff): {'no-such-tag' * 20}. Mend that."
    scenes.stall(desk, claim, why)
    tab = visit("member", look)
    page = tab.go(f"/tickets/{claim.ref}")
    expect(page.locator(".way [aria-current=step]")).to_contain_text("cannot be started (ImagePullBackOff)")
    expect(page.locator(".story").first).to_contain_text("saw that the rollout does not go on")
    tab.check()


def test_the_page_follows_its_ticket_to_the_end(visit: Visiting, desk: Desk) -> None:
    ref = desk.submitted()["ref"]
    page = visit("member").go(f"/tickets/{ref}")
    page.evaluate("() => { window.same = true; }")
    present(page, "being checked")
    ticket = scenes.looked(desk, ref, *scenes.FINDINGS)
    present(page, "waits for approval")
    expect(page.locator(".findings .warning")).to_be_visible()
    page.get_by_label("Your comment").fill("half a")
    assert desk.decide(ref, ticket["version"]).status_code == 200
    present(page, "approved")
    claim = scenes.begin(desk, ref)
    present(page, "being applied")
    scenes.settle(desk, claim)
    present(page, "active")
    expect(page.locator("#said")).to_contain_text(f"{ref} is active.")
    expect(page.get_by_label("Your comment")).to_have_value("half a")
    scenes.expire(desk, ref)
    present(page, "being undone")
    scenes.close(desk, scenes.undo(desk, ref))
    present(page, "undone")
    expect(page.get_by_role("link", name="Ask for the same again")).to_be_visible()
    expect(page.get_by_label("Your comment")).to_have_value("half a")
    assert page.evaluate("() => window.same")


def test_a_decision_that_is_typed_stays_while_others_talk(visit: Visiting, desk: Desk) -> None:
    ref = scenes.checked(desk)["ref"]
    page = visit("partner").go(f"/tickets/{ref}")
    page.get_by_text("Grant less").click()
    page.get_by_label("Inbound ports").fill("80")
    note = page.get_by_label("Note, which the requester reads")
    note.fill("half a note")
    desk.post(f"tickets/{ref}/comments", {"text": "one more word"})
    expect(page.get_by_text("one more word")).to_be_visible(timeout=12_000)
    expect(note).to_have_value("half a note")
    expect(page.get_by_label("Inbound ports")).to_have_value("80")


def test_what_ends_a_window_is_asked_about_once(visit: Visiting, desk: Desk) -> None:
    ref = scenes.active(desk)["ref"]
    page = visit("member").go(f"/tickets/{ref}")
    page.get_by_text("Release it early").click()
    page.get_by_label("Why it is needed no longer").fill("mended")
    page.get_by_role("button", name="Release now: emoji, voting restart").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("The pods of emoji, voting restart.")
    dialog.get_by_role("button", name="Go back").click()
    assert desk.ticket(ref)["state"] == "active"
    page.get_by_role("button", name="Release now").click()
    page.get_by_role("dialog").get_by_role("button", name="Release now").click()
    present(page, "being undone")
    assert desk.ticket(ref)["end_reason"] == "mended"


def test_it_works_without_scripts(visit: Visiting, desk: Desk) -> None:
    ref = scenes.checked(desk)["ref"]
    page = visit("partner", Look("light", 1280, scripts=False)).go(f"/tickets/{ref}")
    page.get_by_text("Grant less").click()
    page.get_by_label("deployment/voting").uncheck()
    page.get_by_label("Note, which the requester reads").fill("one is enough")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Less was granted than was asked")).to_be_visible()
    assert desk.ticket(ref)["fields"]["workloads"] == ["deployment/emoji"]
