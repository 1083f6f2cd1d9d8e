"""`cluster pause`, `cluster resume`, `revoke-all`: what operators do to everybody's tickets at once."""

from __future__ import annotations

import pytest

from portal.api import revocations
from tests import world
from tests.api.desk import Desk
from tests.cli.conftest import Run

WHY = ("--reason", "an upgrade of the mesh", "--as", "operator")
REVOKE = ("revoke-all", "--tenant", "emojis", *WHY)


def opened(desk: Desk, *names: str) -> list[str]:
    return [
        desk.active(fields=world.exception(workloads=[f"deployment/{name}"], inbound="7001"))["ref"] for name in names
    ]


@pytest.mark.usefixtures("desk")
def test_a_cluster_is_paused_and_resumed(run: Run) -> None:
    paused = run("cluster", "pause", "practice", *WHY)
    assert paused.exit_code == 0, paused.output
    assert "by operator: an upgrade of the mesh. Nothing new is begun on it." in paused.output
    assert "practice is paused since" in run("clusters", "--as", "member").output
    again = run("cluster", "pause", "practice", *WHY)
    assert (again.exit_code, "is paused already" in again.stderr) == (1, True)
    assert run("cluster", "resume", "practice", "--as", "operator").output == "practice goes on.\n"
    assert "paused" not in run("clusters", "--as", "member").output
    assert run("cluster", "pause", "practice", "--as", "operator").exit_code == 2


def test_revoke_all_shows_what_it_would_end_and_asks_back(run: Run, desk: Desk) -> None:
    active, pending = opened(desk, "emoji")[0], desk.generic()["ref"]
    kept = run(*REVOKE, input="n\n")
    assert kept.exit_code == 1
    assert kept.output.index("Left alone") < kept.output.index(pending) < kept.output.index("To be revoked")
    assert kept.output.index("To be revoked") < kept.output.index(active) < kept.output.index("Revoke these 1?")
    assert desk.ticket(active)["state"] == "active"
    done = run(*REVOKE, input="y\n")
    assert (done.exit_code, "Revoked 1;" in done.output) == (0, True)
    assert (desk.ticket(active)["state"], desk.ticket(pending)["state"]) == ("reverting", "pending")
    assert run(*REVOKE, "--yes").output.endswith("There is nothing to revoke.\n")


def test_revoke_all_goes_on_until_none_is_left(run: Run, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revocations, "AT_ONCE", 1)
    refs = opened(desk, "emoji", "voting")
    done = run(*REVOKE, "--kind", "encryption-exception", "--cluster", "practice", "--yes")
    assert (done.exit_code, "Revoked 2;" in done.output) == (0, True)
    assert {desk.ticket(ref)["state"] for ref in refs} == {"reverting"}


def test_revoke_all_wants_to_know_of_what(run: Run, desk: Desk) -> None:
    ref = opened(desk, "emoji")[0]
    result = run("revoke-all", *WHY, "--yes")
    assert (result.exit_code, "Name a tenant, a cluster or a kind" in result.stderr) == (1, True)
    assert run("revoke-all", "--tenant", "emoji", *WHY, "--yes").exit_code == 1
    refused = run("revoke-all", "--tenant", "emojis", "--reason", "no", "--as", "owner")
    assert (refused.exit_code, "Only a platform operator" in refused.stderr) == (1, True)
    assert desk.ticket(ref)["state"] == "active"


def test_people_are_listed_and_deactivated(run: Run, desk: Desk) -> None:
    done = run("people", "deactivate", "member2", *WHY, "--as", "operator")
    assert (done.exit_code, "member2 may do nothing any more" in done.output) == (0, True)
    assert desk.get("me", "member2").status_code == 401
    shown = run("people", "list", "--as", "auditor").output
    [line] = [line for line in shown.splitlines() if line.startswith("member2 ")]
    assert "registry" in line
    assert "no, deactivated by operator" in line
    assert run("people", "activate", "member2", *WHY, "--as", "operator").output == "member2 may act again.\n"
    assert desk.get("me", "member2").status_code == 200


def test_what_may_not_be_done_to_people_is_told(run: Run, desk: Desk) -> None:
    refused = run("people", "unbind", "member2", *WHY, "--as", "operator")
    assert (refused.exit_code, "bound to no identity" in refused.stderr) == (1, True)
    assert run("people", "deactivate", "member2", *WHY, "--as", "owner").exit_code == 1
    assert run("people", "deactivate", "a/b", *WHY, "--as", "operator").exit_code == 1
    assert len(run("people", "list", "--json", "--as", "operator").output) > 100
