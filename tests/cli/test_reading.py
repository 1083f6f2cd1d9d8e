"""`list`, `show`, `events`, `evidence`, `me`, `kinds`, `clusters`, `inventory`: what people and programs read."""

from __future__ import annotations

import json

import pytest

from tests import world
from tests.api.desk import Desk
from tests.cli.conftest import Run
from tests.web import scenes


def test_list_by_what_waits_for_me(run: Run, desk: Desk) -> None:
    ref = desk.checked()["ref"]
    lines = run("list", "--waiting-for-me", "--as", "partner").output.splitlines()
    assert lines[0].split() == ["REF", "STATE", "KIND", "WHERE", "ASKED", "BY", "ENDS"]
    assert lines[1].split()[:4] == [ref, "pending", "encryption-exception", "practice/emojivoto"]
    assert run("list", "--waiting-for-me", "--as", "outsider_partner").output == "No such tickets.\n"
    assert [one["ref"] for one in json.loads(run("list", "--mine", "--json", "--as", "member").output)] == [ref]
    assert run("list", "--state", "active", "--as", "member").output == "No such tickets.\n"
    assert run("list", "--state", "sleeping", "--as", "member").exit_code == 1


def test_list_follows_every_page(run: Run, desk: Desk) -> None:
    ports = [str(port) for port in range(2000, 2005)]
    refs = [desk.submitted(fields=world.exception(inbound=port))["ref"] for port in ports]
    listed = json.loads(run("list", "--json", "--as", "member").output)
    assert [one["ref"] for one in listed] == refs[::-1]
    assert len(json.loads(run("list", "--json", "--limit", "2", "--as", "member").output)) == 2


def test_list_searches_and_narrows(run: Run, desk: Desk) -> None:
    ref = desk.checked()["ref"]
    other = desk.generic(reason="a console for the auditors: grün")["ref"]
    assert ref in run("list", "--search", "deployment/voting vendor", "--as", "partner").output
    assert run("list", "--search", "nothing", "--as", "partner").output == "No such tickets.\n"
    assert run("list", "--requester", "owner", "--as", "partner").output == "No such tickets.\n"
    assert run("list", "--from", "2020-01-01", "--until", "2020-12-31", "--as", "partner").output.startswith("No such")
    assert run("list", "--from", "yesterday", "--as", "partner").exit_code == 1
    kept = desk.send("PUT", "me/filters/my consoles", "partner", json={"query": "kind=generic"})
    assert kept.status_code == 200
    listed = json.loads(run("list", "--saved", "my consoles", "--json", "--as", "partner").output)
    assert [one["ref"] for one in listed] == [other]
    assert run("list", "--saved", "none", "--as", "partner").exit_code == 1


def test_list_as_a_file(run: Run, desk: Desk) -> None:
    ref = desk.generic(reason="a console for the auditors: grün")["ref"]
    head, line = run("list", "--csv", "--search", "grün", "--as", "partner").output.splitlines()
    assert head.startswith("ref,state,outcome,kind,tenant")
    assert line.startswith(f"{ref},pending,,generic,emojis")
    assert line.endswith("a console for the auditors: grün")


def test_show_tells_state_next_approvals_and_window(run: Run, desk: Desk) -> None:
    ref = desk.active()["ref"]
    page = run("show", ref, "--as", "member").output
    assert page.startswith(
        f"{ref}  encryption-exception  active\n  next                    It is taken back by itself at "
    )
    for part in (
        "1 security-partner",
        "left)",
        "partner (security-partner): approve",
        "Preflight, ",
        "deployment/emoji",
    ):
        assert part in page
    assert "\x1b" not in page
    assert json.loads(run("show", ref, "--json", "--as", "member").output)["state"] == "active"


def test_show_tells_how_to_use_what_is_open(run: Run, desk: Desk) -> None:
    asked = {"kind": "debug-sidecar", "duration": "PT1H", "fields": {"workloads": ["deployment/emoji"]}}
    ref = desk.active(**asked)["ref"]
    page = run("show", ref, "--as", "member").output
    assert "How to use it\n  See which pods have linkerd-debug" in page
    assert "  Follow the packets of a pod of deployment/emoji on practice:\n" in page
    assert "\n    kubectl -n emojivoto logs deployment/emoji -c linkerd-debug -f\n" in page
    assert "How to use it" not in run("show", desk.active()["ref"], "--as", "member").output


def test_events_tell_the_story(run: Run, desk: Desk) -> None:
    ref = desk.active()["ref"]
    output = run("events", ref, "--as", "member").output
    kinds = [line.split()[4] for line in output.splitlines()[1:]]
    assert kinds[0] == "ticket:submitted"
    assert kinds[-1] == "ticket:active"
    assert "decision:approve" in kinds
    assert json.loads(run("events", ref, "--json", "--as", "member").output)[0]["previous"] == "0" * 64
    assert json.loads(run("evidence", ref, "--as", "member").output)[0]["kind"] == "preflight"


def test_knowing_what_to_ask(run: Run, desk: Desk) -> None:
    assert "security-partner of emojis" in run("me", "--as", "partner").output
    assert "encryption-exception" in run("kinds", "--as", "member").output
    assert "properties" in json.loads(run("kinds", "encryption-exception", "--as", "member").output)
    assert run("clusters", "--as", "member").output.splitlines()[2].startswith("practice    production")
    inventory = run("inventory", "practice", "emojivoto", "--as", "member").output
    assert "emojivoto of emojis on practice (production), seen" in inventory
    assert "deployment/emoji" in inventory
    assert "4567,4568 (control plane default)" in inventory
    assert run("inventory", "practice", "bookstore", "--as", "member").exit_code == 1


@pytest.mark.parametrize(
    "words", [("show", "MD-9"), ("events", "MD-9"), ("wait", "MD-9"), ("approve", "MD-9", "--yes")]
)
@pytest.mark.usefixtures("desk")
def test_what_is_not_there(run: Run, words: tuple[str, ...]) -> None:
    result = run(*words, "--as", "member")
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", "There is no ticket MD-9.\n")


def test_show_gives_the_lines_to_commit_whole(run: Run, desk: Desk) -> None:
    ref = desk.submitted()["ref"]
    scenes.looked(desk, ref, *scenes.FINDINGS, seen=scenes.seen("deployment/emoji"))
    page = run("show", ref, "--as", "partner").output
    assert (
        "Commit this to Git while it is open, and take it out when it ends\n  deployment/emoji\napiVersion: apps/v1"
        in page
    )
    assert f'        {scenes.SKIP}: "4567,4568,8080"' in page
    assert (
        "Commit this"
        not in run("show", desk.checked(fields=world.exception(inbound="7001"))["ref"], "--as", "partner").output
    )
