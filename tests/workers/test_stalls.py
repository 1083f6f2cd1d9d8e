"""Rollouts that hang, on the way in and out: told once, on the ticket and to who asked, and over when they go on."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal.errors import Refused
from portal.mesh.stalls import PATIENCE
from portal.models import Notice, Ticket
from portal.states import State
from tests.workers.desk import EMOJI, Desk, Interrupted
from workers.cluster.practice_pods import NEVER_READY

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
STALLED, RESUMED = "rollout:stalled", "rollout:resumed"


def hold(desk: Desk, held: str | None, seconds: int = 600) -> None:
    """Keep new pods from serving, or let them; with a deadline after which the Deployment says so."""
    patch: dict[str, Any] = {"metadata": {"annotations": {NEVER_READY: held}}}
    desk.practice.apply_as("kubectl", EMOJI, {**patch, "spec": {"progressDeadlineSeconds": seconds}})


def sorts(desk: Desk, number: int) -> list[str]:
    """What was told of it."""
    with desk.database.reading() as session:
        return list(session.scalars(select(Notice.sort).where(Notice.ticket_id == number).order_by(Notice.id)))


def shown(desk: Desk, number: int) -> str | None:
    """What its progress says of the hanging rollout."""
    found: str | None = desk.ticket(number).progress["deployment/emoji"]["stalled"]
    return found


def test_a_rollout_that_misses_its_deadline_is_told_once_and_goes_on(desk: Desk) -> None:
    number = desk.approved("7001")
    hold(desk, "true", 1)
    desk.apply(number)
    assert STALLED not in desk.events(number)
    time.sleep(2.1)
    for _ in range(3):
        desk.apply(number)
    assert desk.events(number).count(STALLED) == sorts(desk, number).count("stalled") == 1
    assert "progress deadline" in str(shown(desk, number))
    assert desk.state(number) is State.APPLYING
    hold(desk, None)
    for _ in range(5):
        desk.apply(number)
    assert (desk.state(number), shown(desk, number)) == (State.ACTIVE, None)


def test_the_undo_tells_its_own_stall(desk: Desk) -> None:
    number = desk.active("7001")
    hold(desk, "true", 1)
    desk.close(number)
    time.sleep(2.1)
    for _ in range(2):
        desk.undo(number)
    assert desk.state(number) is State.REVERTING
    assert desk.events(number).count(STALLED) == sorts(desk, number).count("stalled") == 1
    hold(desk, None)
    for _ in range(5):
        desk.undo(number)
    assert desk.state(number) is State.CLOSED


def test_nothing_that_moves_for_ten_minutes_is_told_and_taken_back_when_it_moves(desk: Desk) -> None:
    number = desk.approved("7001")
    hold(desk, "true")
    desk.apply(number)
    with desk.database.unit_of_work() as session:
        ticket = session.get_one(Ticket, number)
        kept = ticket.progress["deployment/emoji"]
        long_ago = (datetime.now(UTC) - PATIENCE - timedelta(minutes=1)).isoformat()
        ticket.progress = {"deployment/emoji": {**kept, "moved_at": long_ago}}
    desk.apply(number)
    assert "Nothing has moved for 10 minutes" in str(shown(desk, number))
    desk.practice.apply_as("kubectl", EMOJI, {"spec": {"replicas": 4}})
    desk.apply(number)
    assert desk.events(number)[-1] == RESUMED
    assert shown(desk, number) is None
    desk.apply(number)
    assert desk.events(number).count(RESUMED) == 1


def test_an_injector_whose_events_cannot_be_read_hinders_nothing(desk: Desk) -> None:
    def refuse() -> None:
        raise Refused("Meshdesk's account on cluster practice has not the right to list events.")

    door = Interrupted(desk.practice)
    door.before["events"] = refuse
    number = desk.approved("7001")
    desk.apply(number, by=desk.worker(door))
    (applied,) = desk.evidence(number, "applied")["targets"]
    assert desk.state(number) is State.ACTIVE
    assert (applied["injector"]["events"], applied["injector"]["problem"][:18]) == ([], "Meshdesk's account")


def test_evidence_compares_the_pods_and_keeps_what_the_injector_told(desk: Desk) -> None:
    number = desk.active("7001")
    (applied,) = desk.evidence(number, "applied")["targets"]
    assert applied["compared"][0] == ("inbound now skips 4190,4191,4567-4568,7001 (before: 4190,4191,4567,4568)")
    assert applied["injector"]["problem"] is None
    assert {one["reason"] for one in applied["injector"]["events"]} == {"Injected"}
    desk.close(number)
    for _ in range(3):
        desk.undo(number)
    (undone,) = desk.evidence(number, "undone")["targets"]
    assert undone["compared"] == []
