"""What is open now: who sees what, in which order, what one may do about it, and ending many at once."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from portal.db import Database, database_now
from portal.queries import windows
from portal.states import State
from tests import world
from tests.api.desk import Desk
from tests.web.browser import Browser
from tests.web.inventory import change
from tests.web.ticket_forms import forms_on, sign_in

REF = re.compile(r'<th scope="row"><a href="/tickets/(MD-\d+)"')
SEEN = re.compile(r'name="seen" value="([0-9a-f]{64})"')


def opened(desk: Desk, number: int, **values: object) -> str:
    ref: str = desk.active(fields=world.exception(inbound=str(7000 + number)))["ref"]
    change(desk.database, ref, **values)
    return ref


def stuck(desk: Desk, number: int) -> str:
    gone = {"ended_at": timedelta(minutes=-9), "problem": "The webhook denied the request."}
    return opened(desk, number, state=State.REVERTING, **gone)


def test_late_ones_first_then_by_their_end_and_those_without_one_last(local: Browser, desk: Desk) -> None:
    forever = opened(desk, 1, expires_at=None, duration_seconds=None)
    later, sooner = opened(desk, 2, expires_at=timedelta(hours=3)), opened(desk, 3, expires_at=timedelta(hours=1))
    late, hindered = opened(desk, 4, expires_at=timedelta(minutes=-4)), stuck(desk, 5)
    page = sign_in(local, "member").get("/live").text
    assert REF.findall(page) == [hindered, late, sooner, later, forever]
    assert "2 windows late, 3 open in time</h1>" in page
    assert "not undone for 9 min" in page
    assert "past its end for 4 min" in page
    assert '<p class="refused">The webhook denied the request.</p>' in page
    assert page.count('class="chip late"') == 2


def test_one_sees_the_windows_of_ones_tenants(local: Browser, desk: Desk) -> None:
    ref = opened(desk, 1)
    desk.checked(fields=world.exception(inbound="6000"))
    for who in ("member2", "partner", "operator", "auditor"):
        assert REF.findall(sign_in(local, who).get("/live").text) == [ref]
    books = sign_in(local, "outsider").get("/live").text
    assert "Nothing is open" in books
    assert 'href="/new"' in books


@pytest.mark.parametrize(
    ("who", "offered", "extends"),
    [
        ("member", {"release"}, True),
        ("member2", set(), True),
        ("owner", {"release", "revoke"}, True),
        ("partner", {"revoke"}, True),
        ("operator", {"revoke"}, False),
        ("auditor", set(), False),
    ],
)
def test_each_is_offered_what_they_may_do(
    local: Browser, desk: Desk, who: str, offered: set[str], extends: bool
) -> None:
    ref = opened(desk, 1)
    page = sign_in(local, who).get("/live").text
    assert forms_on(page) == offered
    assert (f'href="/new/encryption-exception?renews={ref}"' in page) is extends


def test_a_window_is_ended_from_the_list_and_one_stays_there(local: Browser, desk: Desk) -> None:
    first, second = opened(desk, 1), opened(desk, 2)
    owner = sign_in(local, "owner")
    here = "/live?cluster=practice"
    answer = owner.send(f"/tickets/{first}/release", here, reason="mended", next=here)
    assert (answer.status_code, answer.headers["Location"]) == (303, here)
    assert desk.ticket(first)["end_reason"] == "mended"
    assert "<strong>being undone</strong>" in owner.get(here).text
    refused = owner.send(f"/tickets/{second}/revoke", "/live", reason=" ", next="/live")
    assert refused.status_code == 422
    assert 'role="alert"' in refused.text
    assert desk.ticket(second)["state"] == "active"


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "evil"])
def test_no_form_leads_elsewhere(local: Browser, desk: Desk, elsewhere: str) -> None:
    ref = opened(desk, 1)
    answer = sign_in(local, "member").send(f"/tickets/{ref}/release", "/live", reason="mended", next=elsewhere)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


def test_what_cannot_be_undone_is_tried_again_by_those_who_may(local: Browser, desk: Desk) -> None:
    ref = stuck(desk, 1)
    assert "retry" not in forms_on(sign_in(local, "auditor").get("/live").text)
    operator = sign_in(local, "operator")
    assert forms_on(operator.get("/live").text) == {"retry"}
    assert operator.send(f"/tickets/{ref}/retry", "/live", next="/live").headers["Location"] == "/live"


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("cluster=practice", True),
        ("cluster=playground", False),
        ("kind=encryption-exception&tenant=emojis&cluster=", True),
        ("kind=viz-enablement", False),
        ("tenant=books", False),
    ],
)
def test_filters_are_in_the_address(local: Browser, desk: Desk, query: str, shown: bool) -> None:
    ref = opened(desk, 1)
    page = sign_in(local, "operator").get(f"/live?{query}").text
    assert (ref in page) is shown
    assert ("No open window is like that" in page) is not shown
    assert f'data-live="/live?{query.removesuffix("&cluster=").replace("&", "&amp;")}"' in page


@pytest.mark.parametrize("query", ["nonsense=1", "after=x", "after=none/x", "after=2026-13-01/7"])
def test_filters_that_are_none_are_refused(local: Browser, query: str) -> None:
    assert sign_in(local, "member").get(f"/live?{query}").status_code == 422


def test_the_next_page_goes_on_where_this_one_ends(local: Browser, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.web.live.PER_PAGE", 2)
    same = timedelta(hours=2)
    refs = [opened(desk, number, expires_at=same) for number in range(3)]
    refs.append(opened(desk, 9, expires_at=None))
    member, seen, path = sign_in(local, "member"), [], "/live?kind=encryption-exception"
    while path:
        page = member.get(path).text
        seen.append(REF.findall(page))
        onward = re.search(r'href="(/live\?[^"]+)" rel="next"', page)
        path = onward[1].replace("&amp;", "&") if onward else ""
    assert [ref for found in seen for ref in found] == refs
    assert [len(found) for found in seen] == [2, 2]


def test_many_are_ended_at_once_after_they_were_shown(local: Browser, desk: Desk) -> None:
    first, second, pending = (
        opened(desk, 1),
        opened(desk, 2),
        desk.checked(fields=world.exception(inbound="6000"))["ref"],
    )
    operator = sign_in(local, "operator")
    said = {"tenant": "emojis", "cluster": "", "kind": "", "reason": "an incident"}
    shown = operator.send("/live/revoke-all", "/live/revoke-all", **said)
    assert shown.status_code == 200
    assert "2 tickets would be ended" in shown.text
    assert "Left alone: 1 ticket that opened nothing yet" in shown.text
    assert pending in shown.text
    assert desk.ticket(first)["state"] == "active"
    seen = SEEN.search(shown.text)
    assert seen is not None
    done = operator.send("/live/revoke-all", "/live/revoke-all", **said, seen=seen[1])
    assert "2 tickets ended</h1>" in done.text
    assert {desk.ticket(ref)["outcome"] for ref in (first, second)} == {"revoked"}
    assert desk.ticket(first)["end_reason"] == "an incident"


def test_what_was_not_shown_is_not_ended(local: Browser, desk: Desk) -> None:
    first = opened(desk, 1)
    operator, said = sign_in(local, "operator"), {"cluster": "practice", "reason": "an <incident>"}
    seen = SEEN.search(operator.send("/live/revoke-all", "/live/revoke-all", **said).text)
    assert seen is not None
    second = opened(desk, 2)
    again = operator.send("/live/revoke-all", "/live/revoke-all", **said, seen=seen[1])
    assert again.status_code == 412
    assert "nothing was ended" in again.text
    assert "2 tickets would be ended" in again.text
    assert "an &lt;incident&gt;</textarea>" in again.text
    assert {desk.ticket(ref)["state"] for ref in (first, second)} == {"active"}


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"reason": "an incident"}, "Name a tenant, a cluster or a kind"),
        ({"tenant": "emojis", "reason": " "}, 'role="alert"'),
        ({"tenant": "nobody", "reason": "an incident"}, "There is no tenant nobody"),
    ],
)
def test_a_revocation_that_says_too_little_is_refused(local: Browser, said: dict[str, str], words: str) -> None:
    answer = sign_in(local, "operator").send("/live/revoke-all", "/live/revoke-all", **said)
    assert answer.status_code == 422
    assert words in answer.text
    assert said["reason"] in answer.text


@pytest.mark.parametrize("who", ["member", "owner", "partner", "auditor"])
def test_only_operators_end_many_at_once(local: Browser, desk: Desk, who: str) -> None:
    ref, browser = opened(desk, 1), sign_in(local, who)
    assert browser.get("/live/revoke-all").status_code == 403
    assert "/live/revoke-all" not in browser.get("/live").text
    said = {"tenant": "emojis", "reason": "an incident"}
    assert browser.send("/live/revoke-all", "/live", **said).status_code == 403
    assert desk.ticket(ref)["state"] == "active"


def test_each_kind_of_database_has_the_same_pages(browser: Browser, database: Database) -> None:
    desk = Desk(browser.app.test_client(), database)
    forever = opened(desk, 1, expires_at=None, duration_seconds=None)
    later, sooner = opened(desk, 2, expires_at=timedelta(hours=3)), opened(desk, 3, expires_at=timedelta(hours=1))
    late, hindered = opened(desk, 4, expires_at=timedelta(minutes=-4)), stuck(desk, 5)
    browser.sign_in(preferred_username="member")
    assert REF.findall(browser.get("/live").text) == [hindered, late, sooner, later, forever]
    with database.reading() as session:
        wanted = windows.Wanted(world.actor(session, "member"), database_now(session), tenant="emojis")
        assert windows.count(session, wanted) == (3, 2)
        first = windows.windows(session, wanted, after=None, limit=2)
        last = windows.windows(session, wanted, after=(windows.end_of(first[-1]), first[-1].id), limit=2)
        assert [one.ref for one in [*first, *last]] == [sooner, later, forever]
        assert windows.windows(session, wanted, after=(None, last[-1].id), limit=2) == []
    for path, words in (
        ("/", "2 windows are late"),
        ("/clusters", "2 clusters, each read lately"),
        ("/clusters/practice", "past the proxy: outbound 443"),
        ("/posture", "18 of 22 workloads of yours"),
        ("/posture?show=all&after=practice/emojivoto/deployment/voting", "statefulset/<wbr>store"),
    ):
        answer = browser.get(path)
        assert (answer.status_code, words in answer.text) == (200, True), path
