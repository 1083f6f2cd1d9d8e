"""`notices`, `notifications`, `deliveries`, `channels`: who was told, and how."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sqlalchemy import update

from portal.models import Person
from tests.api.desk import Desk
from tests.cli.conftest import Run

ROOT = Path(__file__).parents[2]


def test_who_was_told_is_shown(run: Run, desk: Desk) -> None:
    ref = desk.checked()["ref"]
    assert f"{ref} waits for a decision" in run("notices", ref, "--as", "member").output
    page = run("show", ref, "--as", "member").output
    assert "Told last, " in page
    assert f"partner (no-channel), partner2 (no-channel). All: meshdesk notices {ref}" in page
    other = desk.submitted(fields={**desk.ticket(ref)["fields"], "inbound": "7001"})["ref"]
    assert run("notices", other, "--as", "member").output == f"Nobody was told anything of {other} yet.\n"


def test_how_one_is_told_is_changed_piece_by_piece(run: Run, desk: Desk) -> None:
    assert "You are told at once." in run("notifications", "show", "--as", "partner").output
    changed = run("notifications", "set", "--digest", "--mute", "active", "--mute", "ended", "--as", "partner")
    assert "You are told once a day, at 07:00 UTC." in changed.output
    changed = run("notifications", "set", "--unmute", "ended", "--as", "partner")
    rows = {line.split()[0]: line.split()[1] for line in changed.output.splitlines()[2:]}
    assert (rows["active"], rows["ended"], rows["break-glass"]) == ("no", "yes", "at")
    refused = run("notifications", "set", "--mute", "failed-to-undo", "--as", "partner")
    assert (refused.exit_code, "cannot be muted" in refused.stderr) == (1, True)
    assert desk.get("me/notifications", "partner").get_json()["digest"] is True


def test_an_operator_reads_the_log_and_has_one_tried_again(run: Run, desk: Desk) -> None:
    with desk.database.unit_of_work() as session:
        session.execute(update(Person).where(Person.name == "partner").values(email="partner@example.com"))
    desk.checked()
    listed = run("deliveries", "list", "--state", "waiting", "--as", "operator").output.splitlines()
    number = listed[1].split()[0]
    assert "waiting-for-you" in listed[1]
    again = run("deliveries", "retry", number, "--as", "operator")
    assert again.output == f"Delivery {number} of MD-1 to partner is tried again now.\n"
    assert run("deliveries", "list", "--as", "partner").exit_code == 1
    assert run("deliveries", "list", "--channel", "none", "--as", "operator").output == "No such deliveries.\n"


def meshdesk(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "portal.cli", "channels", *words]
    environ = {"PATH": "", "MESHDESK_CHANNELS": str(ROOT / "examples" / "channels.yaml")}
    return subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_channels_file_is_checked_and_a_channel_of_none_is_refused(tmp_path: Path) -> None:
    checked = meshdesk("check", str(ROOT / "examples" / "channels.yaml"))
    assert checked.stdout == "A channels file with mail, operators, shop-chat, shop-deploys.\n"
    (tmp_path / "wrong.yaml").write_text("mail: {url: a-secret}")
    refused = meshdesk("check", str(tmp_path / "wrong.yaml"))
    assert (refused.returncode, "wrong.yaml:1: mail.url: " in refused.stderr) == (1, True)
    assert "a-secret" not in refused.stderr
    unknown = meshdesk("test", "nowhere")
    assert (unknown.returncode, "it has mail, operators, shop-chat" in unknown.stderr) == (1, True)
    assert "Say whom to send it to" in meshdesk("test", "mail").stderr
