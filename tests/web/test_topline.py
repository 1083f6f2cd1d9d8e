"""The page Traffic: what comes to one's workloads, worst first, its hour in a picture, why there is nothing."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from portal.models import Cluster
from portal.queries.topline import Point
from portal.web.spark import amount, percent, spark
from tests import traffic
from tests.api.desk import Desk
from tests.web.browser import Browser
from tests.web.ticket_forms import sign_in

HERE, THERE = ("practice", "emojivoto"), ("practice", "bookstore")
ROW = re.compile(r"<tr><th scope=\"row\"><code>[a-z]+/<wbr>([^<]+)</code>")


def furnish(desk: Desk) -> None:
    traffic.put(desk.database, HERE, "web", requests=4.0, success=0.99996, meshed=0.5, p50=7.5, p95=9.75, p99=1234.5)
    traffic.put(desk.database, HERE, "emoji", requests=20.0, success=0.75, hour=traffic.failing(10))
    traffic.put(desk.database, HERE, "ledger", kind="statefulset", requests=0.0, success=None, meshed=None, hour=[])
    traffic.put(desk.database, THERE, "catalogue", success=0.5)


def test_ones_own_stand_worst_first_with_figures_and_a_picture(local: Browser, desk: Desk) -> None:
    furnish(desk)
    page = sign_in(local, "member").get("/topline").text
    assert "1 of 3 workloads of yours fails more than 1 request in 100</h1>" in page
    assert ROW.findall(page) == ["emoji", "web", "ledger"]
    assert "catalogue" not in page
    assert '<strong class="chip soon">75%</strong>' in page
    assert "99.99%" in page
    assert "1,234" in page
    assert "no requests</span>" in page
    assert 'aria-label="Last hour: at most 20.0 requests a second, failures in 10 of 60 minutes"' in page
    assert 'aria-label="Last hour: no requests"' in page
    assert "from the platform&#39;s Prometheus" in page


def test_a_workload_leads_to_its_page_in_the_console(local: Browser, desk: Desk) -> None:
    furnish(desk)
    with desk.database.unit_of_work() as session:
        session.get_one(Cluster, "practice").console = "https://grafana.example.com"
    page = sign_in(local, "member").get("/topline").text
    assert "https://grafana.example.com/d/linkerd-deployment?var-deployment=emoji&amp;var-namespace=emojivoto" in page
    assert "https://grafana.example.com/d/linkerd-statefulset?var-statefulset=ledger" in page


def test_filters_narrow_it_and_anothers_place_is_not_found(local: Browser, desk: Desk) -> None:
    furnish(desk)
    member = sign_in(local, "member")
    assert ROW.findall(member.get("/topline?cluster=practice&namespace=emojivoto").text) == ["emoji", "web", "ledger"]
    assert member.get("/topline?cluster=practice&namespace=bookstore").status_code == 404
    assert ROW.findall(sign_in(local, "operator").get("/topline?tenant=books").text) == ["catalogue"]


def test_pages_and_the_file_have_all_of_it(local: Browser, desk: Desk) -> None:
    for number in range(43):
        traffic.put(desk.database, HERE, f"w{number:02}", requests=float(number), hour=[])
    member = sign_in(local, "member")
    first = member.get("/topline").text
    assert ROW.findall(first) == [f"w{number:02}" for number in range(42, 2, -1)]
    following = re.search(r'href="(/topline\?cursor=[^"]+)" rel="next"', first)
    assert following is not None
    assert ROW.findall(member.get(following[1]).text) == ["w02", "w01", "w00"]
    assert len(member.get("/topline.csv").text.splitlines()) == 44
    assert "No workload of yours fails more than 1 request in 100</h1>" in first


@pytest.mark.parametrize(
    ("problem", "source", "offers"),
    [("Viz is not open now.", "viz", True), ("There is none.", None, False), ("It is away.", "platform", False)],
)
def test_why_there_is_nothing_stands_above(
    local: Browser, desk: Desk, problem: str, source: str | None, offers: bool
) -> None:
    traffic.told(desk.database, "practice", problem, source=source)
    page = sign_in(local, "member").get("/topline").text
    assert "No traffic is known yet</h1>" in page
    assert problem in page
    assert "No worker has asked for its figures yet." in page
    assert ('href="/new/viz-enablement?cluster=practice"' in page) is offers


def test_figures_that_are_old_say_so(local: Browser, desk: Desk) -> None:
    furnish(desk)
    traffic.told(desk.database, "playground", None, age=timedelta(minutes=3))
    member = sign_in(local, "member")
    assert "as often as it should" not in member.get("/topline").text
    traffic.told(desk.database, "practice", None, age=timedelta(minutes=9))
    page = member.get("/topline").text
    assert "No worker has asked for its figures as often as it should." in page
    assert "What is shown is of 9 min ago" in page


def test_the_picture_has_a_bar_a_minute() -> None:
    drawn = spark([Point(59, 10.0, 1.0), Point(1, 0.0, None), Point(0, 5.0, 0.5)])
    assert (drawn.requests, drawn.failures) == ("M0.5 20V0M59.5 20V10", "M59.5 20V15")
    assert (drawn.most, drawn.failing, drawn.known) == (10.0, 1, 3)
    assert spark([]).requests == ""


def test_what_is_not_quite_all_is_never_all_of_it() -> None:
    shares = (None, 0.0, 1.0, 0.99999, 0.00001, 0.75, 0.999)
    assert [percent(one) for one in shares] == ["–", "0%", "100%", "99.99%", "0.01%", "75%", "99.9%"]
    assert [amount(one) for one in (None, 0.0, 0.25, 7.5, 1234.5)] == ["–", "0", "0.25", "7.5", "1,234"]
