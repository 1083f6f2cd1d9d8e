"""Settings in a real browser: each page in many looks, empty, full and refused; the token that is copied once."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.api.desk import Desk
from tests.web.chromium.conftest import Visiting
from tests.web.chromium.visiting import LOOKS, Look

pytestmark = pytest.mark.chromium
PAGES = ("", "/tokens", "/notifications", "/absences", "/tenants", "/tenants/emojis")
LONG = "a-name-" + "x" * 190


def fill(desk: Desk) -> None:
    """Tokens, services, reasons and absences with names as long as they may be."""
    until = (datetime.now(UTC) + timedelta(days=9)).isoformat()
    away = {"to": "partner2", "tenant": "emojis", "until": until, "reason": LONG}
    assert desk.post("delegations", away, "owner").status_code == 201
    scopes = ["read", "request", "decide", "operate"]
    for name in (LONG, *(f"report {number}" for number in range(20))):
        desk.post("tokens", {"name": name, "scopes": scopes, "lifetime": "P30D"}, "owner")
    desk.post("tenants/emojis/services", {"name": "s" * 63, "title": LONG, "roles": ["tenant-owner"]}, "owner")
    for number in range(5):
        path = f"tenants/emojis/reject-templates/{'r' * 60}-{number}"
        desk.send("PUT", path, "owner", json={"text": f"{LONG}\n" * 10})


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_settings_hold_in_every_look_with_much_in_them(visit: Visiting, desk: Desk, look: Look) -> None:
    tab = visit("owner", look)
    fill(desk)
    for path in PAGES:
        tab.go(f"/settings{path}")
        tab.check()


def test_settings_hold_with_nothing_in_them(visit: Visiting) -> None:
    tab = visit("owner", LOOKS[0])
    for path in ("/absences", "/tenants/emojis", "/tokens?state=over"):
        tab.go(f"/settings{path}")
        tab.check()


@pytest.mark.parametrize("look", [LOOKS[0], LOOKS[3]], ids=str)
def test_what_is_refused_holds_too(visit: Visiting, desk: Desk, look: Look) -> None:
    tab = visit("owner", look)
    for path, opened, button in (
        ("/tokens", None, "Make the token"),
        ("/absences", None, "Leave my decisions to them"),
        ("/tenants/emojis", "Add a service", "Make the service"),
    ):
        page = tab.go(f"/settings{path}")
        page.evaluate("() => document.querySelectorAll('[required]').forEach((one) => { one.required = false; })")
        if opened is not None:
            page.get_by_text(opened).click()
        page.get_by_role("button", name=button).click()
        expect(page.get_by_role("alert")).to_be_visible()
        tab.check()


def test_a_token_is_made_copied_and_revoked_after_a_question(visit: Visiting, desk: Desk) -> None:
    tab = visit("owner")
    tab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = tab.go("/settings/tokens")
    page.get_by_label("What is it for?").fill("report at night")
    page.get_by_role("button", name="Make the token").click()
    page.get_by_role("button", name="Copy").first.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    token = page.locator("#token").inner_text()
    assert page.evaluate("() => navigator.clipboard.readText()") == token
    assert re.fullmatch(r"mdt_[A-Za-z0-9_-]{43}", token)
    tab.check()
    page = tab.go("/settings/tokens")
    expect(page.get_by_text(token)).to_have_count(0)
    page.get_by_role("button", name="Revoke report at night").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("stops working at once")
    dialog.get_by_role("button", name="Go back").click()
    assert desk.get("me", None, headers={"Authorization": f"Bearer {token}"}).status_code == 200
    page.get_by_role("button", name="Revoke report at night").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("status").filter(has_text="works no longer")).to_be_visible()
    assert desk.get("me", None, headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_without_scripts_a_token_is_made_and_revoked_all_the_same(visit: Visiting, desk: Desk) -> None:
    page = visit("owner", Look(scripts=False)).go("/settings/tokens")
    page.get_by_label("What is it for?").fill("report at night")
    page.get_by_role("button", name="Make the token").click()
    expect(page.get_by_text("export MESHDESK_TOKEN=")).to_be_visible()
    page.get_by_role("button", name="Revoke report at night").click()
    expect(page.get_by_text("That token works no longer.")).to_be_visible()
