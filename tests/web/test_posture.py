"""The page of posture: how far everything that one may see is encrypted, and whether a ticket explains the rest."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from portal.db import Database
from portal.models import InventoryNamespace
from portal.queries import encryption
from tests import world
from tests.api.desk import Desk
from tests.web.browser import Browser
from tests.web.inventory import ANNOTATED, SKIP_INBOUND, add_namespace, annotate, change, keep_away, take_away
from tests.web.ticket_forms import sign_in

ROW = re.compile(r"<tr><th scope=\"row\"><code>([a-z]+)/<wbr>([^<]+)</code>")
UNEXPLAINED = "no ticket explains this"


def names_on(page: str) -> list[str]:
    return [name for _, name in ROW.findall(page)]


def test_what_is_not_encrypted_in_whole_is_listed_with_why(local: Browser, desk: Desk) -> None:
    page = sign_in(local, "member").get("/posture").text
    assert "18 of 22 workloads of yours are encrypted in whole</h1>" in page
    assert names_on(page) == ["outside", "web", "outside", "web"]
    assert page.count(UNEXPLAINED) == 4
    assert "No ticket explains 4 of the 4 that are not" in page
    assert "As workers last saw it" in page
    assert "bookstore" not in page


def test_a_live_ticket_explains_what_it_granted_and_no_more(local: Browser, desk: Desk) -> None:
    annotate(desk.database, "emoji", {SKIP_INBOUND: "8080,9000-9010"})
    annotate(desk.database, "voting", {SKIP_INBOUND: "8080,9000-9010,3306"})
    ref = desk.active()["ref"]
    member = sign_in(local, "member")
    page = member.get("/posture?namespace=emojivoto&cluster=practice").text
    assert names_on(page) == ["emoji", "outside", "voting", "web"]
    assert page.count(f'href="/tickets/{ref}"') == 2
    assert f"{UNEXPLAINED}: inbound 3306" in page
    assert names_on(member.get("/posture?show=unexplained&cluster=practice").text) == ["outside", "voting", "web"]


def test_a_ticket_that_turned_the_proxy_off_explains_that_there_is_none(local: Browser, desk: Desk) -> None:
    fields = world.exception(workloads=["deployment/emoji"], mode="disable-injection", inbound="", outbound="")
    ref = desk.checked(fields=fields)["ref"]
    for who in ("owner", "partner"):
        desk.decide(ref, desk.ticket(ref)["version"], who)
    assert desk.ticket(ref)["state"] == "approved"
    annotate(desk.database, "emoji", {"linkerd.io/inject": "disabled"})
    member = sign_in(local, "member")
    assert "emoji" in names_on(member.get("/posture?show=unexplained").text)
    change(desk.database, ref, state="active", writing_from=timedelta(0), expires_at=timedelta(hours=2))
    assert "emoji" not in names_on(member.get("/posture?show=unexplained").text)
    assert f'href="/tickets/{ref}"' in member.get("/posture").text


def test_all_encrypted_and_nothing_seen_each_say_so(local: Browser, desk: Desk) -> None:
    take_away(desk.database, "outside", "web")
    member = sign_in(local, "member")
    page = member.get("/posture").text
    assert "All 18 workloads of yours are encrypted</h1>" in page
    assert "Everything is encrypted" in page
    assert len(names_on(member.get("/posture?show=all").text)) == 18
    take_away(desk.database)
    assert "Nothing is known yet" in member.get("/posture").text


def test_who_sees_everything_sees_every_tenant_and_filters(local: Browser, desk: Desk) -> None:
    auditor = sign_in(local, "auditor")
    assert len(names_on(auditor.get("/posture").text)) == 6
    books = auditor.get("/posture?tenant=books").text
    assert names_on(books) == ["outside", "web"]
    assert 'value="books"' in books
    none = auditor.get("/posture?tenant=nobody").text
    assert "Nothing that you may see is like that" in none
    assert "Nothing that you may see" in sign_in(local, "member").get("/posture?tenant=books").text


@pytest.mark.parametrize("query", ["show=nonsense", "nonsense=1", "after=x"])
def test_filters_that_are_none_are_refused(local: Browser, query: str) -> None:
    assert sign_in(local, "member").get(f"/posture?{query}").status_code == 422


@pytest.mark.parametrize("show", ["", "unexplained", "all"])
def test_the_next_page_goes_on_where_this_one_ends(
    local: Browser, desk: Desk, monkeypatch: pytest.MonkeyPatch, show: str
) -> None:
    monkeypatch.setattr("portal.web.posture.PER_PAGE", 3)
    skipping = {SKIP_INBOUND: "3306"}
    made = [world.Workload("deployment", f"one-{number}", annotations=skipping) for number in range(8)]
    add_namespace(desk.database, "till", made)
    member, seen, path = sign_in(local, "member"), [], f"/posture?namespace=till&show={show}"
    while path:
        page = member.get(path).text
        seen.append(names_on(page))
        onward = re.search(r'href="(/posture\?[^"]+)" rel="next"', page)
        path = onward[1].replace("&amp;", "&") if onward else ""
    assert [len(one) for one in seen] == [3, 3, 2]
    assert [name for one in seen for name in one] == [one.name for one in made]


def test_too_many_to_look_through_are_said_to_be(local: Browser, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.web.posture.MOST_OPEN", 2)
    page = sign_in(local, "member").get("/posture").text
    assert "Only the first 2 that are not encrypted in whole were looked through" in page


def test_an_old_view_is_said_to_be_old(local: Browser, desk: Desk) -> None:
    keep_away(desk.database, "playground", "Connection refused.", timedelta(hours=3))
    page = sign_in(local, "member").get("/posture").text
    assert "playground</a> cannot be vouched for:</strong> Connection refused. Read 3 h ago." in page
    assert "practice: read less than a minute ago." in page


def test_each_kind_of_database_finds_the_same(database: Database) -> None:
    skipping = {SKIP_INBOUND: "3306"}
    kinds = ("deployment", "cronjob", "pod", "job")
    add_namespace(database, "till", [world.Workload(kind, f"a-{kind}", annotations=skipping) for kind in kinds])
    add_namespace(database, "inherits", [world.Workload("deployment", "all-of-it")])
    with database.unit_of_work() as session:
        said = {**ANNOTATED["annotations"], SKIP_INBOUND: "5432"}
        seen = session.query(InventoryNamespace).filter_by(name="inherits").one()
        seen.metadata_ = {"annotations": said}
    with database.reading() as session:
        by = world.actor(session, "member")
        found = encryption.tallies(session, encryption.Scope(cluster="practice"), by=by)
        counts = {one.namespace: (one.encrypted, one.partly, one.unmeshed) for one in found}
        assert counts == {"emojivoto": (9, 1, 1), "till": (0, 4, 0), "inherits": (0, 1, 0)}
        scope = encryption.Scope(namespace="till")
        lines = encryption.lines(session, scope, by=by, after=None, limit=3)
        rest = encryption.lines(session, scope, by=by, after=lines[-1].key, limit=3)
        assert sorted(one.kind for one in [*lines, *rest]) == sorted(kinds)
        assert {one.skips.words for one in [*lines, *rest]} == {"inbound 3306"}
        opened = encryption.open_lines(session, encryption.Scope(cluster="practice"), by=by, limit=50)
        assert [one.name for one in opened if one.namespace == "inherits"] == ["all-of-it"]
        assert len(opened) == 7
