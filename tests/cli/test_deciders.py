"""What the commands of deciders do besides approving whole: less, several, questions, absence, templates, history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests import world
from tests.api.desk import Desk
from tests.cli.conftest import Run

YES = ("--as", "partner", "--yes")
MAKE = ("--tenant", "emojis", "--reason", "away", "--as", "partner")


def test_a_part_is_granted_and_shown_beside_what_was_asked(run: Run, desk: Desk) -> None:
    ref = desk.checked()["ref"]
    part = ("--grant-inbound", "8080", "--grant-workload", "deployment/emoji", "--grant-for", "10m")
    assert "note" in run("approve", ref, *part, *YES).stderr
    done = run("approve", ref, *part, "--note", "one is enough", "--condition", "only till Friday", *YES)
    assert (done.exit_code, f"{ref} is approved." in done.output) == (0, True), done.output
    page = run("show", ref, "--as", "member").output
    rows = [line.split("  ") for line in page.split("Less was granted than was asked\n")[1].splitlines()[:4]]
    found = {row[0]: [cell.strip() for cell in row[1:] if cell.strip()] for row in rows}
    assert found == {
        "": ["ASKED", "GRANTED"],
        "workloads": ["deployment/emoji, deployment/voting", "deployment/emoji"],
        "inbound": ["8080,9000-9010", "8080"],
        "time": ["30 min", "10 min"],
    }
    assert "  only till Friday (partner)" in page


def test_several_are_shown_and_decided_by_one_word(run: Run, desk: Desk) -> None:
    first, second = (desk.checked(fields=world.exception(inbound=ports))["ref"] for ports in ("7001", "7002"))
    kept = run("approve", first, second, "--as", "partner", input="n\n")
    assert f"Approve {first}, {second} as they are shown here?" in kept.output
    assert desk.ticket(first)["state"] == "pending"
    third = desk.submitted(fields=world.exception(inbound="7003"))["ref"]
    done = run("approve", first, second, third, *YES)
    assert done.exit_code == 1
    assert f"{first} is approved.\n{second} is approved.\n{third} is not decided: The preflight" in done.output
    assert done.stderr == f"1 of 3 were not decided: {third}.\n"
    assert run("approve", first, second, "--grant-for", "1m", *YES).exit_code == 2


def test_templates_reject(run: Run, desk: Desk) -> None:
    ref = desk.checked()["ref"]
    text = ("--text", "Use opaque ports.")
    assert run("reject-templates", "keep", "emojis", "opaque", *text, "--as", "partner").exit_code == 0
    assert "opaque  Use opaque ports." in run("reject-templates", "list", "emojis", "--as", "member").output
    assert run("reject", ref, *YES).exit_code == 2
    assert run("reject", ref, "--template", "opaque", "--note", "As before.", *YES).exit_code == 0
    assert desk.ticket(ref)["end_reason"] == "Use opaque ports.\n\nAs before."
    assert run("reject-templates", "remove", "emojis", "opaque", "--as", "owner").exit_code == 0
    assert run("reject-templates", "list", "emojis", "--as", "member").output == "Tenant emojis keeps none.\n"


def test_a_question_holds_it_and_an_answer_lets_it_go_on(run: Run, desk: Desk) -> None:
    ref = desk.checked()["ref"]
    held = run("question", ref, "Which vendor?", "--as", "partner").output
    assert "on hold until partner's question is answered by member or another member or owner of emojis" in held
    assert "Which vendor?" in run("show", ref, "--as", "member").output
    assert "It is: Which vendor?" in run("approve", ref, *YES).stderr
    assert "waits for one security partner" in run("answer", ref, "The one of the tills.", "--as", "member").output
    assert run("approve", ref, *YES).exit_code == 0


def test_who_is_away_leaves_decisions_to_somebody(run: Run, desk: Desk) -> None:
    ref = desk.checked()["ref"]
    assert "At most 60 days" in run("delegations", "make", "outsider", *MAKE, "--until", "2099-01-01T00:00:00Z").stderr
    until = (datetime.now(UTC) + timedelta(days=7)).isoformat()
    made = run("delegations", "make", "outsider", *MAKE, "--until", until)
    assert "outsider decides for partner in emojis" in made.output
    assert "lasts" in run("delegations", "list", "--as", "outsider").output
    assert run("approve", ref, "--as", "outsider", "--yes").exit_code == 0
    assert (
        "outsider (security-partner; for partner, who was away): approve" in run("show", ref, "--as", "member").output
    )
    assert "no longer decides" in run("delegations", "end", "1", "--as", "partner").output
    assert "ended by partner" in run("delegations", "list", "--as", "partner").output


def test_what_was_before_is_counted_and_told(run: Run, desk: Desk) -> None:
    before = desk.checked()
    desk.decide(before["ref"], before["version"], decision="reject", note="use opaque ports")
    ref = desk.checked()["ref"]
    assert f"1 like it: 0 approved, 1 rejected (meshdesk history {ref})" in run("show", ref, "--as", "partner").output
    told = run("history", ref, "--as", "partner").output
    assert f"{before['ref']}  rejected  the same, by member" in told
    assert "reject   partner" in told
    assert "use opaque ports" in told
    assert "Nothing like" in run("history", before["ref"], "--as", "partner").output
