"""`meshdesk tokens`, `services`, `me` and `reroute`: clients of the API."""

from __future__ import annotations

import pytest

from portal import policy_store
from portal.db import database_now
from portal.policy import default_policy
from tests.api.desk import Desk
from tests.cli.conftest import Run

pytestmark = pytest.mark.usefixtures("served_desk")


def test_a_token_is_made_used_listed_and_revoked(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    made = run("tokens", "make", "--name", "report", "--scope", "request", "--for", "12h", "--as", "member")
    token = made.output.strip()
    assert token.startswith("mdt_")
    heads, newest, *_ = run("tokens", "list", "--as", "member").output.splitlines()
    assert heads.split() == ["ID", "WHOSE", "NAME", "SCOPES", "STATE", "EXPIRES", "LAST", "USED"]
    number, *rest = newest.split()
    assert rest[:5] == ["member", "report", "read,", "request", "works"]
    monkeypatch.setenv("MESHDESK_TOKEN", token)
    assert run("me").output.endswith("  this token may: read, request\n")
    assert "lacks the scope `decide`" in run("tokens", "make", "--name", "wider", "--scope", "decide").stderr
    assert run("tokens", "revoke", number).output == f"Token {number} of member works no more.\n"
    assert run("me").exit_code == 1
    assert " revoked " in run("tokens", "list", "--as", "member").output.splitlines()[1]


def test_operators_list_everybodys(run: Run) -> None:
    assert "auditor" in run("tokens", "list", "--everybody", "--as", "operator").output
    refused = run("tokens", "list", "--everybody", "--as", "member")
    assert (refused.exit_code, "Only a platform operator or an auditor may list" in refused.stderr) == (1, True)


def test_a_service_from_its_making_to_its_end(run: Run) -> None:
    made = run("services", "make", "emojis", "robot", "--title", "Deploys", "--role", "tenant-owner", "--as", "owner")
    assert made.output.startswith("emojis/robot is tenant-owner;")
    assert (
        run("services", "token", "emojis", "robot", "--name", "ci", "--scope", "request", "--as", "owner").exit_code
        == 0
    )
    listed = run("services", "list", "emojis", "--as", "member").output.splitlines()
    assert listed[1].split() == ["robot", "Deploys", "tenant-owner", "owner", "-"]
    assert run("services", "remove", "emojis", "robot", "--as", "owner").output.startswith(
        "emojis/robot and its tokens"
    )
    assert len(run("services", "list", "emojis", "--as", "member").output.splitlines()) == 1


def test_an_operator_routes_again(run: Run, desk: Desk) -> None:
    ref = desk.checked()["ref"]
    reason = ("--reason", "the policy changed", "--as", "operator")
    assert "by the policy in force already" in run("reroute", ref, *reason).stderr
    with desk.database.unit_of_work() as session:
        text = default_policy().text.replace("name: skip-ports-encrypted\n", "name: skip-ports-strict\n")
        policy_store.apply_policy(session, text, by="operator", now=database_now(session))
    assert run("reroute", ref, *reason).output.startswith(f"{ref} is pending.")
    assert desk.ticket(ref)["rule"] == "skip-ports-strict"
