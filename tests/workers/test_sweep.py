"""The sweep: what is due ends, what was lost is sent again, and two sweeps at once do nothing twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from portal.models import Event, Message, Ticket
from portal.states import State
from tests.workers.desk import Desk, Interrupted
from tests.workers.instant import at_once
from workers.sweep import sweep
from workers.tasks import handle


def ago(seconds: float) -> datetime:
    return datetime.now(UTC) - timedelta(seconds=seconds)


def change(desk: Desk, number: int, **values: object) -> None:
    with desk.database.unit_of_work() as session:
        session.execute(update(Ticket).where(Ticket.id == number).values(**values))


def lose_messages(desk: Desk) -> None:
    """They were taken, and the worker that took them died."""
    with desk.database.unit_of_work() as session:
        session.execute(update(Message).values(taken_at=datetime.now(UTC)))


def waiting(desk: Desk) -> list[tuple[str, str]]:
    with desk.database.reading() as session:
        query = select(Message.task, Message.subject).where(Message.taken_at.is_(None))
        return [(task, subject) for task, subject in session.execute(query.order_by(Message.id))]


def leaving(desk: Desk) -> list[int]:
    """The numbers of the messages that leave after commits from now on."""
    sent: list[int] = []
    desk.database.after_commit.append(
        lambda session: sent.extend(message.id for message in session.info.pop("messages", []))
    )
    return sent


def power_cut() -> None:
    raise KeyboardInterrupt


def killed_before_its_patch(desk: Desk, number: int) -> None:
    door = Interrupted(desk.practice)
    door.before["patch_workload"] = power_cut
    with pytest.raises(KeyboardInterrupt):
        desk.apply(number, by=desk.worker(door))


def test_a_window_that_ran_out_ends(desk: Desk) -> None:
    due, other = desk.active("7001"), desk.active("7002")
    desk.run_out(due)
    sweep(desk.context)
    ticket = desk.ticket(due)
    assert (ticket.state, ticket.outcome, ticket.ended_by) == (State.REVERTING, "expired", "meshdesk-clock")
    assert desk.state(other) is State.ACTIVE
    desk.deliver("meshdesk.undo")
    assert desk.state(due) is State.CLOSED
    assert desk.annotations() == {"config.linkerd.io/skip-inbound-ports": "4567-4568,7002"}


def test_a_window_without_an_end_stays_open(desk: Desk) -> None:
    number = desk.active("7001")
    change(desk, number, expires_at=None)
    sweep(desk.context)
    assert desk.state(number) is State.ACTIVE


def test_a_rollout_that_never_finishes_still_ends(desk: Desk) -> None:
    number = desk.approved("7001")
    desk.practice.set("roll_seconds_per_pod", 3600)
    desk.apply(number)
    assert desk.state(number) is State.APPLYING
    desk.run_out(number)
    sweep(desk.context)
    assert (desk.state(number), desk.ticket(number).outcome) == (State.REVERTING, "expired")
    desk.practice.set("roll_seconds_per_pod", 0)
    desk.undo(number)
    assert desk.annotations() == {}


def test_a_window_ends_also_while_the_worker_that_opened_it_is_dead(desk: Desk) -> None:
    number = desk.approved("7001")
    killed_before_its_patch(desk, number)
    desk.run_out(number)
    sweep(desk.context)
    assert desk.state(number) is State.REVERTING
    desk.deliver("meshdesk.undo")
    assert (desk.state(number), desk.annotations(), desk.mark()) == (State.CLOSED, {}, None)


def test_a_ticket_whose_worker_died_is_called_again_once_the_lease_is_over(desk: Desk) -> None:
    number = desk.approved("7001")
    killed_before_its_patch(desk, number)
    lose_messages(desk)
    sweep(desk.context)
    assert ("meshdesk.apply", str(number)) not in waiting(desk)
    desk.lapse_lease(number)
    sweep(desk.context)
    sweep(desk.context)
    assert waiting(desk).count(("meshdesk.apply", str(number))) == 1
    desk.deliver("meshdesk.apply")
    assert desk.state(number) is State.ACTIVE


@pytest.mark.parametrize("age", [0, 10])
def test_work_whose_message_was_lost_is_called_again_after_a_grace(desk: Desk, age: int) -> None:
    approved, ended = desk.approved("7001"), desk.active("7002")
    desk.release(ended)
    lose_messages(desk)
    for number in (approved, ended):
        change(desk, number, updated_at=ago(age))
    sweep(desk.context)
    # What is to be gone comes first.
    called = [("meshdesk.undo", str(ended)), ("meshdesk.apply", str(approved))]
    assert waiting(desk) == (called if age else [])


def test_work_that_waits_for_its_next_attempt_is_left_alone(desk: Desk) -> None:
    number = desk.approved("7001")
    desk.practice.set("unreachable", True)
    desk.apply(number)
    lose_messages(desk)
    change(desk, number, updated_at=ago(60), next_attempt_at=ago(-60))
    sweep(desk.context)
    assert waiting(desk) == []
    change(desk, number, next_attempt_at=ago(4))
    sweep(desk.context)
    assert waiting(desk) == [("meshdesk.apply", str(number))]


def test_a_preflight_that_was_lost_is_called_again(desk: Desk) -> None:
    number = desk.ask("7001")
    lose_messages(desk)
    sweep(desk.context)
    assert waiting(desk) == []
    change(desk, number, created_at=ago(10))
    sweep(desk.context)
    sweep(desk.context)
    assert waiting(desk) == [("meshdesk.preflight", str(number))]
    desk.deliver("meshdesk.preflight")
    desk.deliver("meshdesk.probe")
    change(desk, number, created_at=ago(10))
    sweep(desk.context)
    assert waiting(desk) == []


def test_messages_that_nobody_took_are_sent_again_ever_more_seldom(desk: Desk) -> None:
    desk.ask("7001")
    sent = leaving(desk)

    def sweep_after(seconds: float) -> int:
        with desk.database.unit_of_work() as session:
            session.execute(update(Message).values(sent_at=ago(seconds)))
        sent.clear()
        sweep(desk.context)
        return len(sent)

    assert [sweep_after(seconds) for seconds in (5, 11, 11, 21, 21, 41)] == [0, 1, 0, 1, 0, 1]
    with desk.database.unit_of_work() as session:
        session.execute(update(Message).values(sends=1000))
    assert [sweep_after(seconds) for seconds in (299, 301)] == [0, 1]
    lose_messages(desk)
    assert sweep_after(10_000) == 0


def test_messages_that_have_waited_long_do_not_keep_younger_ones_back(desk: Desk) -> None:
    with desk.database.unit_of_work() as session:
        common = {"task": "meshdesk.undo", "queue": "cluster.away.undo", "created_at": ago(900), "due_at": ago(900)}
        session.add_all(Message(subject=str(n), sent_at=ago(60), sends=30, **common) for n in range(501))
        session.add(Message(subject="young", sent_at=ago(11), sends=1, **common))
    sent = leaving(desk)
    sweep(desk.context)
    assert len(sent) == 1


def test_messages_that_were_taken_are_forgotten_after_a_day(desk: Desk) -> None:
    desk.ask("7001")
    with desk.database.unit_of_work() as session:
        session.execute(update(Message).values(taken_at=ago(86_000)))
    sweep(desk.context)
    assert count(desk, Message) == 1
    with desk.database.unit_of_work() as session:
        session.execute(update(Message).values(taken_at=ago(87_000)))
    sweep(desk.context)
    assert count(desk, Message) == 0


def count(desk: Desk, model: type[Message] | type[Event], *where: object) -> int:
    with desk.database.reading() as session:
        query = select(func.count()).select_from(model).where(*where)  # type: ignore[arg-type]
        return int(session.scalar(query) or 0)


def test_two_sweeps_at_once_end_a_window_once(desk: Desk) -> None:
    numbers = [desk.active(str(port)) for port in (7001, 7002, 7003)]
    for number in numbers:
        desk.run_out(number)
    assert at_once(*[lambda: sweep(desk.context)] * 4) == [None] * 4
    for number in numbers:
        assert desk.events(number).count("ticket:reverting") == 1
        assert waiting(desk).count(("meshdesk.undo", str(number))) == 1
    at_once(*[lambda: desk.deliver("meshdesk.undo")] * 3)
    assert [desk.state(number) for number in numbers] == [State.CLOSED] * 3
    assert (desk.annotations(), desk.mark()) == ({}, None)


def test_a_message_that_is_delivered_twice_is_taken_once(desk: Desk) -> None:
    number = desk.ask("7001")
    with desk.database.reading() as session:
        message = session.scalars(select(Message).where(Message.task == "meshdesk.preflight")).one()
    at_once(*[lambda: handle(desk.context, message.task, message.id, message.subject)] * 3)
    handle(desk.context, message.task, message.id, message.subject)
    assert desk.events(number).count("evidence:preflight") == 1


def test_an_inventory_is_asked_for_once_when_it_is_old(desk: Desk) -> None:
    sweep(desk.context)
    assert waiting(desk) == []
    eager = replace(desk.context, config=replace(desk.context.config, inventory_every=timedelta(microseconds=1)))
    for _ in range(2):
        sweep(eager)
    assert sorted(waiting(desk)) == [("meshdesk.inventory", "playground"), ("meshdesk.inventory", "practice")]


def test_what_grew_is_sealed_once_a_minute(desk: Desk) -> None:
    sealed = Event.type == "audit:sealed"
    desk.ask("7001")
    sweep(desk.context)
    assert count(desk, Event, sealed) == 1
    desk.ask("7002")
    sweep(desk.context)
    assert count(desk, Event, sealed) == 1


def reminders(desk: Desk, number: int) -> list[int]:
    """How many seconds were left at each reminder in the ticket's story."""
    with desk.database.reading() as session:
        told = select(Event).where(Event.chain == f"MD-{number}", Event.type == "window:ending-soon")
        return [event.payload["left_seconds"] for event in session.scalars(told.order_by(Event.number))]


