"""`approve`, `reject` and what ends a ticket: decided is what was shown, by who may."""

from __future__ import annotations

import pytest

from portal.cli.client import Desk as Client
from portal.cli.failures import Problem
from portal.cli.place import Place
from tests import world
from tests.api.desk import Desk
from tests.cli.conftest import Run
from tests.cli.serving import Served


def test_approve_shows_the_ticket_and_asks_back(run: Run, desk: Desk) -> None:
    ref = desk.checked()["ref"]
    kept = run("approve", ref, "--as", "partner", input="n\n")
    assert kept.exit_code == 1
    assert "vendor protocol breaks behind a proxy" in kept.output
    assert f"Approve {ref} as it is shown here?" in kept.output
    assert desk.ticket(ref)["state"] == "pending"
    done = run("approve", ref, "--as", "partner", "--note", "seen", input="y\n")
    assert done.exit_code == 0
    assert f"{ref} is approved." in done.output
    assert [one["note"] for one in desk.ticket(ref)["decisions"]] == ["seen"]


def test_approve_without_a_preflight_says_why_not(run: Run, desk: Desk) -> None:
    ref = desk.submitted()["ref"]
    result = run("approve", ref, "--as", "partner", "--yes")
    assert result.exit_code == 1
    assert "preflight" in result.stderr


def test_who_may_not_decide_hears_a_sentence(run: Run, desk: Desk) -> None:
    ref = desk.checked()["ref"]
    assert "Nobody decides on their own ticket" in run("approve", ref, "--as", "member", "--yes").stderr
    stranger = run("approve", ref, "--as", "outsider_partner", "--yes")
    assert (stranger.exit_code, stranger.stderr) == (1, f"There is no ticket {ref}.\n")


def test_a_decision_is_on_the_version_that_was_read(served_desk: Served) -> None:
    ref = served_desk.desk.checked()["ref"]
    with Client(Place(served_desk.url, world.TOKENS["partner"])) as client:
        seen = client.get(f"/tickets/{ref}")
        client.post(f"/tickets/{ref}/comments", {"text": "one more thing"})
        with pytest.raises(Problem, match="changed since you read it") as refused:
            client.post(f"/tickets/{ref}/decisions", {"decision": "approve", "note": ""}, etag=seen.etag)
    assert refused.value.status == 412


def test_reject_needs_a_reason(run: Run, desk: Desk) -> None:
    ref = desk.checked()["ref"]
    assert run("reject", ref, "--as", "partner", "--yes").exit_code == 2
    assert run("reject", ref, "--as", "partner", "--yes", "--note", "use opaque ports").exit_code == 0
    assert desk.ticket(ref)["state"] == "rejected"
    assert desk.ticket(ref)["end_reason"] == "use opaque ports"


def test_ending_and_talking(run: Run, desk: Desk) -> None:
    ref = desk.active()["ref"]
    assert run("comment", ref, "all well", "--as", "owner").output == f"Said on {ref}.\n"
    assert "all well" in run("show", ref, "--as", "member").output
    assert run("release", ref, "--as", "member").exit_code == 2
    assert f"{ref} is reverting." in run("release", ref, "--reason", "done early", "--as", "member").output
    again = run("revoke", ref, "--reason", "too late", "--as", "partner")
    assert again.exit_code == 1
    assert "nothing to revoke" in again.stderr


@pytest.mark.parametrize(("verb", "words"), [("withdraw", ("--reason", "not needed")), ("preflight", ())])
def test_what_is_pending_can_be_withdrawn_or_looked_at_again(
    run: Run, desk: Desk, verb: str, words: tuple[str, ...]
) -> None:
    ref = desk.checked()["ref"]
    result = run(verb, ref, *words, "--as", "member")
    assert result.exit_code == 0
    assert result.output.startswith(f"{ref} is {'withdrawn' if verb == 'withdraw' else 'pending'}.")


def test_reapply_and_retry(run: Run, desk: Desk) -> None:
    ref = desk.drifted()["ref"]
    assert "8080" in run("show", ref, "--as", "member").output.split("REMOVED BY SOMEBODY")[1]
    assert f"{ref} is active." in run("reapply", ref, "--as", "member").output
    assert "nothing to retry" in run("retry", ref, "--as", "member").stderr
