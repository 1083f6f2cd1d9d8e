"""A cluster that was away and comes back: what it owes is called for at once, the oldest debt first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update

from portal.models import InventoryCluster, Message, Ticket
from portal.states import State
from tests.workers.desk import Desk
from workers.inventory import refresh
from workers.sweep import AWAY_EVERY, sweep


def change(desk: Desk, number: int, **spans: timedelta) -> None:
    """Let something have happened so long ago, or be due in so long."""
    times = {name: datetime.now(UTC) + span for name, span in spans.items()}
    with desk.database.unit_of_work() as session:
        session.execute(update(Ticket).where(Ticket.id == number).values(**times))


def away(desk: Desk, *, is_away: bool) -> None:
    desk.practice.set("unreachable", is_away)


def due(desk: Desk, *tasks: str) -> list[str]:
    """What waits to be taken now, in the order in which it was sent."""
    with desk.database.reading() as session:
        now = datetime.now(UTC)
        waiting = select(Message).where(Message.taken_at.is_(None), Message.task.in_(tasks), Message.due_at <= now)
        return [f"{one.task} {one.subject}" for one in session.scalars(waiting.order_by(Message.id))]


def tried_ago(desk: Desk, span: timedelta) -> None:
    with desk.database.unit_of_work() as session:
        row = session.get_one(InventoryCluster, "practice")
        row.tried_at = datetime.now(UTC) - span


def hindered_twice(desk: Desk, work: str) -> None:
    """So often that the next attempt is some seconds away."""
    for _ in range(3):
        desk.deliver(work)


def test_what_it_owes_is_called_for_the_oldest_debt_first(desk: Desk) -> None:
    new = desk.approved("7009", workload="deployment/voting")
    late, later, latest = desk.active("7001"), desk.active("7002"), desk.active("7003")
    away(desk, is_away=True)
    # In another order than that of their numbers; the first to be due was ended by the clock long after its time.
    for number in (latest, later):
        desk.release(number)
    desk.run_out(late)
    sweep(desk.context)
    change(desk, late, expires_at=-timedelta(hours=3))
    change(desk, later, ended_at=-timedelta(hours=1))
    change(desk, latest, ended_at=-timedelta(hours=2))
    for task in ("meshdesk.apply", "meshdesk.undo"):
        hindered_twice(desk, task)
    refresh(desk.context, "practice")
    works = ("meshdesk.undo", "meshdesk.apply")
    assert due(desk, *works) == []
    away(desk, is_away=False)
    refresh(desk.context, "practice")
    undos = [f"meshdesk.undo {number}" for number in (late, latest, later)]
    assert due(desk, *works) == [*undos, f"meshdesk.apply {new}"]
    for task in works:
        desk.deliver(task)
    assert [desk.state(number) for number in (late, latest, later)] == [State.CLOSED] * 3
    assert desk.state(new) is State.ACTIVE
    assert [desk.problem(number) for number in (late, latest, later, new)] == [""] * 4


def test_work_that_meets_it_away_has_it_looked_at_and_that_every_few_seconds(desk: Desk) -> None:
    number = desk.active("7001")
    desk.deliver("meshdesk.inventory")
    away(desk, is_away=True)
    desk.close(number)
    assert due(desk, "meshdesk.inventory") == ["meshdesk.inventory practice"]
    desk.deliver("meshdesk.inventory")
    sweep(desk.context)
    assert due(desk, "meshdesk.inventory") == []
    tried_ago(desk, AWAY_EVERY + timedelta(seconds=1))
    sweep(desk.context)
    assert due(desk, "meshdesk.inventory") == ["meshdesk.inventory practice"]
    away(desk, is_away=False)
    desk.deliver("meshdesk.inventory")
    assert due(desk, "meshdesk.undo") == [f"meshdesk.undo {number}"]


def test_what_a_worker_holds_and_what_starts_later_is_left_alone(desk: Desk) -> None:
    held, later = desk.approved("7001"), desk.approved("7002")
    away(desk, is_away=True)
    desk.deliver("meshdesk.apply")
    refresh(desk.context, "practice")
    change(desk, held, claim_until=timedelta(minutes=1))
    with desk.database.unit_of_work() as session:
        session.execute(update(Ticket).where(Ticket.id == later).values(problem=None))
    change(desk, later, starts_at=timedelta(days=1), next_attempt_at=timedelta(days=1))
    away(desk, is_away=False)
    refresh(desk.context, "practice")
    assert due(desk, "meshdesk.apply") == []


def test_what_no_worker_takes_does_not_keep_the_sweep_from_the_rest(desk: Desk) -> None:
    numbers = [desk.active(str(port)) for port in (7001, 7002)]
    for number in numbers:
        desk.release(number)
        change(desk, number, updated_at=-timedelta(minutes=1))
    sweep(desk.context)
    assert due(desk, "meshdesk.undo") == [f"meshdesk.undo {number}" for number in numbers]
    with desk.database.unit_of_work() as session:
        session.execute(update(Message).where(Message.subject == str(numbers[1])).values(taken_at=datetime.now(UTC)))
    sweep(desk.context)
    assert due(desk, "meshdesk.undo") == [f"meshdesk.undo {number}" for number in numbers]
