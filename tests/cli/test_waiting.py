"""`wait`: its exit codes, and that it tells how the rollout goes."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

from portal.tickets import carrying_out
from tests.api.desk import Desk
from tests.cli.conftest import Run


def test_reached_at_once(run: Run, desk: Desk) -> None:
    ref = desk.active()["ref"]
    result = run("wait", ref, "--as", "member", "--timeout", "5")
    assert result.exit_code == 0
    assert result.output.startswith(f"{ref} is active.")


def test_what_can_no_longer_be_reached(run: Run, desk: Desk) -> None:
    ref = desk.active()["ref"]
    run("release", ref, "--reason", "done", "--as", "member")
    result = run("wait", ref, "--for", "active", "--as", "member")
    assert result.exit_code == 3
    assert "does not become active by itself any more" in result.stderr


def test_a_failed_ticket_needs_a_person(run: Run, desk: Desk) -> None:
    ref = desk.failed()["ref"]
    assert run("wait", ref, "--as", "member").exit_code == 3
    assert run("wait", ref, "--for", "closed", "--as", "member").exit_code == 3


def test_timeout(run: Run, desk: Desk) -> None:
    ref = desk.submitted()["ref"]
    began = time.monotonic()
    result = run("wait", ref, "--timeout", "1s", "--as", "member")
    assert result.exit_code == 4
    assert 1 <= time.monotonic() - began < 5
    assert "is not active yet" in result.stderr


def test_it_tells_the_rollout(run: Run, desk: Desk) -> None:
    ticket, held = desk.applying()
    half = {"deployment/emoji": {"desired": 2, "updated": 1, "ready": 1, "complete": False, "stalled": None}}

    def work() -> None:
        time.sleep(0.7)
        with desk.database.unit_of_work() as session:
            carrying_out.begin_writing(session, held, before={"targets": []})
            carrying_out.wait(session, held, progress=half, delay=timedelta(0))
        time.sleep(2.5)
        with desk.database.unit_of_work() as session:
            taken = carrying_out.claim(session, held.ticket_id, task="meshdesk.apply", lease=timedelta(seconds=5))
            assert taken is not None
            carrying_out.settle_active(session, taken[1], evidence={"progress": {}})

    worker = threading.Thread(target=work)
    worker.start()
    result = run("wait", ticket["ref"], "--as", "member", "--timeout", "20")
    worker.join()
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert "deployment/emoji: 1 of 2 new, 1 ready" in lines[1]
    assert lines[-1].startswith(f"{ticket['ref']} is active.")
    assert len(lines) == 3
