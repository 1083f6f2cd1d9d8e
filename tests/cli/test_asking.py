"""`request`, `preview`, `renew`: what people ask by the command arrives as they meant it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import world
from tests.api.desk import Desk
from tests.cli.conftest import Run

WHERE = ("--cluster", "practice", "--namespace", "emojivoto", "--as", "member")
WORKLOADS = ("--workload", "deployment/emoji", "--workload", "deployment/voting")
EXCEPTION = ("encryption-exception", *WHERE, *WORKLOADS, "--encrypted", "--for", "30m", "--inbound")
WHY = ("--reason", "vendor protocol breaks behind a proxy", "--how", "TLS 1.3 in the server")


def test_a_request_by_options(run: Run, desk: Desk) -> None:
    result = run("request", *EXCEPTION, "8080, 9000-9010", *WHY)
    assert result.exit_code == 0
    assert result.output.startswith("MD-1 is pending. A worker looks at the cluster first")
    assert "noted: " in result.output
    asked = desk.ticket("MD-1")
    assert asked["fields"]["workloads"] == ["deployment/emoji", "deployment/voting"]
    assert (asked["fields"]["inbound"], asked["fields"]["mode"]) == ("8080,9000-9010", "skip-ports")
    assert asked["fields"]["application_encryption"] == {"encrypted": True, "how": "TLS 1.3 in the server"}
    assert (asked["duration"], asked["requester"], asked["reason"]) == ("PT30M", "member", WHY[1])


def test_a_debug_sidecar_by_options(run: Run, desk: Desk) -> None:
    result = run("request", "debug-sidecar", *WHERE, *WORKLOADS, "--for", "1h", "--reason", "one client fails")
    assert result.exit_code == 0, result.output
    asked = desk.ticket("MD-1")
    assert (asked["kind"], asked["fields"]) == (
        "debug-sidecar",
        {"workloads": ["deployment/emoji", "deployment/voting"]},
    )
    refused = run("request", "debug-sidecar", *WHERE, "--workload", "cronjob/report", "--for", "1h", "--reason", "why")
    assert refused.exit_code == 1
    assert "run the same pods once as a Deployment" in refused.stderr


def test_a_request_says_which_field_is_wrong(run: Run, desk: Desk) -> None:
    result = run("request", *EXCEPTION, "http", *WHY)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("The input breaks a rule:\n  fields.inbound")
    assert "http" in result.stderr


@pytest.mark.usefixtures("desk")
def test_calling_it_wrongly_is_another_exit_code(run: Run) -> None:
    assert run("request").exit_code == 2
    assert run("request", *EXCEPTION, "8080").exit_code == 2
    soon = run("request", *EXCEPTION, "8080", *WHY, "--for", "soon")
    assert soon.exit_code == 2
    assert "30m, 1h30m or 7d" in soon.stderr


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize(
    "words", [("preview", *EXCEPTION, "8080", *WHY), ("request", *EXCEPTION, "8080", *WHY, "--preview")]
)
def test_a_preview_shows_the_change_and_stores_nothing(run: Run, words: tuple[str, ...]) -> None:
    result = run(*words)
    assert result.exit_code == 0
    assert "deployment/voting" in result.output
    assert "+config.linkerd.io/skip-inbound-ports" in result.output
    assert "partner, partner2" in result.output
    assert run("list", "--as", "member").output == "No such tickets.\n"


def test_a_request_out_of_a_file(run: Run, desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "ask.yaml"
    path.write_text(
        "kind: encryption-exception\ncluster: practice\nnamespace: emojivoto\nduration: 1h30m\nreason: because\n"
        "fields:\n  workloads: [deployment/web]\n  mode: skip-ports\n  outbound: '5432'\n"
        "  application_encryption: {encrypted: false, how: the database has no TLS}\n"
    )
    assert run("request", "--as", "member", "--file", str(path)).exit_code == 0
    assert (desk.ticket("MD-1")["duration"], desk.ticket("MD-1")["fields"]["outbound"]) == ("PT1H30M", "5432")
    again = run("request", "--as", "member", "--file", str(path))
    assert again.exit_code == 1
    assert "MD-1 asks for the same" in again.stderr


def test_a_request_out_of_the_standard_input_answers_json(run: Run, desk: Desk) -> None:
    result = run("request", "--as", "member", "--file", "-", "--json", input=json.dumps(world.ask()))
    assert json.loads(result.output)["ref"] == "MD-1"


@pytest.mark.usefixtures("desk")
def test_a_spoilt_file_says_the_line(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "ask.yaml"
    path.write_text("kind: generic\n  reason: [\n")
    result = run("request", "--as", "member", "--file", str(path))
    assert result.exit_code == 1
    assert "line 2" in result.stderr
    path.write_text("- only a list\n")
    assert "holds no request" in run("request", "--as", "member", "--file", str(path)).stderr
    assert "cannot be read" in run("request", "--as", "member", "--file", str(tmp_path / "none")).stderr


def test_renew_asks_the_same_again(run: Run, desk: Desk) -> None:
    before = desk.active()["ref"]
    result = run("renew", before, "--reason", "the vendor is late", "--as", "member")
    assert result.exit_code == 0
    after = desk.ticket("MD-2")
    assert (after["renews"], after["duration"], after["state"]) == (before, "PT30M", "pending")
    assert after["fields"] == desk.ticket(before)["fields"]
    again = run("renew", before, "--for", "1h", "--reason", "later still", "--as", "member")
    assert again.exit_code == 1
    assert "MD-2 renews MD-1 already" in again.output
    assert run("withdraw", "MD-2", "--reason", "too short", "--as", "member").exit_code == 0
    assert run("renew", before, "--for", "1h", "--reason", "later still", "--as", "member").exit_code == 0
    assert desk.ticket("MD-3")["duration"] == "PT1H"
