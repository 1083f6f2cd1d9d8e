"""The guard's part of a cluster's page in a real browser, in every look."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.api.desk import Desk
from tests.web.chromium.conftest import Visiting
from tests.web.chromium.visiting import LOOKS, Look
from tests.web.guard import add_namespaces, in_step, late, switch
from tests.web.inventory import LONGEST

pytestmark = pytest.mark.chromium
HERE = "/clusters/practice"
MISSING = "ValidatingAdmissionPolicy meshdesk-guard-workloads is missing."


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_all_that_can_be_wrong_holds_in_every_look(visit: Visiting, desk: Desk, look: Look) -> None:
    for mode in ("deny", "warn", "audit", "off"):
        add_namespaces(desk.database, 15, mode)
    wrong = {**in_step(), "in_step_at": None, "amiss": [MISSING] * 8, "lines": late(30, LONGEST)}
    switch(desk.database, "deny", **wrong)
    tab = visit("operator", look)
    tab.go(HERE)
    tab.check()


def test_it_holds_where_it_cannot_be_looked_at(visit: Visiting, desk: Desk) -> None:
    switch(desk.database, "deny", **in_step(), problem="The cluster does not let Meshdesk read " + "x" * 200)
    tab = visit("member", LOOKS[0])
    tab.go(HERE)
    tab.check()


def test_the_button_asks_once_and_the_page_says_that_a_worker_comes(visit: Visiting, desk: Desk) -> None:
    switch(desk.database, "deny", **in_step())
    tab = visit("operator", LOOKS[0])
    tab.go(HERE)
    expect(tab.page.get_by_text("In step with the live tickets")).to_be_visible()
    tab.page.get_by_role("button", name="Put it into force").click()
    tab.page.get_by_role("dialog").get_by_role("button", name="Put it into force").click()
    expect(tab.page.get_by_text("No worker has come to it yet.")).to_be_visible()
