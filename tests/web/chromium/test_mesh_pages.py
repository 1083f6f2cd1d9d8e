"""Home, what is open, clusters and posture in a real browser: nothing wrong in any look, and what scripts do there."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from portal.models import Cluster
from portal.states import State
from tests import world
from tests.api.desk import Desk
from tests.certificates import write_down
from tests.web.chromium.conftest import Visiting
from tests.web.chromium.visiting import LOOKS, Look
from tests.web.inventory import LONGEST, SKIP_INBOUND, add_namespace, annotate, change, keep_away, take_away

pytestmark = pytest.mark.chromium
PATHS = ("/", "/live", "/clusters", "/clusters/practice", "/posture", "/posture?show=all")
MOST_BYTES = 150_000


def fill(desk: Desk) -> list[str]:
    """Open windows, late ones, long names, workloads of every standing, and a cluster that is away."""
    refs = [desk.active(fields=world.exception(inbound=str(7000 + number)))["ref"] for number in range(4)]
    desk.checked(reason="a reason of many words that goes on and on " * 5)
    change(desk.database, refs[0], expires_at=timedelta(minutes=-5))
    gone = {"ended_at": timedelta(minutes=-9), "problem": "admission webhook denied the request: " + "x" * 300}
    change(desk.database, refs[1], state=State.REVERTING, **gone)
    change(desk.database, refs[2], expires_at=None, duration_seconds=None)
    annotate(desk.database, "emoji", {SKIP_INBOUND: ",".join(str(7000 + 2 * number) for number in range(80))})
    made = [world.Workload("deployment", LONGEST), world.Workload("cronjob", "off", annotations={SKIP_INBOUND: "one"})]
    made += [world.Workload("deployment", f"{number}-{LONGEST}"[:253]) for number in range(40)]
    add_namespace(desk.database, LONGEST, made)
    ends = {"trust_anchor": timedelta(days=20), "issuer": None, "sp_validator": timedelta(hours=-3)}
    write_down(desk.database, **ends, proxy_injector=timedelta(days=300))
    keep_away(desk.database, "playground", "Connection refused: " + "y" * 200, timedelta(hours=3))
    with desk.database.unit_of_work() as session:
        session.get_one(Cluster, "practice").console = "https://grafana.example.com"
    return refs


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_full_pages_hold_in_every_look(visit: Visiting, desk: Desk, look: Look) -> None:
    fill(desk)
    tab = visit("owner", look)
    for path in PATHS:
        tab.go(path)
        assert len(tab.page.content()) < MOST_BYTES, path
        tab.check()


@pytest.mark.parametrize("look", LOOKS[:2], ids=str)
def test_empty_pages_hold(visit: Visiting, desk: Desk, look: Look) -> None:
    take_away(desk.database)
    tab = visit("member", look)
    for path in PATHS:
        tab.go(path)
        tab.check()


@pytest.mark.parametrize("look", LOOKS[:2], ids=str)
def test_what_operators_do_holds_also_when_it_is_refused(visit: Visiting, desk: Desk, look: Look) -> None:
    fill(desk)
    tab = visit("operator", look)
    tab.go("/clusters/practice").get_by_label("Why; everybody").fill("the upgrade")
    tab.page.evaluate("() => document.querySelector('[data-confirm]').removeAttribute('data-confirm')")
    tab.page.get_by_role("button", name="Pause").click()
    expect(tab.page.get_by_text("Paused by operator")).to_be_visible()
    tab.check()
    tab.go("/live/revoke-all").get_by_label("Why; everybody").fill("an incident")
    tab.page.get_by_role("button", name="Show what would be ended").click()
    expect(tab.page.get_by_role("alert")).to_contain_text("Name a tenant, a cluster or a kind")
    tab.check()
    tab.page.get_by_label("Tenant").select_option("emojis")
    tab.page.get_by_role("button", name="Show what would be ended").click()
    expect(tab.page.get_by_role("heading", name="3 tickets would be ended")).to_be_visible()
    tab.check()


def test_a_window_is_released_from_the_list_after_it_was_confirmed(visit: Visiting, desk: Desk) -> None:
    ref = desk.active()["ref"]
    page = visit("member").go("/live")
    page.get_by_text(f"End now: {ref}").click()
    page.get_by_label("Why; it stays on the ticket").fill("mended")
    page.get_by_role("button", name="Release now").click()
    expect(page.get_by_role("dialog")).to_contain_text(f"Release {ref} now: what it opened is taken back")
    assert desk.ticket(ref)["state"] == "active"
    page.get_by_role("dialog").get_by_role("button", name="Release now").click()
    expect(page.locator(".chip", has_text="Reverting")).to_be_visible()
    assert page.url.endswith("/live")
    assert desk.ticket(ref)["end_reason"] == "mended"


def test_the_list_stays_true_and_leaves_what_is_typed(visit: Visiting, desk: Desk) -> None:
    first = desk.active()["ref"]
    tab = visit("member")
    tab.page.clock.install()
    page = tab.go("/live")
    expect(page.get_by_role("heading", name="1 window open")).to_be_visible()
    page.get_by_text(f"End now: {first}").click()
    typed = page.get_by_label("Why; it stays on the ticket")
    typed.fill("half a sent")
    second = desk.active(fields=world.exception(inbound="7000"))["ref"]
    page.clock.run_for(13_000)
    expect(page.get_by_role("heading", name="2 windows open")).to_be_visible()
    expect(typed).to_have_value("half a sent")
    typed.fill("")
    typed.blur()
    page.clock.run_for(13_000)
    expect(page.get_by_role("link", name=second, exact=True)).to_be_visible()


def test_the_end_of_a_window_counts_down_on_the_first_page(visit: Visiting, desk: Desk) -> None:
    desk.active()
    page = visit("member").go("/")
    expect(page.locator(".lead time[data-until]").first).to_have_text(re.compile(r"00:2\d:\d\d"))


def test_pages_work_without_scripts(visit: Visiting, desk: Desk) -> None:
    ref = desk.active()["ref"]
    page = visit("member", Look(scripts=False)).go("/live")
    page.get_by_text(f"End now: {ref}").click()
    page.get_by_label("Why; it stays on the ticket").fill("mended")
    page.get_by_role("button", name="Release now").click()
    expect(page.locator(".chip", has_text="Reverting")).to_be_visible()
