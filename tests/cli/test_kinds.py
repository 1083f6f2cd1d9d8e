"""`request KIND` and `preview KIND`: made from a table, which must say of each kind what the product says."""

from __future__ import annotations

import click
import pytest

from portal.cli.kinds import KINDS as COMMANDS
from portal.cli.root import meshdesk
from portal.kinds.registry import KINDS
from tests.api.desk import Desk
from tests.cli.conftest import Run

GENERIC = ("generic", "--title", "A console", "--text", "Read-only.", "--reason", "the yearly audit", "--as", "member")
PLACES = {
    "namespace": {"cluster": True, "namespace": True},
    "namespaces": {"cluster": True},
    "anything": {"cluster": False, "namespace": False, "tenant": False},
}


def command(group: str, kind: str) -> click.Command:
    found = meshdesk.get_command(click.Context(meshdesk), group)
    assert isinstance(found, click.Group)
    made = found.get_command(click.Context(found), kind)
    assert made is not None
    return made


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_asks_for_the_place_that_its_kind_needs(name: str) -> None:
    kind = KINDS[name]
    assert COMMANDS[name].scope == kind.scope.value
    assert (COMMANDS[name].goal == "active") is kind.has_cluster_change
    for group in ("request", "preview"):
        required = {option.name: option.required for option in command(group, name).params}
        asked = {one: required[one] for one in ("cluster", "namespace", "tenant") if one in required}
        assert asked == PLACES[kind.scope.value]
        assert {"starts_at", "duration", "renews", "reason"} <= set(required)


def test_the_help_names_each_kind(run: Run) -> None:
    for group in ("request", "preview"):
        output = run(group, "--help").output
        assert all(f"\n  {name} " in output for name in COMMANDS)
    assert run("request", "generik").exit_code == 2


def test_a_generic_request_needs_no_place(run: Run, desk: Desk) -> None:
    result = run("request", *GENERIC)
    assert result.exit_code == 0, result.output
    assert result.output.startswith("MD-1 is pending. It waits for one platform operator (operator, operator2).")
    asked = desk.ticket("MD-1")
    assert (asked["cluster"], asked["fields"]) == (None, {"title": "A console", "text": "Read-only."})
    assert run("list", "--as", "member").output.splitlines()[1].split() == [
        "MD-1",
        "pending",
        "generic",
        "-",
        "member",
        "-",
    ]
    shown = run("show", "MD-1", "--as", "member").output
    assert "no cluster; for emojis" in shown
    assert "Read-only." in shown
    assert "window" not in shown


def test_a_generic_request_with_a_place(run: Run, desk: Desk) -> None:
    result = run("request", *GENERIC, "--tenant", "emojis", "--cluster", "playground", "--namespace", "emojivoto")
    assert result.exit_code == 0, result.output
    assert desk.ticket("MD-1")["environment"] == "sandbox"
    assert "playground, namespace emojivoto of emojis (sandbox)" in run("show", "MD-1", "--as", "member").output


@pytest.mark.usefixtures("desk")
def test_a_generic_preview(run: Run) -> None:
    for words in (("preview", *GENERIC), ("request", *GENERIC, "--preview")):
        result = run(*words)
        assert result.exit_code == 0, result.output
        assert result.output.startswith("generic, no cluster; for emojis: not stored")
        assert "inventory" not in result.output
    assert run("list", "--as", "member").output == "No such tickets.\n"


def test_a_start_is_a_time_with_its_zone(run: Run, desk: Desk) -> None:
    for wrong, said in (("tomorrow", "2026-07-01T10:00:00Z"), ("2100-01-01T10:00:00", "of which zone")):
        result = run("request", *GENERIC, "--starts-at", wrong)
        assert (result.exit_code, said in result.stderr) == (2, True)
    late = run("request", *GENERIC, "--starts-at", "2100-01-01T10:00:00+02:00")
    assert (late.exit_code, "starts_at: That is too far off" in late.stderr) == (1, True)
    assert desk.get("tickets").get_json()["items"] == []


def test_operators_take_answer_and_decline(run: Run, desk: Desk) -> None:
    refs = [desk.generic(fields={"title": title, "text": "Read-only."})["ref"] for title in ("A console", "A report")]
    taken = run("take", refs[0], "--as", "operator")
    assert (taken.exit_code, "operator works on it" in taken.output) == (0, True)
    done = run("fulfil", refs[0], "--answer", "Both have it.", "--as", "operator")
    assert done.output == f"{refs[0]} is closed. operator fulfilled it: the answer says what was done.\n"
    assert "Both have it." in run("show", refs[0], "--as", "member").output
    declined = run("decline", refs[1], "--answer", "There is none.", "--as", "operator2")
    assert f"{refs[1]} is rejected. operator2 declined it" in declined.output
    refused = run("fulfil", refs[1], "--answer", "After all.", "--as", "member")
    assert (refused.exit_code, "Only a platform operator may take, fulfil or decline" in refused.stderr) == (1, True)


def test_waiting_for_a_generic_one_is_waiting_for_its_answer(run: Run, desk: Desk) -> None:
    done, not_done = (desk.generic(fields={"title": title, "text": "-"})["ref"] for title in ("A console", "A report"))
    desk.post(f"tickets/{done}/fulfil", {"answer": "Both have it."}, "operator")
    desk.post(f"tickets/{not_done}/decline", {"answer": "There is none."}, "operator")
    assert run("wait", done, "--as", "member").exit_code == 0
    assert run("wait", not_done, "--as", "member").exit_code == 3
    assert run("wait", done, "--for", "active", "--as", "member").exit_code == 3
