"""Questions hold a ticket until they are answered, and comments mention people who see it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from portal import queries
from portal.access.actor import WORKER
from portal.errors import Forbidden, NotFound, NotReady, WrongState
from portal.models import Comment, Event
from portal.states import State
from portal.tickets import questions, talking
from tests.tickets.test_deciding import ready, withdraw
from tests.workers.desk import Desk


def ask(desk: Desk, number: int, who: str = "partner", text: str = "Which vendor is it, @member?") -> int:
    with desk.acting(who) as (session, actor):
        return questions.question(session, number, text=text, by=actor, now=datetime.now(UTC)).id


def answer(desk: Desk, number: int, who: str = "member") -> None:
    with desk.acting(who) as (session, actor):
        questions.answer(session, number, text="The one of the tills.", by=actor, now=datetime.now(UTC))


def say(desk: Desk, number: int, text: str, who: str = "member") -> list[str]:
    with desk.acting(who) as (session, actor):
        return talking.comment(session, number, text=text, by=actor, now=datetime.now(UTC)).mentions


def told(desk: Desk, number: int) -> list[dict[str, object]]:
    with desk.database.reading() as session:
        query = select(Event).where(Event.chain == f"MD-{number}", Event.type.startswith("question:"))
        return [event.payload or {} for event in session.scalars(query.order_by(Event.number))]


def test_nobody_approves_while_a_question_is_open(desk: Desk) -> None:
    number = ready(desk)
    asked = ask(desk, number)
    assert desk.ticket(number).question_id == asked
    with pytest.raises(NotReady, match=r"until partner's question is answered by member .* Which vendor is it"):
        desk.decide(number, "partner2")
    answer(desk, number)
    assert desk.ticket(number).question_id is None
    desk.decide(number, "partner2")
    assert desk.state(number) is State.APPROVED
    with desk.database.reading() as session:
        said = [(one.sort, one.answers_id) for one in queries.comments(session, number)]
    assert said == [("question", None), ("answer", asked)]
    assert [(one["question"], one["mentions"]) for one in told(desk, number)] == [(asked, ["member"]), (asked, [])]


def test_what_is_on_hold_can_be_rejected_and_withdrawn(desk: Desk) -> None:
    rejected, withdrawn = ready(desk), ready(desk, inbound="7002")
    for number in (rejected, withdrawn):
        ask(desk, number)
    desk.decide(rejected, "partner2", "reject")
    withdraw(desk, withdrawn)
    assert (desk.state(rejected), desk.state(withdrawn)) == (State.REJECTED, State.WITHDRAWN)
    with pytest.raises(WrongState, match="is rejected"):
        answer(desk, rejected)


@pytest.mark.parametrize(("who", "error"), [("member2", Forbidden), ("auditor", Forbidden), ("outsider", NotFound)])
def test_only_deciders_ask(desk: Desk, who: str, error: type[Exception]) -> None:
    number = ready(desk)
    with pytest.raises(error):
        ask(desk, number, who)
    assert desk.ticket(number).question_id is None


@pytest.mark.parametrize(("who", "error"), [("partner", Forbidden), ("operator", Forbidden), ("outsider", NotFound)])
def test_only_the_tenant_s_own_answer(desk: Desk, who: str, error: type[Exception]) -> None:
    number = ready(desk)
    ask(desk, number)
    with pytest.raises(error):
        answer(desk, number, who)
    for one in ("member2", "owner"):
        answer(desk, number, one)
        ask(desk, number)


def test_a_partner_who_asked_for_the_ticket_answers_and_does_not_ask(desk: Desk) -> None:
    number = ready(desk, who="partner")
    with pytest.raises(Forbidden, match="Nobody decides on their own ticket"):
        ask(desk, number, "partner")
    ask(desk, number, "partner2")
    answer(desk, number, "partner")
    assert desk.ticket(number).question_id is None


def test_one_question_at_a_time_and_none_after_the_decision(desk: Desk) -> None:
    number = ready(desk)
    with pytest.raises(WrongState, match="Nobody waits for an answer"):
        answer(desk, number)
    ask(desk, number)
    with pytest.raises(WrongState, match=r"waits for an answer already\. partner asks: Which vendor"):
        ask(desk, number, "partner2")
    answer(desk, number)
    desk.decide(number, "partner")
    with pytest.raises(WrongState, match="is approved"):
        ask(desk, number)


def test_the_policy_waits_for_the_answer_too(desk: Desk) -> None:
    number = desk.ask("7001", cluster="playground")
    ask(desk, number)
    desk.preflight(number)
    desk.probe(number)
    assert desk.state(number) is State.PENDING
    answer(desk, number)
    assert desk.state(number) is State.APPROVED


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@partner and @owner, please look.", ["partner", "owner"]),
        ("(@partner2) @partner2: twice", ["partner2"]),
        ("@operator! @auditor? '@member2'", ["operator", "auditor", "member2"]),
        ("@outsider @outsider_partner @nobody @ @@partner", []),
        ("mail partner@owner or x@partner", []),
        ("@partnerx @PARTNER @partner's", []),
    ],
)
def test_mentions_are_people_who_see_the_ticket(desk: Desk, text: str, names: list[str]) -> None:
    number = ready(desk)
    assert say(desk, number, text) == names
    with desk.database.reading() as session:
        said = session.scalars(select(Comment).where(Comment.ticket_id == number)).one()
        assert (said.text, said.mentions) == (text, names)
        event = queries.events(session, queries.ticket(session, number, by=WORKER).ref)[-1]
        assert (event.type, event.payload) == ("comment:added", {"text": text, "mentions": names})
