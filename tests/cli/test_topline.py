"""`meshdesk top`: what comes to one's workloads, worst first, and why there is nothing."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from portal.cli import topline
from tests import traffic
from tests.api.desk import Desk
from tests.cli.conftest import Run

AS = ("--as", "member")
HERE = ("practice", "emojivoto")


def furnish(desk: Desk) -> None:
    traffic.put(desk.database, HERE, "web", requests=4.0, success=0.99996, p50=7.5, p95=9.75, p99=1234.56)
    traffic.put(desk.database, HERE, "emoji", requests=20.0, success=0.75, hour=traffic.failing(30))
    traffic.put(desk.database, HERE, "ledger", kind="statefulset", requests=0.0, success=None, meshed=None, hour=[])
    traffic.told(desk.database, "playground", "It cannot be reached.", age=timedelta(minutes=10), source="viz")


def test_the_worst_stand_first_with_their_hour_and_each_cluster_says_how_old_it_is(run: Run, desk: Desk) -> None:
    furnish(desk)
    lines = run("top", *AS).output.splitlines()
    assert lines[0].split("  ")[0] == "WORKLOAD"
    assert [line.split()[:7] for line in lines[1:4]] == [
        ["deployment/emoji", "practice/emojivoto", "75%", "20.0", "-", "-", "-"],
        ["deployment/web", "practice/emojivoto", "99.99%", "4.0", "7.5", "9.8", "1234.6"],
        ["statefulset/ledger", "practice/emojivoto", "-", "0.0", "-", "-", "-"],
    ]
    assert lines[1].endswith("▆" * 10 + "█" * 10)
    assert lines[4].startswith("playground: of 20")
    assert lines[4].endswith("10 min ago from Viz's Prometheus. It cannot be reached.")
    assert lines[5].startswith("practice: of 20")
    assert lines[5].endswith("from the platform's Prometheus.")


def test_a_place_narrows_it_and_anothers_is_none(run: Run, desk: Desk) -> None:
    furnish(desk)
    traffic.put(desk.database, ("practice", "bookstore"), "catalogue")
    assert "catalogue" not in run("top", *AS).output
    assert "deployment/emoji" in run("top", "practice", "emojivoto", *AS).output
    refused = run("top", "practice", "bookstore", *AS)
    assert (refused.exit_code, "You have no such namespace" in refused.output) == (1, True)


def test_where_there_is_nothing_it_says_why(run: Run, desk: Desk) -> None:
    assert run("top", "practice", *AS).output.splitlines() == [
        "There are no figures of workloads of yours.",
        "practice: no figures yet. No worker has asked for its figures yet.",
    ]


def test_programs_get_json_and_files_csv(run: Run, desk: Desk) -> None:
    furnish(desk)
    found = json.loads(run("top", "--json", *AS).output)
    assert [one["workload"] for one in found["items"]] == ["deployment/emoji", "deployment/web", "statefulset/ledger"]
    assert [one["cluster"] for one in found["sources"]] == ["playground", "practice"]
    assert len(run("top", "--csv", *AS).output.splitlines()) == 4
    assert run("top", "--csv", "--watch", *AS).exit_code == 2


def test_watching_asks_again_until_it_is_ended(run: Run, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    furnish(desk)
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(topline.time, "sleep", pause)
    ended = run("top", "--watch", *AS)
    assert (ended.exit_code, ended.output.count("deployment/emoji")) == (0, 2)
