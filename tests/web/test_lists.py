"""The list with its search, its count, the views that people keep, and the file."""

from __future__ import annotations

import html
import re

import pytest

from portal.web import tickets
from tests import world
from tests.api.desk import Desk
from tests.web.browser import Browser
from tests.web.ticket_forms import sign_in

HOSTILE = "<script>alert(1)</script>\"'>"


def keep(browser: Browser, name: str, query: str = "kind=generic") -> int:
    return browser.send("/tickets/filters", "/tickets", name=name, query=query).status_code


def test_the_search_is_in_the_address_and_in_its_field(local: Browser, desk: Desk) -> None:
    first, other = desk.checked()["ref"], desk.generic()["ref"]
    partner = sign_in(local, "partner")
    page = partner.get("/tickets?q=voting+vendor").text
    assert 'value="voting vendor"' in page
    assert f'href="/tickets/{first}"' in page
    assert f'href="/tickets/{other}"' not in page
    assert "1 ticket<" in page
    assert 'data-live="/tickets?q=voting+vendor"' in page
    none = partner.get("/tickets?q=nowhere").text
    assert "hold all of its words" in none
    assert "0 tickets<" in none


def test_what_was_typed_stays_words(local: Browser, desk: Desk) -> None:
    desk.checked()
    page = sign_in(local, "partner").get("/tickets", query_string={"q": HOSTILE, "requester": HOSTILE}).text
    assert "<script>alert" not in page
    assert html.escape(HOSTILE).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in page


@pytest.mark.parametrize("query", ["", "?waiting_for=me", "?kind=encryption-exception"])
def test_of_very_many_only_that_they_are_many_is_said(
    local: Browser, desk: Desk, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    monkeypatch.setattr(tickets, "MOST_COUNTED", 2)
    for port in ("2001", "2002", "2003"):
        desk.checked(fields=world.exception(inbound=port))
    page = sign_in(local, "partner").get(f"/tickets{query}{'&' if query else '?'}limit=1").text
    assert "more than 2 tickets" in page


def test_fields_that_few_need_are_open_when_they_are_used(local: Browser, desk: Desk) -> None:
    desk.checked()
    partner = sign_in(local, "partner")
    assert '<details class="more">' in partner.get("/tickets?state=pending").text
    page = partner.get("/tickets?requester=member&from=2020-01-01&until=2099-12-31").text
    assert '<details class="more" open>' in page
    assert 'type="date" name="from" value="2020-01-01"' in page
    assert "1 ticket<" in page


def test_a_view_is_kept_shown_and_forgotten(local: Browser, desk: Desk) -> None:
    desk.generic()
    partner = sign_in(local, "partner")
    assert "Keep this view" not in partner.get("/tickets").text
    assert "Keep this view" in partner.get("/tickets?kind=generic").text
    answer = partner.send("/tickets/filters", "/tickets", name=" Consoles ", query="kind=generic")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/tickets?kind=generic")
    page = partner.get("/tickets?kind=generic").text
    assert '<a href="/tickets?kind=generic" aria-current="page">Consoles</a>' in page
    assert "You keep this view as <strong>Consoles</strong>" in page
    assert "Consoles" not in sign_in(local, "member").get("/tickets").text
    answer = partner.send("/tickets/filters/forget", "/tickets", name="Consoles", query="kind=generic")
    assert answer.status_code == 303
    assert "Consoles" not in partner.get("/tickets").text


def test_a_view_that_cannot_be_kept_says_why_and_keeps_the_name(local: Browser, desk: Desk) -> None:
    desk.generic()
    partner = sign_in(local, "partner")
    refused = partner.send("/tickets/filters", "/tickets", name="with/slash" + HOSTILE, query="kind=generic")
    assert refused.status_code == 422
    assert 'role="alert"' in refused.text
    assert "without slashes" in refused.text
    assert 'value="with/slash&lt;script&gt;' in refused.text
    assert keep(partner, "x", "state=gone") == 422
    for number in range(30):
        assert keep(partner, f"view {number}") == 303
    assert keep(partner, "one more") == 422


def test_the_file_has_the_filters_of_the_page(local: Browser, desk: Desk) -> None:
    first = desk.checked()["ref"]
    desk.generic()
    partner = sign_in(local, "partner")
    found = re.search(r'href="(/tickets\.csv[^"]*)"', partner.get("/tickets?q=voting&limit=1").text)
    assert found is not None
    answer = partner.get(html.unescape(found[1]))
    assert answer.mimetype == "text/csv"
    assert [line.split(",")[0] for line in answer.text.splitlines()] == ["ref", first]
    assert local.get("/tickets.csv").status_code == 401
