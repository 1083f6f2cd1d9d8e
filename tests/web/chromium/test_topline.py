"""The page Traffic in a real browser: nothing wrong in any look, full and empty, and it keeps itself true."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from portal.models import Cluster
from tests import traffic, world
from tests.api.desk import Desk
from tests.web.chromium.conftest import Visiting
from tests.web.chromium.visiting import LOOKS, Look
from tests.web.inventory import LONGEST, add_namespace, take_away

pytestmark = pytest.mark.chromium
HERE = ("practice", "emojivoto")


def fill(desk: Desk) -> None:
    """More than a page of workloads, failing ones among them, the longest names, and a cluster that is away."""
    add_namespace(desk.database, LONGEST, [world.Workload("deployment", LONGEST)])
    traffic.put(desk.database, ("practice", LONGEST), LONGEST, success=0.5, requests=123456.0, p99=98765.4)
    traffic.put(desk.database, HERE, "emoji", success=0.75, hour=traffic.failing(10), p50=3.0, p95=40.0, p99=98.5)
    traffic.put(desk.database, HERE, "ledger", kind="statefulset", requests=0.0, success=None, meshed=None, hour=[])
    for number in range(45):
        traffic.put(desk.database, HERE, f"w{number}", requests=number / 7, success=0.999, p50=2.1, p95=9.0, p99=12.25)
    problem = "It cannot be reached; it is asked again by itself. " * 4
    traffic.told(desk.database, "playground", problem, age=timedelta(hours=2), source="viz")
    with desk.database.unit_of_work() as session:
        session.get_one(Cluster, "practice").console = "https://grafana.example.com"


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_the_full_page_holds_in_every_look(visit: Visiting, desk: Desk, look: Look) -> None:
    fill(desk)
    tab = visit("owner", look)
    tab.go("/topline")
    tab.check()


@pytest.mark.parametrize("look", LOOKS[:2], ids=str)
def test_pages_without_figures_hold(visit: Visiting, desk: Desk, look: Look) -> None:
    traffic.told(desk.database, "practice", "Figures come from Viz here, and Viz is not open now.", source="viz")
    tab = visit("member", look)
    tab.go("/topline")
    tab.check()
    take_away(desk.database)
    tab.go("/topline")
    tab.check()


def test_the_page_keeps_itself_true(visit: Visiting, desk: Desk) -> None:
    traffic.put(desk.database, HERE, "emoji", success=1.0)
    tab = visit("member")
    page = tab.go("/topline")
    expect(page.get_by_role("heading", level=1)).to_have_text("No workload of yours fails more than 1 request in 100")
    traffic.put(desk.database, HERE, "web", success=0.5)
    page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_role("heading", level=1)).to_contain_text("1 of 2 workloads", timeout=40_000)
