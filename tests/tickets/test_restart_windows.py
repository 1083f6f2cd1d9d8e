"""A ticket that names a restart window is applied inside it, and ends on time all the same."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from portal.db import database_now
from portal.errors import Invalid
from portal.models import Message, Ticket
from portal.restart_window import DAYS, RestartWindow
from portal.states import State
from portal.tickets import asking
from portal.tickets.next_step import next_step
from tests.workers.desk import SHORTEST, Desk
from workers.sweep import sweep

NIGHT = RestartWindow(DAYS, time(22), time(4))
FRIDAYS = RestartWindow(("fri",), time(22), time(4))


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A time in March 2026, whose first day is a Sunday."""
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("window", "now", "opening"),
    [
        pytest.param(NIGHT, at(2, 12), at(2, 22), id="before"),
        pytest.param(NIGHT, at(2, 22), at(2, 22), id="as it opens"),
        pytest.param(NIGHT, at(3, 3, 59), at(3, 3, 59), id="after midnight"),
        pytest.param(NIGHT, at(3, 4), at(3, 22), id="as it closes"),
        pytest.param(FRIDAYS, at(7, 2), at(7, 2), id="the night after its day"),
        pytest.param(FRIDAYS, at(7, 4), at(13, 22), id="a week away"),
        pytest.param(RestartWindow(("mon", "wed"), time(9), time(17)), at(2, 18), at(4, 9), id="the next of its days"),
    ],
)
def test_when_it_opens(window: RestartWindow, now: datetime, opening: datetime) -> None:
    assert window.opening(now) == opening
    assert window.contains(now) is (now == opening)


def test_it_is_kept_as_it_was_said() -> None:
    assert RestartWindow.from_json(FRIDAYS.to_json()) == FRIDAYS
    assert str(FRIDAYS) == "22:00 to 04:00 UTC on fri"
    assert str(NIGHT) == "22:00 to 04:00 UTC every day"


def around(now: datetime, *, begins: timedelta, ends: timedelta) -> RestartWindow:
    """A daily window that begins and ends so long after now."""
    begin, end = ((now + span).time().replace(second=0, microsecond=0) for span in (begins, ends))
    return RestartWindow(DAYS, begin, end)


def open_it(desk: Desk, number: int) -> None:
    """Let the hours of a ticket's window have come."""
    with desk.database.unit_of_work() as session:
        now = database_now(session)
        ticket = session.get_one(Ticket, number)
        ticket.restart_window = around(now, begins=-timedelta(hours=1), ends=timedelta(hours=1)).to_json()
        ticket.next_attempt_at = ticket.updated_at = now - timedelta(seconds=10)


def test_it_waits_for_its_window_and_begins_in_it(desk: Desk) -> None:
    later = around(datetime.now(UTC), begins=timedelta(hours=3), ends=timedelta(hours=5))
    number = desk.approved("7001", restart_window=later)
    ticket = desk.ticket(number)
    assert ticket.next_attempt_at is not None
    assert later.contains(ticket.next_attempt_at)
    assert "It is applied inside its restart window" in next_step(ticket, [])
    desk.apply(number)
    sweep(desk.context)
    assert (desk.state(number), desk.annotations()) == (State.APPROVED, {})
    with desk.database.reading() as session:
        assert session.query(Message).filter_by(task="meshdesk.apply").count() == 0
    open_it(desk, number)
    sweep(desk.context)
    desk.deliver("meshdesk.apply")
    assert desk.state(number) is State.ACTIVE


def test_what_is_tried_again_waits_for_the_next_opening(desk: Desk) -> None:
    later = around(datetime.now(UTC), begins=timedelta(hours=3), ends=timedelta(hours=5))
    number = desk.approved("7001", restart_window=later)
    with desk.database.unit_of_work() as session:
        session.get_one(Ticket, number).next_attempt_at = None
    desk.apply(number)
    ticket = desk.ticket(number)
    assert ticket.state is State.APPROVED
    assert ticket.next_attempt_at is not None
    assert later.contains(ticket.next_attempt_at)


def test_its_end_does_not_wait(desk: Desk) -> None:
    now = datetime.now(UTC)
    number = desk.active("7001", restart_window=around(now, begins=-timedelta(hours=1), ends=timedelta(hours=1)))
    with desk.database.unit_of_work() as session:
        ticket = session.get_one(Ticket, number)
        ticket.restart_window = around(now, begins=timedelta(hours=3), ends=timedelta(hours=5)).to_json()
    desk.close(number)
    assert (desk.state(number), desk.annotations()) == (State.CLOSED, {})


def test_a_kind_that_restarts_nothing_takes_none(desk: Desk) -> None:
    fields = {"namespaces": ["emojivoto"], "if_alone": "refuse"}
    ask = asking.Ask("control-plane-egress", "practice", None, "a test", None, fields, restart_window=NIGHT)
    with desk.acting("member") as (session, member), pytest.raises(Invalid, match="restarts no pods of yours"):
        asking.prepare(session, ask, by=member, shortest=SHORTEST)
