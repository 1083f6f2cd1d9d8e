"""What the mesh really looks like: who sees which findings and in which order, over time, as files; tickets of them."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest

from portal.db import database_now
from portal.mesh.holes import Code
from portal.models import Cluster, InventoryWorkload, PostureHole, Tenant
from tests import postures
from tests.api.desk import Desk, said


@pytest.fixture
def mesh(desk: Desk) -> Desk:
    """A cluster that was read: three workloads and what was found on them, and a cache in nobody's namespace."""
    with desk.database.unit_of_work() as session:
        now = database_now(session)
        postures.reading(session, now - timedelta(minutes=4))
        postures.workload(session, now, "emoji")
        postures.workload(session, now, "web", "partly")
        postures.workload(session, now, "outside", "unmeshed")
        postures.workload(session, now, "cache", "unmeshed", namespace="tools")
        postures.workload(session, now, "shop", "unmeshed", namespace="bookstore")
        day = timedelta(days=1)
        postures.hole(session, now, "web", Code.SKIP_OUTBOUND, unexplained_since=now - day)
        postures.hole(session, now, "outside", Code.UNMESHED, unexplained_since=now - 9 * day)
        postures.hole(session, now, "emoji", Code.DEBUG, unexplained_since=None, first_seen_at=now - 20 * day)
        postures.hole(session, now, "emoji", Code.OLD_PROXY)
        postures.hole(session, now, "emoji", Code.DECOY, gone_at=now)
        postures.hole(session, now, "cache", Code.UNMESHED, namespace="tools", unexplained_since=now - 2 * day)
        postures.hole(session, now, "shop", Code.UNMESHED, namespace="bookstore", unexplained_since=now - 3 * day)
    return desk


def names(desk: Desk, query: str = "", who: str = "member") -> list[str]:
    """Names and codes of findings, in the order of the list, page by page."""
    found, path = [], f"/api/v1/posture/findings?limit=2&{query}"
    while path:
        answer = desk.get(path, who)
        assert answer.status_code == 200, answer.text
        found += [f"{one['name']} {one['code']}" for one in said(answer)["items"]]
        path = answer.headers.get("Link", "").partition(">")[0].lstrip("<")
    return found


