"""Tickets on which nobody says a word lapse, after reminders to those who should decide."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from portal.db import database_now
from portal.errors import Forbidden, WrongState
from portal.mesh.annotations import INJECT
from portal.states import State
from portal.tickets import awaiting
from tests.tickets.times import fail, pass_by, rule_by, story
from tests.workers.desk import Desk

DAY = timedelta(days=1)


def nudge(desk: Desk, number: int, who: str = "member") -> None:
    with desk.acting(who) as (session, person):
        awaiting.nudge(session, number, by=person, now=database_now(session))


def test_a_ticket_that_nobody_decides_on_lapses_after_a_week(desk: Desk) -> None:
    number = desk.ask("7001")
    pass_by(desk, number, timedelta(days=6, hours=23))
    assert desk.state(number) is State.PENDING
    pass_by(desk, number, timedelta(hours=2))
    ticket = desk.ticket(number)
    assert (ticket.state, ticket.end_reason, ticket.ended_by) == (
        State.LAPSED,
        "Nobody decided in time.",
        "meshdesk-clock",
    )


def test_the_policy_says_after_how_long(desk: Desk) -> None:
    rule_by(desk, lapses_after="PT2H", remind_deciders_after="[PT1H]")
    number = desk.ask("7001")
    desk.preflight(number)
    pass_by(desk, number, timedelta(minutes=61))
    assert len(story(desk, number, "deciders:reminded")) == 1
    pass_by(desk, number, timedelta(minutes=61))
    assert desk.state(number) is State.LAPSED


def test_those_who_decide_are_reminded_after_one_three_and_six_days(desk: Desk) -> None:
    number = desk.ask("7001")
    desk.preflight(number)
    counted = []
    for _ in range(6):
        pass_by(desk, number, DAY)
        counted.append(len(story(desk, number, "deciders:reminded")))
    assert counted == [1, 1, 2, 2, 2, 3]
    told = story(desk, number, "deciders:reminded")[0]
    assert told.payload is not None
    assert (told.actor, told.payload["people"]) == ("meshdesk-clock", ["partner", "partner2"])


def test_nobody_is_reminded_of_what_cannot_be_decided(desk: Desk) -> None:
    desk.edit({INJECT: "disabled"})
    number = desk.ask("7001")
    desk.preflight(number)
    assert desk.ticket(number).preflight_clean is False
    pass_by(desk, number, DAY)
    assert story(desk, number, "deciders:reminded") == []


def test_each_word_lets_the_time_begin_anew(desk: Desk) -> None:
    rule_by(desk, approvals="[{from: tenant-owner}, {from: security-partner}]")
    number = desk.ask("7001")
    desk.preflight(number)
    pass_by(desk, number, timedelta(days=5))
    desk.decide(number, "owner")
    pass_by(desk, number, timedelta(days=5))
    assert desk.state(number) is State.PENDING
    pass_by(desk, number, timedelta(days=3))
    assert desk.state(number) is State.LAPSED


def test_an_approval_does_not_keep_for_ever(desk: Desk) -> None:
    number = desk.approved("7001")
    pass_by(desk, number, timedelta(days=8))
    assert desk.state(number) is State.LAPSED
    desk.apply(number)
    assert (desk.state(number), desk.annotations()) == (State.LAPSED, {})


def test_the_time_of_an_approval_begins_when_it_may_be_applied(desk: Desk) -> None:
    number = desk.approved("7001", starts_at=datetime.now(UTC) + timedelta(days=20))
    pass_by(desk, number, timedelta(days=20))
    assert desk.state(number) is State.APPROVED


def test_what_failed_and_nobody_retries_lapses(desk: Desk) -> None:
    number = desk.approved("7001")
    fail(desk, number)
    pass_by(desk, number, timedelta(days=8))
    assert desk.ticket(number).state is State.LAPSED


def test_an_open_window_does_not_lapse(desk: Desk) -> None:
    number = desk.active("7001")
    pass_by(desk, number, timedelta(days=30))
    assert desk.state(number) is State.ACTIVE


def test_people_of_the_tenant_have_deciders_reminded_once_a_day(desk: Desk) -> None:
    number = desk.ask("7001")
    desk.preflight(number)
    nudge(desk, number)
    assert [event.actor for event in story(desk, number, "deciders:reminded")] == ["member"]
    with pytest.raises(WrongState, match="were reminded within a day: again from"):
        nudge(desk, number, "owner")
    pass_by(desk, number, timedelta(hours=23))
    with pytest.raises(WrongState, match="within a day"):
        nudge(desk, number)
    pass_by(desk, number, timedelta(hours=2))
    nudge(desk, number)


def test_nobody_is_nudged_where_nobody_is_awaited(desk: Desk) -> None:
    number = desk.ask("7001")
    with pytest.raises(WrongState, match="waits for no decision now"):
        nudge(desk, number)
    desk.approve(number)
    with pytest.raises(WrongState, match="waits for no decision now"):
        nudge(desk, number)
    with pytest.raises(Forbidden, match="Only a member, an owner or a security partner may"):
        nudge(desk, number, "operator")
