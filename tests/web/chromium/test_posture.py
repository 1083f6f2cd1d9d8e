"""The pages of a posture that was read, in a real browser: in any look, with much, with nothing, and refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from portal.db import database_now
from portal.mesh.holes import Code
from portal.models import Namespace, Tenant
from tests import postures
from tests.api.desk import Desk
from tests.web.chromium.conftest import Visiting
from tests.web.chromium.visiting import LOOKS, Look
from tests.web.inventory import LONGEST

pytestmark = pytest.mark.chromium
PATHS = ("/posture", "/posture?show=explained", "/posture?show=leftovers", "/posture?show=all&span=week", "/")


def fill(desk: Desk) -> None:
    """Every sort of finding, the longest names, a ticket of one, a history with a gap, a reading that failed."""
    ref = desk.active()["ref"]
    with desk.database.unit_of_work() as session:
        now = database_now(session)
        postures.reading(session, now - timedelta(minutes=3))
        failed = {"problem": f"Connection refused: {'y' * 200}", "tried_at": now}
        postures.reading(session, now - timedelta(hours=3), cluster="playground", **failed)
        tenant = session.query(Tenant).filter_by(name="emojis").one()
        session.add(Namespace(cluster="practice", name=LONGEST, tenant_id=tenant.id))
        session.flush()
        for code in Code:
            postures.hole(session, now, "emoji", code)
        part = {"tickets": [int(ref[3:])], "ticket_id": int(ref[3:])}
        postures.hole(session, now, "web", Code.SKIP_INBOUND, **part)
        postures.hole(session, now, LONGEST, Code.UNMESHED, namespace=LONGEST, made_by="m" * 200)
        postures.hole(session, now, "voting", Code.DEBUG, unexplained_since=None, **part)
        postures.hole(session, now, "cache", Code.UNMESHED, namespace="tools", made_by=None)
        for number, standing in enumerate(("encrypted", "partly", "unmeshed") * 20):
            postures.workload(session, now, f"{number}-{LONGEST}"[:253], standing, namespace=LONGEST)
        for hours in (*range(6), *range(12, 100)):
            at = now - timedelta(hours=hours)
            counts = {"encrypted": 40 - hours // 5, "partly": 9, "unmeshed": 6 + hours // 5, "unexplained": hours % 9}
            for minutes in (0, 20, 40):
                postures.count(session, at + timedelta(minutes=minutes), tenant_id=tenant.id, **counts)


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_full_pages_hold_in_every_look(visit: Visiting, desk: Desk, look: Look) -> None:
    fill(desk)
    tab = visit("operator", look)
    for path in PATHS:
        tab.go(path)
        tab.check()


@pytest.mark.parametrize("look", LOOKS[:2], ids=str)
def test_pages_of_a_mesh_without_holes_hold(visit: Visiting, desk: Desk, look: Look) -> None:
    with desk.database.unit_of_work() as session:
        now = database_now(session)
        postures.reading(session, now)
        postures.workload(session, now, "emoji")
    tab = visit("member", look)
    for path in PATHS:
        tab.go(path)
        tab.check()
    expect(tab.go("/posture").get_by_role("heading", level=1)).to_have_text("The 1 workload of yours is encrypted")


@pytest.mark.parametrize("look", LOOKS[:2], ids=str)
def test_tickets_are_made_and_refused_on_the_page(visit: Visiting, desk: Desk, look: Look) -> None:
    fill(desk)
    tab = visit("operator", look)
    page = tab.go("/posture?code=unmeshed&namespace=emojivoto")
    page.get_by_text("Close it for unmeshed on deployment emoji").click()
    page.get_by_label("Why; the tenant reads it").last.fill("x" * 20)
    page.evaluate("() => document.querySelectorAll('textarea').forEach((one) => { one.value = ' x'; })")
    page.evaluate(
        "() => document.querySelectorAll('[data-confirm]').forEach((one) => one.removeAttribute('data-confirm'))"
    )
    page.get_by_role("button", name="Close it: pods restart").first.click()
    expect(page.get_by_text("closes what was there before it").or_(page.get_by_text("Anything else"))).to_be_visible()
    tab.check()
    tab.go("/posture/adoptions").get_by_label("Why; the tenants").fill("all that was there before")
    page.get_by_role("button", name="Show what would be made").click()
    expect(page.get_by_role("heading", name="would be made")).to_be_visible()
    tab.check()