def test_the_end_is_reminded_of_once_for_each_reminder_of_the_rule(desk: Desk) -> None:
    number = desk.active("7001", duration=timedelta(hours=3))
    assert desk.ticket(number).remind_at == desk.ticket(number).expires_at - timedelta(hours=1)
    sweep(desk.context)
    assert reminders(desk, number) == []
    change(desk, number, expires_at=ago(-1800), remind_at=ago(1800))
    sweep(desk.context)
    sweep(desk.context)
    (left,) = reminders(desk, number)
    assert 1750 < left <= 1800
    assert desk.ticket(number).remind_at is None
    assert desk.state(number) is State.ACTIVE


def test_a_window_shorter_than_every_reminder_is_not_reminded_of(desk: Desk) -> None:
    number = desk.active("7001")
    assert desk.ticket(number).remind_at is None


def scheduled(desk: Desk, starts_at: datetime) -> int:
    number = desk.ask("7001", starts_at=starts_at)
    desk.preflight(number)
    for group in desk.ticket(number).approvals:
        desk.decide(number, "owner" if group["from"] == "tenant-owner" else "partner")
    return number


def test_what_starts_later_is_applied_then_and_not_before(desk: Desk) -> None:
    number = scheduled(desk, ago(-3600))
    assert ("meshdesk.apply", str(number)) not in waiting(desk)
    desk.apply(number)
    sweep(desk.context)
    assert desk.state(number) is State.APPROVED
    change(desk, number, starts_at=ago(10), next_attempt_at=ago(10))
    change(desk, number, updated_at=ago(10))
    sweep(desk.context)
    assert ("meshdesk.apply", str(number)) in waiting(desk)
    desk.deliver("meshdesk.apply")
    ticket = desk.ticket(number)
    assert ticket.state is State.ACTIVE
    assert ticket.active_from is not None
    assert ticket.active_from > ticket.starts_at
