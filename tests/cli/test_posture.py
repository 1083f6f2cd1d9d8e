"""`meshdesk posture`: what people see, the gate's exit codes, and tickets of what was found."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from portal.db import database_now
from portal.mesh.holes import Code
from portal.models import PostureCluster, PostureHole
from tests import postures
from tests.api.desk import Desk, said
from tests.cli.conftest import Run

GATE = ("posture", "--fail-on", "unexplained", "--as", "member", "--cluster", "practice")
WHY = ("--reason", "it was there before", "--as", "operator")


@pytest.fixture
def mesh(desk: Desk) -> Desk:
    """A cluster that was read just now, with a hole that no ticket explains and one that one does."""
    with desk.database.unit_of_work() as session:
        now = database_now(session)
        postures.reading(session, now)
        postures.workload(session, now, "web", "partly")
        postures.workload(session, now, "cache", "unmeshed", namespace="tools")
        postures.hole(session, now, "web", Code.SKIP_OUTBOUND)
        postures.hole(session, now, "emoji", Code.DEBUG, unexplained_since=None)
        postures.hole(session, now, "web", Code.OLD_PROXY)
        postures.hole(session, now, "cache", Code.UNMESHED, namespace="tools")
    return desk


def change(desk: Desk, **values: str | datetime | None) -> None:
    with desk.database.unit_of_work() as session:
        session.execute(update(PostureCluster).values(**values))


def test_it_says_how_far_what_and_how_old(run: Run, mesh: Desk) -> None:
    shown = run("posture", "--as", "member").output
    assert "0 of 1 workloads are encrypted in whole." in shown
    assert "1 hole without a live ticket." in shown
    assert "practice: read" in shown
    assert "playground: no worker has read it yet" in shown
    assert "practice/emojivoto deployment/web    skip-outbound" in shown
    assert "kubectl-edit" in shown
    assert "Left over, needs no ticket: 1 old-proxy." in shown
    assert "tools" not in shown
    assert "tools" in run("posture", "--as", "operator").output
    found = json.loads(run("posture", "--json", "--as", "member").output)
    assert [one["code"] for one in found["findings"]] == ["skip-outbound", "debug-container"]
    lines = list(csv.DictReader(io.StringIO(run("posture", "--csv", "--as", "member").output)))
    assert [one["code"] for one in lines] == ["skip-outbound", "debug-container"]


def test_the_gate_tells_holes_from_what_nobody_knows(run: Run, mesh: Desk) -> None:
    shut = run(*GATE)
    assert (shut.exit_code, "practice/emojivoto deployment/web" in shut.stderr) == (1, True)
    with mesh.database.unit_of_work() as session:
        session.execute(update(PostureHole).values(unexplained_since=None))
        now = database_now(session)
    passed = run(*GATE)
    assert (passed.exit_code, passed.output) == (0, "Live tickets explain all that is not encrypted.\n")
    change(mesh, seen_at=now - timedelta(minutes=16))
    old = run(*GATE)
    assert (old.exit_code, "was last read 16 min" in old.stderr) == (2, True)
    assert run(*GATE, "--max-age", "20").exit_code == 0
    change(mesh, seen_at=now, problem="The API server does not answer.")
    failed = run(*GATE)
    assert (failed.exit_code, "does not answer" in failed.stderr) == (2, True)


@pytest.mark.parametrize(
    ("scope", "sentence"),
    [
        (("--cluster", "playground"), "No worker has read playground yet"),
        (("--cluster", "practise"), "There is no such cluster of yours"),
        (("--cluster", "practice", "--namespace", "emojivito"), "see that the names are right"),
        (("--namespace", ""), "This cannot be taken"),
    ],
)
@pytest.mark.usefixtures("mesh")
def test_what_was_never_read_or_is_misspelt_is_no_pass(run: Run, scope: tuple[str, ...], sentence: str) -> None:
    shut = run("posture", "--fail-on", "unexplained", "--as", "member", *scope)
    assert shut.exit_code == 2
    assert sentence in shut.stderr or "namespace" in shut.stderr


def test_a_server_that_is_away_is_no_pass(run: Run, mesh: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    shut = run(*GATE, "--url", "http://127.0.0.1:9")
    assert (shut.exit_code, "There is no Meshdesk at" in shut.stderr) == (2, True)


def test_one_finding_is_adopted_and_one_closed(run: Run, mesh: Desk) -> None:
    number = str(said(mesh.get("posture/findings"))["items"][0]["number"])
    made = run("posture", "adopt", number, "--for", "2d", *WHY)
    assert (made.exit_code, "MD-1" in made.output) == (0, True), made.output
    assert mesh.ticket("MD-1")["duration"] == "P2D"
    again = run("posture", "revert", number, *WHY, input="y\n")
    assert (again.exit_code, "MD-1 was made of this" in again.stderr) == (1, True)
    assert run("posture", "adopt", number, "--all", *WHY).exit_code == 2
    assert run("posture", "adopt", *WHY).exit_code == 2
    assert run("posture", "adopt", number, "--reason", "mine", "--as", "member").exit_code == 1


def test_all_are_looked_at_first_and_made_once_asked_back(run: Run, mesh: Desk) -> None:
    kept = run("posture", "revert", "--all", *WHY, input="n\n")
    assert kept.exit_code == 1
    assert kept.output.index("Left alone:") < kept.output.index("tools") < kept.output.index("To become tickets:")
    assert said(mesh.get("tickets", "operator"))["items"] == []
    done = run("posture", "revert", "--all", "--tenant", "emojis", "--yes", *WHY)
    assert (done.exit_code, "Made 1;" in done.output) == (0, True)
    assert mesh.ticket("MD-1")["adopts"] == "close"
    assert "There is nothing to make a ticket of." in run("posture", "adopt", "--all", "--yes", *WHY).output
