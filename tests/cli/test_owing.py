"""`nudge`, `break-glass`, `review`, `recertify`, and the restart window of a request."""

from __future__ import annotations

import pytest

from portal.cli.times import RestartWindowType
from tests.api.desk import Desk
from tests.cli.conftest import Run


def test_a_nudge_says_who_was_reminded(run: Run, desk: Desk) -> None:
    ref = desk.checked()["ref"]
    assert run("nudge", ref, "--as", "member").output == "Reminded: partner, partner2.\n"
    assert "within a day" in run("nudge", ref, "--as", "member").stderr


def test_glass_is_broken_seen_and_reviewed(run: Run, desk: Desk) -> None:
    ref = desk.checked()["ref"]
    assert run("break-glass", ref, "--reason", "payments are down", "--as", "member", input="n\n").exit_code == 1
    broken = run("break-glass", ref, "--reason", "payments are down", "--as", "member", "--yes")
    assert (broken.exit_code, f"{ref} is approved" in broken.output) == (0, True)
    assert "BROKEN, to be reviewed by a security partner" in run("show", ref, "--as", "partner").output
    assert "glass broken" in run("list", "--owed", "review", "--as", "partner").output
    assert run("review", ref, "--justified", "--note", "it was", "--as", "partner").exit_code == 0
    assert "reviewed by partner: justified, it was" in run("show", ref, "--as", "member").output


def test_a_long_window_is_recertified(run: Run, desk: Desk) -> None:
    ref = desk.long_open()["ref"]
    assert "asked from" in run("show", ref, "--as", "partner").output
    assert run("recertify", ref, "--note", "the vendor is at it", "--as", "partner").exit_code == 0
    assert run("recertify", ref, "--note", "again", "--as", "partner").exit_code == 1


@pytest.mark.parametrize(
    ("text", "days"),
    [("22:00-04:00", None), ("mon-wed,fri 22:00-04:00", "mon tue wed fri"), ("sat-mon 22:00 - 04:00", "sat sun mon")],
)
def test_a_restart_window_is_typed_as_people_say_it(text: str, days: str | None) -> None:
    found = RestartWindowType().convert(text, None, None)
    assert found == {**({"days": days.split()} if days else {}), "from": "22:00", "until": "04:00"}


def test_a_restart_window_goes_with_the_request(run: Run, desk: Desk) -> None:
    words = ["--workload", "deployment/emoji", "--inbound", "8080", "--for", "30m", "--reason", "r", "--how", "TLS"]
    place = ["--cluster", "practice", "-n", "emojivoto", "--encrypted", "--as", "member"]
    asked = run("request", "encryption-exception", *words, *place, "--restart-window", "mon-fri 22:00-04:00")
    assert asked.exit_code == 0, asked.output
    ref = asked.output.split()[0]
    assert desk.ticket(ref)["restart_window"]["days"] == ["mon", "tue", "wed", "thu", "fri"]
    assert "mon, tue, wed, thu, fri 22:00-04:00 UTC" in run("show", ref, "--as", "member").output
    wrong = run("request", "encryption-exception", *words, *place, "--restart-window", "at night")
    assert (wrong.exit_code, "Write the hours in UTC" in wrong.stderr) == (2, True)
