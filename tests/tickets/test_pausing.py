"""A pause as workers and the sweep see it, and as applying the registry leaves it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from portal import registry
from portal.db import database_now
from portal.models import Cluster, Ticket
from portal.registry.state import ClusterEntry
from portal.states import State
from portal.tickets import operating
from tests.workers.desk import Desk
from workers.sweep import sweep


def pause(desk: Desk) -> None:
    with desk.acting("operator") as (session, operator):
        operating.pause(session, "practice", reason="an upgrade", by=operator, now=database_now(session))


def resume(desk: Desk) -> None:
    with desk.acting("operator") as (session, operator):
        operating.resume(session, "practice", by=operator, now=database_now(session))


def some_time_later(desk: Desk, number: int) -> None:
    """Let the time pass after which the sweep calls again."""
    with desk.database.unit_of_work() as session:
        session.get_one(Ticket, number).updated_at = database_now(session) - timedelta(minutes=1)


def test_nothing_is_begun_until_it_is_resumed(desk: Desk) -> None:
    number = desk.approved("7001")
    pause(desk)
    assert desk.deliver("meshdesk.apply") == 1
    assert (desk.state(number), desk.annotations()) == (State.APPROVED, {})
    some_time_later(desk, number)
    sweep(desk.context)
    assert desk.deliver("meshdesk.apply") == 0, "the sweep calls for nothing on a paused cluster"
    resume(desk)
    assert desk.deliver("meshdesk.apply") == 1
    assert desk.state(number) is State.ACTIVE


def test_what_ends_meanwhile_is_undone(desk: Desk) -> None:
    number = desk.active("7001")
    pause(desk)
    desk.run_out(number)
    sweep(desk.context)
    desk.deliver("meshdesk.undo")
    assert (desk.state(number), desk.ticket(number).outcome, desk.annotations()) == (State.CLOSED, "expired", {})


def test_applying_the_registry_leaves_the_pause(desk: Desk) -> None:
    pause(desk)
    with desk.database.unit_of_work() as session:
        before = registry.present(session)
        clusters = tuple(replace(one, description="moved") for one in before.clusters)
        more = ClusterEntry("another", "sandbox")
        changes = registry.apply(
            session, replace(before, clusters=(*clusters, more)), by="a test", now=datetime.now(UTC)
        )
        assert changes
    with desk.database.reading() as session:
        cluster = session.get_one(Cluster, "practice")
        assert (cluster.description, cluster.paused_by, cluster.pause_reason) == ("moved", "operator", "an upgrade")
        assert session.get_one(Cluster, "another").paused_at is None
