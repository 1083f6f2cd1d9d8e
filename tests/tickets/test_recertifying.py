"""A window that stays open for long is put before its deciders; silence ends it after warnings."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.db import database_now
from portal.errors import Forbidden, WrongState
from portal.states import Outcome, State
from portal.tickets import recertifying
from tests.tickets.times import pass_by, rule_by, story
from tests.workers.desk import Desk

QUARTER = timedelta(days=90)


@pytest.fixture
def number(desk: Desk) -> int:
    """An open window without an end, to be recertified every 90 days."""
    rule_by(desk, longest=None, may_stand_without_end="true", recertify_every="P90D")
    return desk.active("7001", duration=None)


def recertify(desk: Desk, number: int, who: str = "partner") -> None:
    with desk.acting(who) as (session, person):
        recertifying.recertify(session, number, note="the vendor is at it", by=person, now=database_now(session))


def test_silence_ends_it_after_warnings(desk: Desk, number: int) -> None:
    pass_by(desk, number, QUARTER - timedelta(hours=1))
    assert story(desk, number, "recertification:due") == []
    counted = []
    for days in (1, 6, 3, 4):
        pass_by(desk, number, timedelta(days=days))
        counted.append(len(story(desk, number, "recertification:due")))
    assert (desk.state(number), counted) == (State.ACTIVE, [1, 1, 2, 3])
    pass_by(desk, number, timedelta(hours=2))
    ticket = desk.ticket(number)
    assert (ticket.state, ticket.outcome) == (State.REVERTING, Outcome.EXPIRED)
    assert ticket.end_reason is not None
    assert ticket.end_reason.startswith("Nobody said that it may stay open")
    assert len(story(desk, number, "recertification:missed")) == 1
    desk.deliver("meshdesk.undo")
    assert (desk.state(number), desk.annotations()) == (State.CLOSED, {})


def test_a_partner_lets_it_go_on_for_another_quarter(desk: Desk, number: int) -> None:
    pass_by(desk, number, QUARTER + timedelta(days=5))
    recertify(desk, number)
    pass_by(desk, number, QUARTER - timedelta(days=1))
    assert desk.state(number) is State.ACTIVE
    assert len(story(desk, number, "recertification:due")) == 1
    pass_by(desk, number, timedelta(days=2))
    assert len(story(desk, number, "recertification:due")) == 2


def test_nobody_says_so_before_it_is_asked_or_of_their_own(desk: Desk, number: int) -> None:
    with pytest.raises(WrongState, match="Nobody is asked to recertify"):
        recertify(desk, number)
    pass_by(desk, number, QUARTER + timedelta(days=1))
    with pytest.raises(Forbidden, match="may recertify"):
        recertify(desk, number, "member")


def test_the_requester_does_not_recertify_their_own(desk: Desk) -> None:
    rule_by(desk, longest=None, may_stand_without_end="true", recertify_every="P90D")
    number = desk.active("7001", duration=None, who="partner2")
    pass_by(desk, number, QUARTER + timedelta(days=1))
    with pytest.raises(Forbidden, match="Nobody recertifies their own ticket"):
        recertify(desk, number, "partner2")


def test_a_window_that_ends_before_is_never_asked_about(desk: Desk) -> None:
    number = desk.active("7001")
    assert (desk.ticket(number).recertify_at, desk.ticket(number).recertify_warn_at) == (None, None)
