"""The probe on a ticket's page and in the inbox: that it runs, what it came to, port by port, and marks of it."""

from __future__ import annotations

from html import unescape

from portal.mesh.probing.results import Finding, Result
from tests.api.desk import Desk
from tests.web import scenes
from tests.web.browser import Browser
from tests.web.test_inbox import marks_of
from tests.web.ticket_forms import sign_in


def test_the_page_says_that_the_probe_runs_and_what_it_came_to(local: Browser, desk: Desk) -> None:
    ref = scenes.checked(desk)["ref"]
    browser = sign_in(local, "partner")
    page = browser.get(f"/tickets/{ref}").text
    assert "Still being tried" in page
    assert 'data-every="2"' in page
    scenes.probed(desk, ref, scenes.ENCRYPTS, scenes.CLEAR)
    page = unescape(browser.get(f"/tickets/{ref}").text)
    assert "Encrypted by the application: <strong>contradicted</strong>" in page
    assert "<strong>Verified</strong> <code>deployment/emoji</code> inbound 8080 (pod emoji-1)" in page
    assert "Certificate of CN=emoji for emoji.svc, from CN=Emojis CA, ends 2026-03-01 10:00 UTC" in page
    assert "<strong>Contradicted</strong> <code>deployment/voting</code>" in page
    assert "tried whether the application encrypts" in page
    assert 'data-every="5"' in page


def test_the_inbox_marks_what_is_contradicted_and_shows_why(local: Browser, desk: Desk) -> None:
    ref = scenes.checked(desk)["ref"]
    browser = sign_in(local, "partner")
    assert marks_of(browser.get("/inbox").text, ref) == ["production"]
    scenes.probed(desk, ref, scenes.CLEAR)
    page = browser.get("/inbox").text
    assert marks_of(page, ref) == ["production", "encryption contradicted"]
    assert "It answers in clear text: HTTP." in page


def test_what_a_server_calls_itself_is_escaped(local: Browser, desk: Desk) -> None:
    ref = scenes.checked(desk)["ref"]
    scenes.probed(desk, ref, Finding(Result.NO_ANSWER, "<script>alert(1)</script>"))
    page = sign_in(local, "partner").get(f"/tickets/{ref}").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
