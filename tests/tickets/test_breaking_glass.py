"""Break-glass: immediate, short, loud, and reviewed before the tenant may do it again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.db import database_now
from portal.errors import Forbidden, WrongState
from portal.mesh.annotations import INJECT
from portal.states import State
from portal.tickets import breaking_glass
from portal.tickets.breaking_glass import Review
from portal.tickets.next_step import next_step
from tests.tickets.times import pass_by, rule_by, story
from tests.workers.desk import Desk

GLASS = "{allowed: true, longest: PT2H, review: security-partner}"


@pytest.fixture
def allowed(desk: Desk) -> None:
    """A policy that allows it."""
    rule_by(desk, break_glass=GLASS)


def broken(desk: Desk, number: int, who: str = "member") -> None:
    with desk.acting(who) as (session, person):
        breaking_glass.break_glass(session, number, reason="payments are down", by=person, now=database_now(session))


def review(desk: Desk, number: int, who: str = "partner", *, justified: bool = True) -> None:
    with desk.acting(who) as (session, person):
        said = Review(justified, "the log shows it")
        breaking_glass.review(session, number, said, by=person, now=database_now(session))


@pytest.mark.usefixtures("allowed")
def test_it_begins_at_once_for_two_hours_at_most(desk: Desk) -> None:
    number = desk.ask("7001", duration=timedelta(days=2))
    desk.preflight(number)
    broken(desk, number)
    desk.deliver("meshdesk.apply")
    ticket = desk.ticket(number)
    assert (ticket.state, ticket.duration, ticket.break_glass) == (State.ACTIVE, timedelta(hours=2), True)
    asked = {"fields": ticket.fields, "duration_seconds": 172800, "targets": ["deployment/emoji"]}
    assert ticket.asked == asked
    assert "a security partner has to review it" in next_step(ticket, [])
    (event,) = story(desk, number, "ticket:break-glass")
    assert event.payload is not None
    assert (event.actor, event.payload["reason"], event.payload["review_from"]) == (
        "member",
        "payments are down",
        "security-partner",
    )


@pytest.mark.usefixtures("allowed")
def test_one_whose_preflight_comes_later_begins_with_it(desk: Desk) -> None:
    number = desk.ask("7001")
    broken(desk, number)
    assert desk.state(number) is State.PENDING
    desk.preflight(number)
    assert desk.state(number) is State.APPROVED


@pytest.mark.usefixtures("allowed")
def test_what_the_preflight_blocks_stays_blocked(desk: Desk) -> None:
    desk.edit({INJECT: "disabled"})
    number = desk.ask("7001")
    desk.preflight(number)
    assert desk.ticket(number).preflight_clean is False
    broken(desk, number)
    assert desk.state(number) is State.PENDING


@pytest.mark.usefixtures("allowed")
def test_without_a_review_there_is_no_other_in_the_tenant(desk: Desk) -> None:
    first, second = desk.ask("7001"), desk.ask("7002")
    broken(desk, first)
    with pytest.raises(WrongState, match=f"The break-glass of MD-{first} has no review yet"):
        broken(desk, second)
    review(desk, first, justified=False)
    broken(desk, second)
    (event,) = story(desk, first, "review:answered")
    assert event.payload is not None
    assert (event.payload["justified"], event.payload["note"]) == (False, "the log shows it")


@pytest.mark.usefixtures("allowed")
def test_its_reviewers_are_reminded_each_day_until_one_answers(desk: Desk) -> None:
    number = desk.ask("7001")
    broken(desk, number)
    pass_by(desk, number, timedelta(days=2))
    assert story(desk, number, "review:due") == []
    for _ in range(2):
        pass_by(desk, number, timedelta(days=1, minutes=1))
    assert len(story(desk, number, "review:due")) == 2
    review(desk, number)
    pass_by(desk, number, timedelta(days=2))
    assert len(story(desk, number, "review:due")) == 2


@pytest.mark.usefixtures("allowed")
def test_who_reviews_is_of_the_group_and_not_who_broke_it(desk: Desk) -> None:
    number = desk.ask("7001", who="partner")
    with pytest.raises(WrongState, match="is no break-glass"):
        review(desk, number)
    broken(desk, number, "partner")
    with pytest.raises(Forbidden, match="Nobody reviews their own ticket"):
        review(desk, number)
    with pytest.raises(Forbidden, match="is reviewed by a security partner"):
        review(desk, number, "owner")
    review(desk, number, "partner2")
    with pytest.raises(WrongState, match="partner2 has reviewed"):
        review(desk, number, "partner2")


def test_a_rule_that_does_not_allow_it_refuses(desk: Desk) -> None:
    rule_by(desk)
    number = desk.ask("7001")
    with pytest.raises(Forbidden, match="allows no break-glass: call those"):
        broken(desk, number)


@pytest.mark.usefixtures("allowed")
def test_there_is_no_glass_where_nobody_is_awaited(desk: Desk) -> None:
    number = desk.approved("7001")
    with pytest.raises(WrongState, match="no glass to break"):
        broken(desk, number)
