"""The probe on a ticket's page and in the inbox, in every look: while it runs, and with what it came to."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from portal.mesh.probing.certificates import LONGEST_NAME, MOST_NAMES, CertificateFacts
from portal.mesh.probing.results import Finding, Result, Secured
from tests import world
from tests.api.desk import Desk
from tests.web import scenes
from tests.web.chromium.conftest import Visiting
from tests.web.chromium.visiting import LOOKS, Look

pytestmark = pytest.mark.chromium
NAMES = tuple(f"{'n' * (LONGEST_NAME - 20)}.{number}.example" for number in range(MOST_NAMES))
LONG = CertificateFacts(f"CN={'s' * (LONGEST_NAME - 3)}", f"CN={'i' * (LONGEST_NAME - 3)}", NAMES, scenes.SHOWN.ends)
MUCH = Finding(Result.VERIFIED, "It speaks TLS from the first byte (TLSv1.3).", Secured("tls", "TLSv1.3", "", LONG))
SORTS = [Finding(result, f"Why it is {result}.") for result in Result]
WORKLOADS = ["deployment/emoji", "deployment/voting", "deployment/web", "statefulset/store", "daemonset/agent"]


# Both pages show it by the same words: each in one narrow and one wide look.
PAGES = ("/tickets/{}", "/inbox?ticket={}", "/inbox?ticket={}", "/tickets/{}")


@pytest.mark.parametrize(("look", "address"), list(zip(LOOKS, PAGES, strict=True)), ids=str)
def test_what_the_probe_came_to_holds_in_every_look(visit: Visiting, desk: Desk, look: Look, address: str) -> None:
    ref = scenes.checked(desk, fields=world.exception(workloads=WORKLOADS))["ref"]
    tab = visit("partner", look)
    page = tab.go(address.format(ref))
    expect(page.get_by_text("Still being tried: a worker")).to_be_visible()
    tab.check()
    scenes.probed(desk, ref, MUCH, *SORTS[:4])
    page = tab.go(address.format(ref))
    expect(page.get_by_role("heading", name="Encrypted by the application")).to_be_visible()
    expect(page.locator("[data-part=probe] li")).to_have_count(5)
    tab.check()
