"""The page of a posture that was read: findings and their forms, filters, the trend, files, and many at once."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from portal.db import database_now
from portal.mesh.holes import Code
from portal.models import Tenant
from portal.queries.posture_trend import SPANS, Point
from portal.web.trend_picture import picture
from tests import postures
from tests.api.desk import Desk
from tests.web.browser import Browser
from tests.web.ticket_forms import sign_in

FOUND = re.compile(r'<li id="finding-(\d+)">')
SEEN = re.compile(r'name="seen" value="([0-9a-f]+)"')
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def mesh(desk: Desk) -> dict[str, int]:
    """A cluster that was read: the numbers of what was found, by the name of the workload."""
    with desk.database.unit_of_work() as session:
        now = database_now(session)
        postures.reading(session, now - timedelta(minutes=2))
        for name, standing in (("emoji", "encrypted"), ("web", "partly"), ("outside", "unmeshed")):
            postures.workload(session, now, name, standing)
        tenant = session.query(Tenant).filter_by(name="emojis").one()
        for hours in range(8):
            at = now - timedelta(hours=hours)
            postures.count(session, at, tenant_id=tenant.id, encrypted=8 - hours, unmeshed=hours, unexplained=hours)
        found = {
            "web": postures.hole(session, now, "web", Code.SKIP_OUTBOUND),
            "outside": postures.hole(session, now, "outside", Code.UNMESHED),
            "emoji": postures.hole(session, now, "emoji", Code.DEBUG, unexplained_since=None),
            "old": postures.hole(session, now, "emoji", Code.OLD_PROXY),
            "cache": postures.hole(session, now, "cache", Code.UNMESHED, namespace="tools", made_by=None),
        }
        return {name: row.id for name, row in found.items()}


def numbers(page: str) -> set[int]:
    return set(map(int, FOUND.findall(page)))


def test_what_no_ticket_explains_comes_first_with_how_long_and_by_whom(
    local: Browser, desk: Desk, mesh: dict[str, int]
) -> None:
    member = sign_in(local, "member")
    page = member.get("/posture").text
    assert "2 holes of yours have no ticket</h1>" in page
    assert numbers(page) == {mesh["web"], mesh["outside"]}
    assert "Without a ticket for 3 d" in page
    assert "Made by <code>kubectl-edit</code>" in page
    assert "Ask for an exception" in page
    assert "Make a ticket of it" not in page
    assert "tools" not in page
    assert "playground</a> cannot be vouched for" in page
    assert numbers(member.get("/posture?show=explained").text) == {mesh["emoji"]}
    assert numbers(member.get("/posture?show=leftovers").text) == {mesh["old"]}
    assert numbers(member.get("/posture?code=unmeshed").text) == {mesh["outside"]}
    assert numbers(member.get("/posture?cluster=practice&namespace=elsewhere").text) == set()
    every = member.get("/posture?show=all").text
    assert "deployment/<wbr>emoji" in every
    assert "2 of 2" in every
    # A cluster whose pods nobody has read is shown by its inventory, which is said.
    assert "this is what the inventory says" in member.get("/posture?cluster=playground").text
    assert member.get("/posture?span=year").status_code == 422
    assert member.get("/posture?code=ghost").status_code == 422


def test_home_says_it_in_one_line(local: Browser, desk: Desk, mesh: dict[str, int]) -> None:
    assert "2 of your workloads have holes that no ticket explains" in sign_in(local, "member").get("/").text
    assert "3 of the workloads have holes" in sign_in(local, "operator").get("/").text
    assert "holes that no ticket explains" not in sign_in(local, "outsider").get("/").text


def test_an_operator_makes_a_ticket_of_one_and_sees_that_it_has_one(
    local: Browser, desk: Desk, mesh: dict[str, int]
) -> None:
    operator = sign_in(local, "operator")
    page = operator.get("/posture").text
    assert numbers(page) == {mesh["web"], mesh["outside"], mesh["cache"]}
    assert "give it to one in the registry" in page
    empty = operator.send(f"/posture/findings/{mesh['web']}/adopt", "/posture", reason=" ", back="/posture?show=")
    assert (empty.status_code, 'role="alert"' in empty.text) == (422, True)
    made = operator.send(f"/posture/findings/{mesh['web']}/adopt", "/posture", reason="it was there", back="/posture")
    assert (made.status_code, made.headers["Location"]) == (303, "/tickets/MD-1")
    assert "adopts what was there before it" in operator.get("/tickets/MD-1").text
    assert 'MD-1</a> asks for it <span class="under">(pending)</span>' in operator.get("/posture").text
    again = operator.send(f"/posture/findings/{mesh['web']}/revert", "/posture", reason="no", back="/posture")
    assert (again.status_code, "MD-1 was made of this" in again.text) == (409, True)
    nobodys = operator.send(f"/posture/findings/{mesh['cache']}/adopt", "/posture", reason="no", back="/posture")
    assert (nobodys.status_code, "belongs to no tenant" in nobodys.text) == (409, True)


def test_an_operator_has_one_closed(local: Browser, desk: Desk, mesh: dict[str, int]) -> None:
    operator = sign_in(local, "operator")
    made = operator.send(f"/posture/findings/{mesh['outside']}/revert", "/posture", reason="it must go")
    assert made.status_code == 303
    page = sign_in(local, "owner").get("/tickets/MD-1").text
    assert "closes what was there before it" in page
    assert "nobody: it closes a hole in the encryption" in page


@pytest.mark.parametrize("path", ["adopt", "revert"])
def test_nobody_else_makes_tickets_of_findings(local: Browser, desk: Desk, mesh: dict[str, int], path: str) -> None:
    owner = sign_in(local, "owner")
    assert owner.send(f"/posture/findings/{mesh['web']}/{path}", "/tickets", reason="mine").status_code == 403
    assert owner.get("/posture/adoptions").status_code == 403
    operator = sign_in(local, "operator")
    assert operator.send(f"/posture/findings/{mesh['web']}/burn", "/posture", reason="x").status_code == 404
    assert operator.send(f"/posture/findings/x/{path}", "/posture", reason="x").status_code == 404
    assert operator.send(f"/posture/findings/{'9' * 30}/{path}", "/posture", reason="x").status_code in (404, 303)


def test_many_are_shown_first_and_just_those_are_made(local: Browser, desk: Desk, mesh: dict[str, int]) -> None:
    operator, said = sign_in(local, "operator"), {"reason": "a <start>", "becomes": "keep"}
    shown = operator.send("/posture/adoptions", "/posture/adoptions", **said)
    assert "2 tickets would be made" in shown.text
    assert "Left alone: 1 finding" in shown.text
    seen = SEEN.search(shown.text)
    assert seen is not None
    with desk.database.unit_of_work() as session:
        postures.hole(session, database_now(session), "emoji", Code.DECOY)
    stale = operator.send("/posture/adoptions", "/posture/adoptions", **said, seen=seen[1])
    assert (stale.status_code, "3 tickets would be made" in stale.text) == (412, True)
    seen = SEEN.search(stale.text)
    assert seen is not None
    done = operator.send("/posture/adoptions", "/posture/adoptions", **said, seen=seen[1])
    assert "3 tickets made</h1>" in done.text
    assert "a &lt;start&gt;" in operator.get("/tickets/MD-1").text
    none = operator.send("/posture/adoptions", "/posture/adoptions", reason="")
    assert (none.status_code, 'role="alert"' in none.text) == (422, True)
    wrong = operator.send("/posture/adoptions", "/posture/adoptions", reason="x", code="ghost")
    assert (wrong.status_code, "Use one of" in wrong.text) == (422, True)


def test_the_files_are_of_what_is_shown(local: Browser, desk: Desk, mesh: dict[str, int]) -> None:
    member = sign_in(local, "member")
    assert member.get("/posture/findings.csv?code=unmeshed").text.count("\n") == 2
    assert member.get("/posture/workloads.csv").text.count("\n") == 4


def test_long_lists_go_on(local: Browser, desk: Desk, mesh: dict[str, int]) -> None:
    with desk.database.unit_of_work() as session:
        now = database_now(session)
        for number in range(45):
            postures.hole(session, now, f"many-{number}", Code.DECOY, unexplained_since=now)
            postures.workload(session, now, f"many-{number}", "unmeshed")
    member = sign_in(local, "member")
    for path in ("/posture", "/posture?show=all"):
        page = member.get(path).text
        found = re.search(r'href="(/posture\?[^"]*cursor=[^"]+)" rel="next"', page)
        assert found is not None
        further = member.get(found[1].replace("&amp;", "&")).text
        assert not numbers(page) & numbers(further)
        assert 'rel="next"' not in further


def test_the_picture_is_stacked_and_has_gaps() -> None:
    span = SPANS["day"]
    steps = [0, 1, 2, 40, 41]
    points = [Point(NOW - span.step * back, encrypted=6, unmeshed=2, unexplained=4) for back in reversed(steps)]
    made = picture(points, span, NOW)
    assert made.top == 8
    assert [name for name, _ in made.areas] == ["unmeshed", "encrypted"] * 2
    assert len(made.lines) == 2
    assert made.lines[1].endswith("1000.0,100.0")
    corners = [tuple(map(float, one.split(","))) for _, area in made.areas for one in area.split()]
    assert all(0 <= x <= 1000 and 0 <= y <= 200 for x, y in corners)
    assert picture([], span, NOW).empty
