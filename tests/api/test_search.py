"""Finding tickets: by words, time, environment and person; views that are kept; the list as a file."""

from __future__ import annotations

import csv
import io
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import select

from portal.db import database_now
from portal.models import TicketWord
from portal.queries import search
from portal.tickets import deciding
from portal.tickets.moving import number_of
from tests import world
from tests.api.desk import Desk, said

OTHER: dict[str, Any] = {"fields": {"title": "A dashboard", "text": "Read-only, please."}, "reason": "yearly audit"}


def found(desk: Desk, query: str, who: str = "partner") -> list[str]:
    answer = desk.get(f"tickets?{query}", who)
    assert answer.status_code == 200, answer.text
    return [one["ref"] for one in said(answer)["items"]]


@pytest.mark.parametrize("few", [search.FEW, 0], ids=["few", "many"])
@pytest.mark.parametrize(
    ("sought", "hits"),
    [
        ("MD-1", "first"),
        ("md-2", "other"),
        ("2", "other"),
        ("deployment/emoji", "first"),
        ("VOTING", "first"),
        ("vot", "first"),
        ("9005", "first"),
        ("900", ""),
        ("vendor voting 8080", "first"),
        ("vendor dashboard", ""),
        ("dash yearly", "other"),
        ("member", "both"),
        ("partner", ""),
        ("%", ""),
        ("' OR 1=1", ""),
    ],
)
def test_every_word_must_be_held(desk: Desk, monkeypatch: pytest.MonkeyPatch, sought: str, hits: str, few: int) -> None:
    monkeypatch.setattr(search, "FEW", few)
    monkeypatch.setattr(search, "SOME", few)
    first, other = desk.checked()["ref"], desk.generic(**OTHER)["ref"]
    wanted = {"first": [first], "other": [other], "both": [other, first], "": []}[hits]
    assert found(desk, f"q={quote(sought)}") == wanted


def test_who_decided_finds_it_and_what_was_trimmed_still_does(desk: Desk) -> None:
    ticket = desk.checked()
    less = {"grant": {"fields": {"inbound": "8080"}}}
    assert desk.decide(ticket["ref"], ticket["version"], **less).status_code == 200
    assert found(desk, "q=partner") == [ticket["ref"]]
    assert found(desk, "q=9010") == [ticket["ref"]]


def test_a_ticket_without_words_gets_them_with_its_preflight(desk: Desk) -> None:
    ticket = desk.submitted()
    with desk.database.unit_of_work() as session:
        for word in session.scalars(select(TicketWord)):
            session.delete(word)
    assert found(desk, "q=vendor") == []
    with desk.database.unit_of_work() as session:
        seen = deciding.Preflight(clean=True, data={"findings": []}, route=None)
        deciding.attach_preflight(session, number_of(ticket["ref"]), seen, now=database_now(session))
    assert found(desk, "q=vendor") == [ticket["ref"]]


def test_searches_are_of_ones_own_tenants(desk: Desk) -> None:
    desk.checked()
    assert found(desk, "q=vendor", "outsider_partner") == []
    assert found(desk, "q=MD-1", "outsider") == []
    assert found(desk, "q=vendor", "auditor") == ["MD-1"]


@pytest.mark.parametrize(
    ("query", "hit"),
    [
        ("requester=member", True),
        ("requester=owner", False),
        ("environment=production", True),
        ("environment=sandbox", False),
        ("from=2020-01-01", True),
        ("from=2020-01-01&until=2020-12-31", False),
        ("from=2099-01-01T00:00:00Z", False),
        ("until=2099-01-01T00:00:00%2B02:00", True),
    ],
)
def test_narrowed_by_person_environment_and_time(desk: Desk, query: str, hit: bool) -> None:
    ref = desk.checked()["ref"]
    assert found(desk, query) == ([ref] if hit else [])


@pytest.mark.parametrize("query", ["q=", "q=" + "x" * 201, "from=yesterday", "until=2026-01-01T00:00:00", "from=9"])
def test_searches_that_are_none_are_refused(desk: Desk, query: str) -> None:
    assert desk.get(f"tickets?{query}", "partner").status_code == 422


def test_what_waits_for_somebody_among_many_alike(desk: Desk) -> None:
    refs = [desk.checked(fields=world.exception(inbound=str(port)))["ref"] for port in range(2000, 2004)]
    decided = desk.ticket(refs[1])
    assert desk.decide(refs[1], decided["version"]).status_code == 200
    assert found(desk, "waiting_for=me") == [refs[3], refs[2], refs[0]]
    assert found(desk, "waiting_for=me&q=2003") == [refs[3]]
    first = desk.get("tickets?waiting_for=me&limit=2", "partner")
    assert [one["ref"] for one in said(first)["items"]] == [refs[3], refs[2]]
    assert 'rel="next"' in first.headers["Link"]
    assert found(desk, "waiting_for=me", "operator") == []


def test_the_list_as_a_file(desk: Desk) -> None:
    ref = desk.approved(reason="=HYPERLINK(1)")["ref"]
    desk.generic(**OTHER)
    answer = desk.get("tickets.csv?kind=encryption-exception", "partner")
    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"] == "attachment; filename=tickets.csv"
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert row["ref"] == ref
    assert row["reason"] == "'=HYPERLINK(1)"
    assert (row["requester"], row["approved_by"], row["duration"]) == ("member", "partner", "PT30M")
    assert row["targets"] == "deployment/emoji deployment/voting"
    assert len(desk.get("tickets.csv", "outsider").text.splitlines()) == 1
    assert len(desk.get("tickets.csv?waiting_for=me", "operator2").text.splitlines()) == 2
    assert desk.get("tickets.csv?state=gone", "partner").status_code == 422


def test_views_are_kept_by_person_and_name(desk: Desk) -> None:
    def put(name: str, query: str, who: str = "partner") -> int:
        return desk.send("PUT", f"me/filters/{quote(name)}", who, json={"query": query}).status_code

    assert put("Mine, active", "?state=active&mine=true&cursor=Mw&limit=7") == 200
    assert put("Mine, active", "state=active") == 200
    items = said(desk.get("me/filters", "partner"))["items"]
    assert [(one["name"], one["query"]) for one in items] == [("Mine, active", "state=active")]
    assert said(desk.get("me/filters", "member"))["items"] == []
    assert desk.get("me/filters/Mine%2C%20active", "member").status_code == 404
    assert put("x", "state=gone") == put("x", "nonsense=1") == put("x" * 61, "mine=true") == put(" x", "") == 422
    assert desk.send("DELETE", "me/filters/Mine%2C%20active", "partner").status_code == 200
    assert desk.send("DELETE", "me/filters/Mine%2C%20active", "partner").status_code == 404


def test_there_may_be_so_many_views(desk: Desk) -> None:
    for number in range(30):
        assert desk.send("PUT", f"me/filters/v{number}", "owner", json={"query": "mine=true"}).status_code == 200
    assert desk.send("PUT", "me/filters/one-more", "owner", json={"query": ""}).status_code == 422
    assert desk.send("PUT", "me/filters/v3", "owner", json={"query": ""}).status_code == 200
