"""Two people at the same instant, in two threads: every ticket has one fate, and its story says which."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from portal import audit
from portal.errors import LostRace, Stale, WrongState
from portal.models import Ticket
from portal.states import State
from portal.tickets import deciding, ending
from tests.workers.desk import Desk
from tests.workers.instant import Deed, at_once

LOST = (Stale, LostRace, WrongState)


def decision(desk: Desk, number: int, who: str, version: int) -> Deed:
    def decide() -> None:
        with desk.acting(who) as (session, actor):
            verdict = deciding.Verdict("approve", "", version)
            deciding.decide(session, number, verdict, by=actor, now=datetime.now(UTC))

    return decide


def withdrawal(desk: Desk, number: int) -> Deed:
    def withdraw() -> None:
        with desk.acting("member") as (session, member):
            ending.withdraw(session, number, reason="not needed", by=member, now=datetime.now(UTC))

    return withdraw


def release(desk: Desk, number: int) -> Deed:
    return lambda: desk.release(number)


def revocation(desk: Desk, number: int) -> Deed:
    def revoke() -> None:
        with desk.acting("partner") as (session, partner):
            ending.revoke(session, number, reason="an incident", by=partner, now=datetime.now(UTC))

    return revoke


def waiting(desk: Desk, port: int, approvals: list[dict[str, object]] | None = None) -> tuple[int, int]:
    """A ticket that waits for a decision, and its version."""
    number = desk.ask(str(port))
    desk.preflight(number)
    if approvals:
        with desk.database.unit_of_work() as session:
            session.get_one(Ticket, number).approvals = approvals
    return number, desk.ticket(number).version


def faults(desk: Desk) -> list[audit.Fault]:
    with desk.database.reading() as session:
        return list(audit.verify(session))


def test_of_two_approvers_at_the_same_instant_one_decides(desk: Desk) -> None:
    for port in range(7001, 7006):
        number, version = waiting(desk, port)
        answers = at_once(*[decision(desk, number, who, version) for who in ("partner", "partner2")])
        assert answers.count(None) == 1
        assert all(isinstance(answer, LOST) for answer in answers if answer is not None)
        assert desk.state(number) is State.APPROVED
        assert (desk.events(number).count("ticket:approved"), len(desk.ticket(number).decisions)) == (1, 1)
    assert faults(desk) == []


def test_two_approvers_of_an_and_rule_at_the_same_instant_are_counted_one_after_the_other(desk: Desk) -> None:
    both: list[dict[str, object]] = [{"from": "tenant-owner", "count": 1}, {"from": "security-partner", "count": 1}]
    for port in range(7001, 7004):
        number, version = waiting(desk, port, both)
        people = {"owner": None, "partner": None}
        answers = dict(zip(people, at_once(*[decision(desk, number, who, version) for who in people]), strict=True))
        assert list(answers.values()).count(None) == 1
        assert desk.state(number) is State.PENDING
        late = next(who for who, answer in answers.items() if answer is not None)
        desk.decide(number, late)
        assert (desk.state(number), desk.events(number).count("ticket:approved")) == (State.APPROVED, 1)


def test_an_approval_and_a_withdrawal_at_the_same_instant_end_withdrawn(desk: Desk) -> None:
    for port in range(7001, 7006):
        number, version = waiting(desk, port)
        approved, withdrawn = at_once(decision(desk, number, "partner", version), withdrawal(desk, number))
        assert withdrawn is None
        assert approved is None or isinstance(approved, LOST)
        assert desk.state(number) is State.WITHDRAWN
        assert ("ticket:approved" in desk.events(number)) == (approved is None)
        desk.apply(number)
        assert (desk.state(number), desk.annotations()) == (State.WITHDRAWN, {})
    assert faults(desk) == []


def test_a_withdrawal_and_the_worker_at_the_same_instant_leave_nothing_behind(desk: Desk) -> None:
    for port in range(7001, 7004):
        number = desk.approved(str(port))
        withdrawn, _ = at_once(withdrawal(desk, number), lambda number=number: desk.apply(number))
        if withdrawn is None:
            assert (desk.state(number), desk.annotations()) == (State.WITHDRAWN, {})
        else:
            assert isinstance(withdrawn, WrongState)
            desk.close(number)
            assert (desk.state(number), desk.annotations()) == (State.CLOSED, {})


def test_a_release_and_a_revocation_at_the_same_instant_end_it_once(desk: Desk) -> None:
    number = desk.active("7001")
    answers = at_once(release(desk, number), revocation(desk, number))
    assert answers.count(None) == 1
    assert desk.events(number).count("ticket:reverting") == 1
    assert desk.ticket(number).outcome == ("released" if answers[0] is None else "revoked")
    assert faults(desk) == []


@pytest.mark.parametrize("count", [4])
def test_workers_that_are_called_at_once_open_one_window(desk: Desk, count: int) -> None:
    number = desk.approved("7001")
    at_once(*[lambda: desk.apply(number)] * count)
    assert desk.state(number) is State.ACTIVE
    assert [desk.events(number).count(type_) for type_ in ("window:opened", "ticket:applying", "ticket:active")] == [
        1
    ] * 3
