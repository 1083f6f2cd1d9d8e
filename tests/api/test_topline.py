"""The traffic of workloads over the API: whose it is, in which order, how old, and why there is none."""

from __future__ import annotations

import csv
import itertools
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from portal.models import Namespace, Tenant, ToplineWorkload
from tests import traffic
from tests.api.desk import Desk

EMOJIS, BOOKS, PLAY = ("practice", "emojivoto"), ("practice", "bookstore"), ("playground", "emojivoto")


def furnish(desk: Desk) -> None:
    """Workloads of two tenants; one fails, one gets nothing, one was not seen lately."""
    traffic.put(desk.database, EMOJIS, "web", requests=4.0, success=1.0, meshed=0.5, p50=7.5, p95=9.75, p99=9.95)
    traffic.put(desk.database, EMOJIS, "emoji", requests=20.0, success=0.75, hour=traffic.failing(10))
    traffic.put(desk.database, EMOJIS, "ledger", kind="statefulset", requests=0.0, success=None, meshed=None)
    traffic.put(desk.database, EMOJIS, "voting", requests=9.0, success=0.1)
    traffic.put(desk.database, BOOKS, "catalogue", success=0.0)
    with desk.database.unit_of_work() as session:
        row = session.scalars(select(ToplineWorkload).filter_by(name="voting")).one()
        row.seen_at = row.seen_at - timedelta(minutes=2)


def names(desk: Desk, query: str = "", who: str = "member") -> list[str]:
    return [one["workload"] for one in desk.get(f"topline{query}", who).get_json()["items"]]


def test_ones_own_workloads_are_listed_those_that_fail_most_first(desk: Desk) -> None:
    furnish(desk)
    # What was not seen at the last minute got nothing in it, whatever it got before.
    assert names(desk) == ["deployment/emoji", "deployment/web", "deployment/voting", "statefulset/ledger"]
    assert names(desk, who="outsider") == ["deployment/catalogue"]
    assert names(desk, who="operator")[:2] == ["deployment/catalogue", "deployment/emoji"]


def test_a_line_has_every_figure_and_null_where_nothing_came(desk: Desk) -> None:
    furnish(desk)
    found = {one["workload"]: one for one in desk.get("topline").get_json()["items"]}
    web = found["deployment/web"]
    assert {name: web[name] for name in web if name not in ("at", "hour")} == {
        "cluster": "practice",
        "namespace": "emojivoto",
        "tenant": "emojis",
        "workload": "deployment/web",
        "success_rate": 1.0,
        "requests_per_second": 4.0,
        "latency_ms_p50": 7.5,
        "latency_ms_p95": 9.75,
        "latency_ms_p99": 9.95,
        "meshed": 0.5,
    }
    for quiet in ("statefulset/ledger", "deployment/voting"):
        assert (found[quiet]["requests_per_second"], found[quiet]["success_rate"]) == (0.0, None)


def test_the_hour_has_its_minutes_in_order(desk: Desk) -> None:
    furnish(desk)
    emoji = desk.get("topline").get_json()["items"][0]
    hour = emoji["hour"]
    assert len(hour) == 60
    assert hour[-1]["at"] == emoji["at"]
    times = [datetime.fromisoformat(one["at"]) for one in hour]
    assert {later - earlier for earlier, later in itertools.pairwise(times)} == {timedelta(minutes=1)}
    assert [one["success_rate"] for one in hour[-11:]] == [1.0, *[0.75] * 10]


def test_pages_follow_by_the_link(desk: Desk) -> None:
    furnish(desk)
    whole = names(desk)
    first = desk.get("topline?limit=3")
    assert [one["workload"] for one in first.get_json()["items"]] == whole[:3]
    link = first.headers["Link"].partition("<")[2].partition(">")[0]
    second = desk.get(link.removeprefix("/api/v1/"))
    assert [one["workload"] for one in second.get_json()["items"]] == whole[3:]
    assert "Link" not in second.headers
    assert desk.get("topline?cursor=x").status_code == 422


def test_anothers_place_is_like_none(desk: Desk) -> None:
    furnish(desk)
    asked = ("?cluster=practice&namespace=bookstore", "?namespace=bookstore", "?cluster=nowhere")
    answers = [desk.get(f"topline{query}") for query in asked]
    assert [one.status_code for one in answers] == [404, 404, 404]
    assert len({one.get_json()["detail"] for one in answers}) == 1
    assert names(desk, "?tenant=books") == []
    assert names(desk, "?cluster=practice&namespace=emojivoto", "operator") == names(desk)


def test_figures_stay_with_who_owned_the_namespace_when_they_were_counted(desk: Desk) -> None:
    furnish(desk)
    with desk.database.unit_of_work() as session:
        books = session.scalars(select(Tenant).where(Tenant.name == "books")).one()
        moved = update(Namespace).where(Namespace.cluster == "practice", Namespace.name == "emojivoto")
        session.execute(moved.values(tenant_id=books.id))
    assert names(desk, who="outsider") == ["deployment/catalogue"]
    assert names(desk) == []


def test_each_cluster_says_who_was_asked_when_and_why_there_is_nothing(desk: Desk) -> None:
    furnish(desk)
    found = sources(desk)
    assert set(found) == {"practice", "playground"}
    practice, playground = found["practice"], found["playground"]
    assert (practice["source"], practice["problem"]) == ("platform", None)
    assert 0 <= practice["age_seconds"] < 90
    assert playground == {
        "cluster": "playground",
        "problem": "No worker has asked for its figures yet.",
        **dict.fromkeys(("source", "asked_at", "seen_at", "age_seconds")),
    }
    traffic.told(desk.database, "playground", "It cannot be reached.", source="viz")
    assert sources(desk)["playground"]["problem"] == "It cannot be reached."
    assert set(sources(desk, "outsider")) == {"practice"}


def sources(desk: Desk, who: str = "member") -> dict[str, Any]:
    return {one["cluster"]: one for one in desk.get("topline", who).get_json()["sources"]}


def test_the_file_has_a_line_a_workload(desk: Desk) -> None:
    furnish(desk)
    rows = list(csv.DictReader(desk.get("topline.csv").text.splitlines()))
    assert [row["workload"] for row in rows] == names(desk)
    assert (rows[0]["success_rate"], rows[0]["requests_per_second"], rows[0]["latency_ms_p50"]) == ("0.75", "20.0", "")
    assert desk.get("topline.csv?namespace=bookstore").status_code == 404
