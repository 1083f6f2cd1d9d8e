"""A paused cluster begins nothing new: who pauses it, how everybody sees it, and what is called for afterwards."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from portal import audit, queries
from portal.db import database_now
from portal.models import Message, Ticket
from portal.tickets import carrying_out
from tests import world
from tests.api.desk import LEASE, Desk

WHY = {"reason": "an upgrade of the mesh"}
NOT_ENCRYPTED = {"encrypted": False, "how": "the vendor knows no TLS"}


def cluster(desk: Desk, name: str = "practice", who: str = "member") -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in desk.get("clusters", who).get_json()["items"] if one["name"] == name)
    return found


def pause(desk: Desk) -> None:
    assert desk.post("clusters/practice/pause", WHY, "operator").status_code == 200


def called(desk: Desk) -> list[str]:
    """What an apply is waiting to be taken for, in the order in which it was called."""
    with desk.database.reading() as session:
        waiting = select(Message.subject).where(Message.task == "meshdesk.apply", Message.taken_at.is_(None))
        return [f"MD-{subject}" for subject in session.scalars(waiting.order_by(Message.id))]


def take_all(desk: Desk) -> None:
    """Let a worker take what waits, and find that it may not begin."""
    with desk.database.unit_of_work() as session:
        for message in session.scalars(select(Message)):
            message.taken_at = database_now(session)


def starts_in(desk: Desk, ref: str, span: timedelta) -> None:
    with desk.database.unit_of_work() as session:
        session.get_one(Ticket, int(ref[3:])).starts_at = database_now(session) + span


def test_everybody_sees_that_a_cluster_is_paused_and_why(desk: Desk) -> None:
    before = cluster(desk)
    assert (before["paused_at"], before["paused_by"], before["pause_reason"]) == (None, None, None)
    said = desk.post("clusters/practice/pause", WHY, "operator").get_json()
    seen = cluster(desk)
    assert (seen["paused_by"], seen["pause_reason"]) == ("operator", WHY["reason"])
    assert seen["paused_at"] == said["paused_at"] is not None
    assert cluster(desk, "playground")["paused_at"] is None
    assert desk.post("clusters/practice/resume", who="operator").get_json()["paused_at"] is None
    assert cluster(desk)["pause_reason"] is None


def test_the_trail_tells_of_it(desk: Desk) -> None:
    pause(desk)
    desk.post("clusters/practice/resume", who="operator2")
    with desk.database.reading() as session:
        told = queries.events(session, audit.SYSTEM_CHAIN)
        assert [(one.type, one.actor) for one in told] == [
            ("cluster:paused", "operator"),
            ("cluster:resumed", "operator2"),
        ]
        assert told[0].payload == {"cluster": "practice", **WHY}
        assert list(audit.verify(session)) == []


def test_twice_is_refused_with_what_stands(desk: Desk) -> None:
    assert "not paused" in desk.post("clusters/practice/resume", who="operator").get_json()["detail"]
    pause(desk)
    again = desk.post("clusters/practice/pause", {"reason": "another"}, "operator2")
    assert (again.status_code, again.get_json()["type"]) == (409, "/api/docs#problem-wrong-state")
    assert "by operator (an upgrade of the mesh)" in again.get_json()["detail"]
    assert cluster(desk)["pause_reason"] == WHY["reason"]


def test_an_unknown_cluster_and_a_missing_reason(desk: Desk) -> None:
    assert desk.post("clusters/nowhere/pause", WHY, "operator").status_code == 404
    assert desk.post("clusters/practice/pause", {"reason": " "}, "operator").status_code == 422


def test_a_ticket_says_that_its_cluster_is_paused(desk: Desk) -> None:
    ref = desk.approved()["ref"]
    pause(desk)
    assert desk.ticket(ref)["next"] == (
        "Cluster practice is paused (an upgrade of the mesh): it is applied once a platform operator resumes that."
    )
    with desk.database.unit_of_work() as session:
        assert carrying_out.claim(session, int(ref[3:]), task="meshdesk.apply", lease=LEASE) is None
    desk.post("clusters/practice/resume", who="operator")
    assert desk.ticket(ref)["next"] == "A worker writes the change now."


def test_a_ticket_says_when_it_starts(desk: Desk) -> None:
    ref = desk.approved()["ref"]
    starts_in(desk, ref, timedelta(days=1))
    ticket = desk.ticket(ref)
    when = ticket["starts_at"][:19].replace("T", " ")
    assert ticket["next"] == f"It starts at {when} UTC: a worker writes the change then."


def test_what_ends_is_undone_all_the_same(desk: Desk) -> None:
    ref = desk.active()["ref"]
    pause(desk)
    assert desk.post(f"tickets/{ref}/release", {"reason": "done"}).get_json()["state"] == "reverting"
    with desk.database.unit_of_work() as session:
        assert carrying_out.claim(session, int(ref[3:]), task="meshdesk.undo", lease=LEASE) is not None


def test_resuming_calls_for_what_waits_oldest_first(desk: Desk) -> None:
    fields = [world.exception(workloads=[f"deployment/{name}"], inbound="7001") for name in ("emoji", "voting", "web")]
    first, second, later = (desk.approved(fields=one)["ref"] for one in fields)
    elsewhere = desk.approved(cluster="playground", fields=world.exception(application_encryption=NOT_ENCRYPTED))
    pending, generic = desk.checked(fields=world.exception(workloads=["statefulset/store"])), desk.generic()
    desk.decide(generic["ref"], generic["version"], "operator")
    pause(desk)
    take_all(desk)
    starts_in(desk, later, timedelta(hours=1))
    assert called(desk) == []
    assert desk.post("clusters/practice/resume", who="operator").status_code == 200
    assert called(desk) == [first, second]
    assert {elsewhere["ref"], pending["ref"], later} & set(called(desk)) == set()
