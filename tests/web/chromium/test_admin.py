"""Admin in a real browser: each page in many looks, with little and with much; the overview keeps itself true."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect
from sqlalchemy import select, update

from portal.db import database_now
from portal.models import Cluster, Delivery, InventoryCluster, Message, Namespace, Person, Tenant, Ticket
from portal.tickets.moving import number_of
from tests import world
from tests.api.desk import Desk
from tests.web.chromium.conftest import Visiting
from tests.web.chromium.visiting import LOOKS, Look

pytestmark = pytest.mark.chromium
PAGES = ("", "/deliveries", "/people", "/people/member", "/tokens", "/registry", "/policy")
QUESTION = "/policy?kind=generic&environment=production"
IMPOSSIBLE = "/policy?kind=generic&environment=production&mode=skip-ports"
LONG = "x" * 128


def break_much(desk: Desk) -> str:
    """What is late, failing, away, lost and long, all at once; the ticket that could not be undone."""
    desk.failed()
    past = desk.active(fields=world.exception(inbound="7000"))["ref"]
    stuck = desk.active(fields=world.exception(inbound="7001"))["ref"]
    desk.expire(stuck)
    with desk.database.unit_of_work() as session:
        now = database_now(session)
        ends = {"expires_at": now - timedelta(minutes=5)}
        session.execute(update(Ticket).where(Ticket.id == number_of(past)).values(**ends))
        undo = {"ended_at": now - timedelta(hours=3), "problem": f"No route to {LONG}", "attempts": 7}
        session.execute(update(Ticket).where(Ticket.id == number_of(stuck)).values(**undo))
        session.execute(update(Message).values(due_at=now - timedelta(minutes=10)))
        session.execute(update(InventoryCluster).values(problem=f"No route to {LONG}", tried_at=now))
        session.execute(update(Cluster).values(paused_at=now, paused_by=LONG, pause_reason="An upgrade."))
        for delivery in session.scalars(select(Delivery)):
            delivery.no_channel_at, delivery.given_up_at, delivery.problem = None, now, f"550 {LONG}"
        session.add_all(Person(name=f"{number}-{'y' * 120}", title=LONG) for number in range(60))
        session.add_all(Tenant(name=f"{number}-{'t' * 60}", title=LONG) for number in range(30))
        session.add_all(Namespace(cluster="practice", name=f"{'n' * 60}-{one}", tenant_id=1) for one in range(60))
    return stuck


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_admin_holds_in_every_look_with_much_in_it(visit: Visiting, desk: Desk, look: Look) -> None:
    tab = visit("operator", look)
    break_much(desk)
    for path in PAGES:
        page = tab.go(f"/admin{path}")
        assert len(page.content()) < 150_000
        tab.check()


@pytest.mark.parametrize("look", [LOOKS[0], LOOKS[3]], ids=str)
def test_admin_holds_with_nothing_in_it_and_with_what_is_refused(visit: Visiting, look: Look) -> None:
    tab = visit("auditor", look)
    for path in ("", "/deliveries", "/people?search=nobody", "/registry?search=nothing", QUESTION, IMPOSSIBLE):
        tab.go(f"/admin{path}")
        tab.check()


def test_the_overview_stays_true_and_says_so(visit: Visiting, desk: Desk) -> None:
    tab = visit("operator")
    tab.page.clock.install()
    page = tab.go("/admin")
    expect(page.get_by_role("heading", level=1)).to_have_text("Something needs a look")
    stuck = break_much(desk)
    page.clock.fast_forward(30_000)
    expect(page.get_by_role("heading", level=1)).to_have_text("Something is late")
    expect(page.locator("#said")).to_contain_text("2 tickets are open past the end")
    page.get_by_role("button", name=f"Try {stuck} again").click()
    page.wait_for_url(f"**/tickets/{stuck}")
    assert tab.trouble == []
    assert desk.events(stuck)[-1]["type"] == "work:retried"


def test_somebody_is_deactivated_after_a_question(visit: Visiting, desk: Desk) -> None:
    page = visit("operator").go("/admin/people?search=member")
    page.get_by_role("link", name="The member", exact=True).click()
    page.get_by_text("Let them act no more").click()
    page.get_by_label("Why?").fill("left the company")
    page.get_by_role("button", name="Deactivate member").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("handed over")
    dialog.get_by_role("button", name="Deactivate member").click()
    expect(page.get_by_text("They can do nothing more")).to_be_visible()
    assert desk.get("me").status_code == 401