def test_findings_are_unexplained_and_oldest_first_and_of_ones_own(mesh: Desk) -> None:
    own = ["outside unmeshed", "web skip-outbound", "emoji debug-container"]
    assert names(mesh) == own
    everybody = ["outside unmeshed", "shop unmeshed", "cache unmeshed", "web skip-outbound", "emoji debug-container"]
    assert names(mesh, who="operator") == names(mesh, who="auditor") == everybody
    assert names(mesh, who="outsider") == ["shop unmeshed"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("explained=false", ["outside unmeshed", "shop unmeshed", "cache unmeshed", "web skip-outbound"]),
        ("explained=true", ["emoji debug-container"]),
        ("code=skip-outbound", ["web skip-outbound"]),
        ("namespace=tools", ["cache unmeshed"]),
        ("tenant=books", ["shop unmeshed"]),
        ("cluster=playground", []),
        ("leftovers=true", ["emoji old-proxy"]),
    ],
)
def test_filters_narrow_what_is_listed(mesh: Desk, query: str, found: list[str]) -> None:
    assert names(mesh, query, "operator") == found


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("posture/findings?code=ghost", "code"),
        ("posture/findings?explained=perhaps", "explained"),
        ("posture/findings?cursor=%21", "cursor"),
        ("posture/findings?cursor=OTk5OTk", "cursor"),
        ("posture/workloads?cursor=OTk5OTk", "cursor"),
        ("posture/trend?span=year", "span"),
        ("posture?colour=red", "colour"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_field(mesh: Desk, path: str, field: str) -> None:
    answer = mesh.get(path)
    assert (answer.status_code, list(said(answer)["errors"])) == (422, [field])


def test_the_whole_says_how_old_it_is_and_what_no_ticket_explains(mesh: Desk) -> None:
    whole = said(mesh.get("posture"))
    assert [whole[name] for name in ("encrypted", "partly", "unmeshed", "unexplained")] == [1, 1, 1, 2]
    assert whole["holes"] == {"debug-container": 1, "skip-outbound": 1, "unmeshed": 1}
    assert whole["leftovers"] == {"old-proxy": 1}
    ages = {one["cluster"]: one["age_seconds"] for one in whole["clusters"]}
    assert 235 <= ages["practice"] <= 300
    assert ages["playground"] is None
    operators = said(mesh.get("posture", "operator"))
    assert [(one["namespace"], one["tenant"]) for one in operators["tallies"]] == [
        ("bookstore", "books"),
        ("emojivoto", "emojis"),
        ("tools", ""),
    ]


def test_workloads_have_their_findings(mesh: Desk) -> None:
    first = mesh.get("posture/workloads?limit=2")
    rest = mesh.get(first.headers["Link"].partition(">")[0].lstrip("<"))
    shown = [*said(first)["items"], *said(rest)["items"]]
    assert [(one["name"], one["standing"], len(one["holes"])) for one in shown] == [
        ("emoji", "encrypted", 2),
        ("outside", "unmeshed", 1),
        ("web", "partly", 1),
    ]
    assert shown[1]["holes"][0]["made_by"] == "kubectl-edit"


def test_files_have_a_line_for_each(mesh: Desk) -> None:
    found = list(csv.DictReader(io.StringIO(mesh.get("posture/findings.csv").text)))
    assert [one["name"] for one in found] == ["outside", "web", "emoji"]
    lines = list(csv.DictReader(io.StringIO(mesh.get("posture.csv", "operator").text)))
    assert {one["name"]: one["holes"] for one in lines}["cache"] == "unmeshed"


def test_the_trend_has_the_last_reading_of_each_span_of_ones_own_tenants(desk: Desk) -> None:
    with desk.database.unit_of_work() as session:
        now = database_now(session)
        tenants = {one.name: one.id for one in session.query(Tenant)}
        for hours in range(6, -1, -1):
            at = now - timedelta(hours=4 * hours, minutes=10)
            for cluster in ("practice", "playground"):
                postures.count(session, at, cluster=cluster, tenant_id=tenants["emojis"], encrypted=hours, holes=1)
                postures.count(session, at, cluster=cluster, tenant_id=tenants["books"], unmeshed=2, unexplained=1)
            postures.count(session, at, tenant_id=None, partly=5)
    week = said(desk.get("posture/trend?span=week"))["items"]
    assert [one["encrypted"] for one in week][-1] == 0
    assert max(one["encrypted"] for one in week) == 12
    assert {one["unmeshed"] for one in week} == {0}
    everything = said(desk.get("posture/trend?span=week", "operator"))["items"]
    assert {(one["unmeshed"], one["partly"], one["holes"], one["unexplained"]) for one in everything} == {(4, 5, 2, 2)}
    one = said(desk.get("posture/trend?span=week&cluster=playground&tenant=books", "operator"))["items"]
    assert {(point["unmeshed"], point["encrypted"]) for point in one} == {(2, 0)}
    # A reading each four hours is too seldom for steps of a quarter of an hour: there are gaps, not a straight line.
    assert len(said(desk.get("posture/trend"))["items"]) < 30
    assert said(desk.get("posture/trend?cluster=nowhere"))["items"] == []


def adoption(desk: Desk, who: str = "operator", **more: Any) -> dict[str, Any]:
    answer = desk.post("posture/adoptions", {"reason": "it was there before", **more}, who)
    assert answer.status_code == 200, answer.text
    return said(answer)


def test_one_finding_becomes_a_ticket_of_its_tenant(mesh: Desk) -> None:
    number = said(mesh.get("posture/findings?code=unmeshed"))["items"][0]["number"]
    answer = mesh.post(f"posture/findings/{number}/adopt", {"reason": "it was there before"}, "operator")
    assert answer.status_code == 201, answer.text
    ticket = said(answer)
    assert (ticket["kind"], ticket["requester"], ticket["asked_by"]) == ("encryption-exception", "member", "operator")
    assert ticket["adopts"] == "keep"
    again = mesh.post(f"posture/findings/{number}/adopt", {"reason": "once more"}, "operator")
    assert (again.status_code, said(again)["ref"]) == (409, ticket["ref"])
    shown = said(mesh.get("posture/findings?code=unmeshed"))["items"][0]
    assert (shown["ticket"], shown["ticket_state"]) == (ticket["ref"], "pending")
    assert mesh.post("posture/findings/999999/adopt", {"reason": "no"}, "operator").status_code == 404
    assert mesh.post("posture/findings/x/revert", {"reason": "no"}, "operator").status_code == 404
    refused = mesh.post(f"posture/findings/{number}/adopt", {"reason": "", "duration": "soon"}, "operator")
    assert set(said(refused)["errors"]) == {"reason", "duration"}


def test_one_finding_is_closed_by_ticket(mesh: Desk) -> None:
    number = said(mesh.get("posture/findings?code=unmeshed"))["items"][0]["number"]
    ticket = said(mesh.post(f"posture/findings/{number}/revert", {"reason": "it must go"}, "operator"))
    assert (ticket["adopts"], ticket["waiting_for"], ticket["approvals"]) == ("close", [], [])
    assert "hole:closing" in [one["type"] for one in mesh.events(ticket["ref"])]


def test_many_are_looked_at_first_then_made_each_on_its_own_and_once(mesh: Desk) -> None:
    tried = adoption(mesh)
    assert {one["finding"]["name"]: one["kind"] for one in tried["items"]} == {
        "outside": "encryption-exception",
        "shop": "generic",
        "cache": None,
        "web": "encryption-exception",
    }
    assert "in the registry first" in next(one["why_not"] for one in tried["items"] if one["kind"] is None)
    assert said(mesh.get("tickets", "operator"))["items"] == []
    made = adoption(mesh, dry_run=False, cluster="practice")
    assert {one["finding"]["name"]: one["ref"] is not None for one in made["items"]} == {
        "outside": True,
        "shop": True,
        "web": True,
        "cache": False,
    }
    again = adoption(mesh, dry_run=False)
    assert [one["finding"]["name"] for one in again["items"]] == ["cache"]
    assert len(said(mesh.get("tickets", "operator"))["items"]) == 3


def test_a_skipped_port_of_the_template_is_what_the_ticket_asks_for(mesh: Desk) -> None:
    tried = adoption(mesh, code="skip-outbound")["items"]
    assert [(one["fields"]["mode"], one["fields"]["outbound"]) for one in tried] == [("skip-ports", "443")]


def test_a_cluster_that_left_and_an_inventory_that_lost_it_are_said(mesh: Desk) -> None:
    with mesh.database.unit_of_work() as session:
        session.get_one(Cluster, "practice").active = False
        session.query(InventoryWorkload).delete()
    assert all(one["kind"] is None for one in adoption(mesh)["items"])
    with mesh.database.reading() as session:
        assert {one.ticket_id for one in session.query(PostureHole)} == {None}
