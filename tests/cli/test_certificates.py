"""`meshdesk certificates`: a table for people, JSON for programs, and an exit code for pipelines."""

from __future__ import annotations

import json
from datetime import timedelta

from tests.api.desk import Desk
from tests.certificates import write_down
from tests.cli.conftest import Run


def test_the_ends_of_every_cluster_that_one_sees(run: Run, desk: Desk) -> None:
    write_down(desk.database, trust_anchor=timedelta(days=20, hours=1), issuer=None)
    told = run("certificates", "--as", "member")
    lines = told.output.splitlines()
    assert told.exit_code == 0
    assert lines[0].split()[:3] == ["CLUSTER", "CERTIFICATE", "ENDS"]
    assert lines[1].startswith("practice  trust anchor")
    assert "20 days  ending" in lines[1]
    assert "practice, identity issuer: Not known: ask cert-manager." in lines
    assert "playground: no worker has read its certificates yet." in lines


def test_a_pipeline_fails_in_time(run: Run, desk: Desk) -> None:
    write_down(desk.database, trust_anchor=timedelta(days=20), issuer=None)
    assert run("certificates", "practice", "--fail-on", "10d", "--as", "member").exit_code == 0
    assert run("certificates", "practice", "--fail-on", "30d", "--as", "member").exit_code == 1
    found = run("certificates", "practice", "--fail-on", "30d", "--json", "--as", "member")
    assert found.exit_code == 1
    assert [one["role"] for one in json.loads(found.output)[0]["items"]] == ["trust-anchor", "issuer"]
    assert run("certificates", "practice", "--fail-on", "soon", "--as", "member").exit_code == 2


def test_what_has_ended_fails_whatever_the_time(run: Run, desk: Desk) -> None:
    write_down(desk.database, sp_validator=timedelta(seconds=-5))
    assert run("certificates", "practice", "--fail-on", "1s", "--as", "member").exit_code == 1
    assert run("certificates", "nowhere", "--as", "member").exit_code == 1
