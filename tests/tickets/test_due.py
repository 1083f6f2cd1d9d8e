"""What waits for somebody, on each kind of database: of whom, for what, oldest first, and not after it is done."""

from __future__ import annotations

from datetime import timedelta

from portal.access.actor import Actor
from portal.db import database_now
from portal.models import Role
from portal.queries import TicketFilter
from portal.tickets import breaking_glass, due, questions, recertifying
from portal.tickets.breaking_glass import Review
from portal.tickets.due import Due
from tests import world
from tests.tickets.people import service
from tests.tickets.times import pass_by, rule_by
from tests.workers.desk import Desk

ALL = TicketFilter()


def waits(desk: Desk, who: str, wanted: TicketFilter = ALL, *, limit: int = 50) -> list[tuple[int, Due]]:
    with desk.acting(who) as (session, person):
        items, _ = due.waiting(session, wanted, by=person, now=database_now(session), limit=limit)
        for item in items:
            assert due.due_of(session, item.ticket, by=person, now=database_now(session)) is item.due
        return [(item.ticket.id, item.due) for item in items]


def test_decisions_wait_for_those_whom_the_rule_asks_oldest_first(desk: Desk) -> None:
    first, second = desk.ask("7001"), desk.ask("7002")
    decide = [(first, Due.DECIDE), (second, Due.DECIDE)]
    assert {who: waits(desk, who) for who in ("partner", "partner2", "owner", "member", "operator", "auditor")} == {
        "partner": decide,
        "partner2": decide,
        **{who: [] for who in ("owner", "member", "operator", "auditor")},
    }
    desk.approve(first)
    assert waits(desk, "partner") == [(second, Due.DECIDE)]
    assert waits(desk, "partner2", TicketFilter(cluster="practice", kind="encryption-exception")) == [decide[1]]
    assert waits(desk, "partner2", TicketFilter(tenant="books")) == []


def test_of_more_than_the_limit_the_oldest_are_given(desk: Desk) -> None:
    numbers = [desk.ask(str(7000 + more)) for more in range(3)]
    with desk.acting("partner") as (session, person):
        items, more = due.waiting(session, ALL, by=person, now=database_now(session), limit=2)
    assert ([item.ticket.id for item in items], more) == (numbers[:2], True)


def test_nobody_waits_for_a_word_on_their_own(desk: Desk) -> None:
    number = desk.ask("7001", who="partner")
    assert waits(desk, "partner") == []
    assert waits(desk, "partner2") == [(number, Due.DECIDE)]


def test_a_question_waits_for_its_answer_and_nobody_decides_meanwhile(desk: Desk) -> None:
    number = desk.ask("7001")
    with desk.acting("partner") as (session, person):
        questions.question(session, number, text="Which vendor?", by=person, now=database_now(session))
    assert (waits(desk, "partner"), waits(desk, "member")) == ([], [(number, Due.ANSWER)])
    with desk.acting("member") as (session, person):
        questions.answer(session, number, text="The tills'.", by=person, now=database_now(session))
    assert (waits(desk, "partner"), waits(desk, "member")) == ([(number, Due.DECIDE)], [])


def test_a_question_on_a_service_s_ticket_waits_for_who_answers_for_the_service(desk: Desk) -> None:
    with desk.database.unit_of_work() as session:
        service(session, "deploys", "member", Role.MEMBER)
    number = desk.ask("7001", who="emojis/deploys")
    with desk.acting("partner") as (session, person):
        questions.question(session, number, text="Which vendor?", by=person, now=database_now(session))
    assert waits(desk, "member") == [(number, Due.ANSWER)]


def test_broken_glass_waits_for_its_review(desk: Desk) -> None:
    rule_by(desk, break_glass="{allowed: true, longest: PT2H, review: security-partner}")
    number = desk.ask("7001")
    with desk.acting("member") as (session, person):
        breaking_glass.break_glass(session, number, reason="down", by=person, now=database_now(session))
    assert (waits(desk, "partner"), waits(desk, "owner")) == ([(number, Due.REVIEW)], [])
    with desk.acting("partner") as (session, person):
        breaking_glass.review(session, number, Review(True, "seen"), by=person, now=database_now(session))
    assert waits(desk, "partner") == []


def test_a_long_window_waits_for_its_recertification(desk: Desk) -> None:
    rule_by(desk, longest=None, may_stand_without_end="true", recertify_every="P90D")
    number = desk.active("7001", duration=None)
    pass_by(desk, number, timedelta(days=89))
    assert waits(desk, "partner") == []
    pass_by(desk, number, timedelta(days=2))
    assert waits(desk, "partner") == [(number, Due.RECERTIFY)]
    assert waits(desk, "member") == []
    with desk.acting("partner") as (session, person):
        recertifying.recertify(session, number, note="needed", by=person, now=database_now(session))
    assert waits(desk, "partner") == []


def test_who_stands_for_nothing_has_nothing(desk: Desk) -> None:
    desk.ask("7001")
    with desk.acting("partner") as (session, _):
        nobody = Actor("nobody", person_id=999_999)
        assert due.waiting(session, ALL, by=nobody, now=database_now(session), limit=5) == ([], False)


def test_roles_in_two_tenants_are_kept_apart(desk: Desk) -> None:
    number = desk.ask("7001")
    with desk.database.unit_of_work() as session:
        world.join(session, "outsider", "emojis", Role.PARTNER)
    assert waits(desk, "outsider") == [(number, Due.DECIDE)]
    assert waits(desk, "outsider_partner") == []
