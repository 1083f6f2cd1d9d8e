"""One person, one voice: not through a second role, a service, or somebody who stands in; and who counts instead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal import queries
from portal.access.actor import WORKER
from portal.errors import Forbidden, Invalid, NotFound, WrongState
from portal.models import Delegation, Event, Membership, Person, Role, Source, Tenant, Ticket
from portal.states import State
from portal.tickets import delegating, ending, questions
from portal.tickets.approvals import Need, Vote, needs
from tests import world
from tests.tickets.test_deciding import ready
from tests.workers.desk import Desk

WEEK = timedelta(days=7)


def add_service(desk: Desk, name: str, owner: str, role: Role) -> None:
    """A service of the tenant emojis that a person answers for."""
    with desk.database.unit_of_work() as session:
        found = session.scalars(select(Person).where(Person.name == owner)).one()
        service = Person(name=name, title=name, source=Source.SERVICE, owner_id=found.id)
        session.add(service)
        session.flush()
        world.join(session, name, "emojis", role)


def leave_tenant(desk: Desk, *names: str) -> None:
    with desk.database.unit_of_work() as session:
        for name in names:
            person = session.scalars(select(Person).where(Person.name == name)).one()
            for membership in session.scalars(select(Membership).where(Membership.person_id == person.id)):
                session.delete(membership)


def leave_to(
    desk: Desk, who: str, to: str, *, tenant: str = "emojis", begins: timedelta | None = None, lasts: timedelta = WEEK
) -> int:
    now = datetime.now(UTC)
    begin = None if begins is None else now + begins
    leave = delegating.Leave(to, tenant, (begin or now) + lasts, "on leave", begin)
    with desk.acting(who) as (session, actor):
        return delegating.delegate(session, leave, by=actor, now=now).id


def waits_for(desk: Desk, number: int) -> list[Need]:
    with desk.database.reading() as session:
        ticket = queries.ticket(session, number, by=WORKER)
        deciders = queries.deciders(session, {ticket.tenant_id})[ticket.tenant_id]
        return needs(Vote.on(ticket, deciders), deciders)


def approval(desk: Desk, number: int) -> dict[str, Any]:
    with desk.database.reading() as session:
        query = select(Event).where(Event.chain == f"MD-{number}", Event.type == "decision:approve")
        return session.scalars(query.order_by(Event.number)).all()[-1].payload or {}


def let_pass(desk: Desk, number: int, span: timedelta) -> None:
    with desk.database.unit_of_work() as session:
        found = session.get_one(Delegation, number)
        found.from_at, found.until = found.from_at - span, found.until - span


# Own tickets.


def test_a_second_role_does_not_decide_on_one_s_own_ticket(desk: Desk) -> None:
    with desk.database.unit_of_work() as session:
        world.join(session, "member", "emojis", Role.PARTNER)
    number = ready(desk)
    with pytest.raises(Forbidden, match="Nobody decides on their own ticket"):
        desk.decide(number, "member")
    assert "member" not in waits_for(desk, number)[0].people


def test_a_service_does_not_decide_for_its_owner_nor_the_owner_for_it(desk: Desk) -> None:
    add_service(desk, "pipeline", "partner", Role.PARTNER)
    add_service(desk, "asker", "partner", Role.PARTNER)
    for requester, others in (("partner", ["pipeline"]), ("asker", ["partner", "pipeline"])):
        number = ready(desk, who=requester, inbound=f"70{len(others):02}")
        for who in others:
            with pytest.raises(Forbidden, match="Nobody decides on their own ticket"):
                desk.decide(number, who)
        assert waits_for(desk, number)[0].people == ("partner2",)


def test_an_owner_and_their_service_are_one_voice(desk: Desk) -> None:
    add_service(desk, "pipeline", "partner", Role.PARTNER)
    number = ready(desk, ("security-partner", 2))
    desk.decide(number, "pipeline")
    with pytest.raises(WrongState, match="pipeline, the same voice, has decided"):
        desk.decide(number, "partner")
    assert waits_for(desk, number)[0].people == ("partner2",)
    desk.decide(number, "partner2")
    assert desk.state(number) is State.APPROVED


def test_the_requester_does_not_decide_by_whom_they_leave_it_to(desk: Desk) -> None:
    number = ready(desk, who="partner")
    leave_to(desk, "partner", "outsider")
    with pytest.raises(Forbidden, match="none of the roles"):
        desk.decide(number, "outsider")
    assert waits_for(desk, number)[0].people == ("partner2",)


def test_the_requester_does_not_decide_for_somebody_absent(desk: Desk) -> None:
    number = ready(desk)
    leave_to(desk, "partner", "member")
    with pytest.raises(Forbidden, match="Nobody decides on their own ticket"):
        desk.decide(number, "member")


# Delegation.


def test_somebody_of_another_tenant_decides_while_it_lasts(desk: Desk) -> None:
    number = ready(desk, ("security-partner", 2))
    with pytest.raises(NotFound):
        desk.decide(number, "outsider")
    delegation = leave_to(desk, "partner", "outsider")
    assert waits_for(desk, number)[0].people == ("outsider", "partner", "partner2")
    desk.decide(number, "outsider")
    decision = desk.ticket(number).decisions[0]
    assert decision.stood_in_for is not None
    assert (decision.stood_in_for.name, decision.roles) == ("partner", ["security-partner"])
    assert approval(desk, number)["stood_in_for"] == "partner"
    with pytest.raises(WrongState, match="outsider has decided on MD-1 in your place already"):
        desk.decide(number, "partner")
    with pytest.raises(WrongState, match="You have decided"):
        desk.decide(number, "outsider")
    assert waits_for(desk, number)[0].people == ("partner2",)
    let_pass(desk, delegation, WEEK)
    with pytest.raises(NotFound):
        desk.decide(number, "outsider")


def test_a_stand_in_sees_what_waits_and_nothing_else(desk: Desk) -> None:
    decided, open_ = desk.active("7001"), ready(desk, inbound="7002")
    leave_to(desk, "partner", "outsider")
    with desk.acting("outsider") as (session, outsider):
        waiting = queries.TicketFilter(waiting_for_me=True)
        for wanted in (queries.TicketFilter(), waiting):
            found = queries.tickets(session, wanted, by=outsider, before=None, limit=10)
            assert [ticket.id for ticket in found] == [open_]
        with pytest.raises(NotFound):
            queries.ticket(session, decided, by=outsider)
        with pytest.raises(NotFound):
            ending.revoke(session, decided, reason="too long", by=outsider, now=datetime.now(UTC))
        with pytest.raises(Forbidden):
            ending.withdraw(session, open_, reason="not mine", by=outsider, now=datetime.now(UTC))
    desk.decide(open_, "outsider")
    with desk.acting("outsider") as (session, outsider):
        assert queries.ticket(session, open_, by=outsider).state is State.APPROVED


def test_what_was_left_to_somebody_is_not_passed_on(desk: Desk) -> None:
    number = ready(desk)
    leave_to(desk, "partner", "member2")
    leave_to(desk, "outsider_partner", "member2", tenant="books")
    with pytest.raises(Forbidden):
        leave_to(desk, "member2", "outsider")
    leave_to(desk, "partner2", "partner")
    leave_to(desk, "owner", "partner2")
    assert waits_for(desk, number)[0].people == ("member2", "partner", "partner2")


def test_one_who_decides_anyway_counts_once(desk: Desk) -> None:
    number = ready(desk, ("security-partner", 2))
    leave_to(desk, "partner", "partner2")
    desk.decide(number, "partner2")
    assert desk.ticket(number).decisions[0].stood_in_for is None
    with pytest.raises(WrongState, match="You have decided"):
        desk.decide(number, "partner2")
    desk.decide(number, "partner")
    assert desk.state(number) is State.APPROVED


def test_it_counts_from_its_beginning_and_until_it_is_ended(desk: Desk) -> None:
    number = ready(desk)
    later = leave_to(desk, "partner", "member2", begins=timedelta(days=1))
    with pytest.raises(Forbidden):
        desk.decide(number, "member2")
    let_pass(desk, later, timedelta(days=2))
    with desk.acting("partner") as (session, partner):
        delegating.end(session, later, by=partner, now=datetime.now(UTC))
    with pytest.raises(Forbidden):
        desk.decide(number, "member2")
    with pytest.raises(WrongState, match="is over already"), desk.acting("partner") as (session, partner):
        delegating.end(session, later, by=partner, now=datetime.now(UTC))


def test_somebody_who_left_the_tenant_leaves_nothing_to_anybody(desk: Desk) -> None:
    number = ready(desk)
    leave_to(desk, "partner", "member2")
    leave_tenant(desk, "partner")
    with pytest.raises(Forbidden):
        desk.decide(number, "member2")


@pytest.mark.parametrize(
    ("who", "given", "error", "said"),
    [
        ("partner", {"to": "partner"}, Invalid, "Name somebody else"),
        ("partner", {"to": "nobody"}, Invalid, "cannot decide for others"),
        ("partner", {"to": "auditor"}, Invalid, "cannot decide for others"),
        ("partner", {"to": "pipeline"}, Invalid, "cannot decide for others"),
        ("partner", {"to": "owner", "lasts": timedelta(days=61)}, Invalid, "At most 60 days"),
        ("partner", {"to": "owner", "lasts": -WEEK}, Invalid, "must end after it begins"),
        ("partner", {"to": "owner", "begins": -WEEK, "lasts": 2 * WEEK}, Invalid, "from: That is over"),
        ("partner", {"to": "owner", "begins": timedelta(days=100)}, Invalid, "too far off"),
        ("partner", {"to": "owner", "tenant": "books"}, NotFound, "No tenant of yours"),
        ("member", {"to": "owner"}, Forbidden, "may delegate decisions in"),
        ("pipeline", {"to": "owner"}, Forbidden, "Only people"),
    ],
)
def test_what_cannot_be_left_to_somebody(desk: Desk, who: str, given: dict[str, Any], error: Any, said: str) -> None:
    add_service(desk, "pipeline", "partner2", Role.PARTNER)
    with pytest.raises(error, match=said):
        leave_to(desk, who, **given)


def test_only_those_concerned_end_it(desk: Desk) -> None:
    number = leave_to(desk, "partner", "partner2")
    for who, error in (("owner", Forbidden), ("outsider", NotFound)):
        with pytest.raises(error), desk.acting(who) as (session, actor):
            delegating.end(session, number, by=actor, now=datetime.now(UTC))
    with desk.acting("partner2") as (session, actor):
        assert delegating.end(session, number, by=actor, now=datetime.now(UTC)).ended_by == "partner2"


# Fallback.


def test_an_owner_counts_while_the_only_partner_is_the_requester(desk: Desk) -> None:
    leave_tenant(desk, "partner2")
    number = ready(desk, who="partner")
    (need,) = waits_for(desk, number)
    assert need.fallback is not None
    assert (need.people, need.fallback.group, need.fallback.people) == ((), "tenant-owner", ("owner",))
    assert need.words == (
        "one security partner (no security partner is left who may decide, so a tenant owner counts: owner)"
    )
    with pytest.raises(Forbidden):
        desk.decide(number, "operator")
    desk.decide(number, "owner")
    assert desk.state(number) is State.APPROVED
    assert desk.ticket(number).decisions[0].fallback_for == "security-partner"
    assert approval(desk, number)["fallback_for"] == "security-partner"


def test_a_fallback_may_reject_too(desk: Desk) -> None:
    leave_tenant(desk, "partner2")
    number = ready(desk, who="partner")
    desk.decide(number, "owner", "reject")
    assert desk.events(number)[-2:] == ["decision:reject", "ticket:rejected"]
    assert desk.ticket(number).decisions[0].fallback_for == "security-partner"


def test_operators_count_where_no_owner_is_left_either(desk: Desk) -> None:
    leave_tenant(desk, "partner2", "owner")
    number = ready(desk, who="partner")
    (need,) = waits_for(desk, number)
    assert need.fallback is not None
    assert (need.fallback.group, need.fallback.people) == ("platform-operator", ("operator", "operator2"))
    desk.decide(number, "operator2")
    assert desk.state(number) is State.APPROVED


def test_a_fallback_counts_only_while_nobody_else_can(desk: Desk) -> None:
    leave_tenant(desk, "partner2")
    number = ready(desk, who="partner")
    with desk.database.unit_of_work() as session:
        world.join(session, "partner2", "emojis", Role.PARTNER)
    with pytest.raises(Forbidden):
        desk.decide(number, "owner")
    assert waits_for(desk, number)[0].fallback is None


def test_an_approval_by_fallback_stays_when_somebody_comes(desk: Desk) -> None:
    leave_tenant(desk, "partner2")
    number = ready(desk, ("security-partner", 2), who="partner")
    desk.decide(number, "owner")
    assert desk.state(number) is State.PENDING
    with desk.database.unit_of_work() as session:
        world.join(session, "partner2", "emojis", Role.PARTNER)
    desk.decide(number, "partner2")
    assert desk.state(number) is State.APPROVED


def test_a_quorum_that_too_few_are_left_for_takes_one_by_fallback(desk: Desk) -> None:
    leave_tenant(desk, "partner2")
    with desk.database.unit_of_work() as session:
        world.join(session, "member2", "emojis", Role.OWNER)
    number = ready(desk, ("security-partner", 2))
    assert waits_for(desk, number)[0].words == (
        "2 security partners (partner; too few security partners are left who may decide, so a tenant owner counts as "
        "well: member2, owner)"
    )
    desk.decide(number, "owner")
    # The other place is the partner's own, who is still there.
    with pytest.raises(Forbidden):
        desk.decide(number, "member2")
    desk.decide(number, "partner")
    assert desk.state(number) is State.APPROVED


def test_an_owner_who_is_needed_as_owner_is_no_fallback_too(desk: Desk) -> None:
    leave_tenant(desk, "partner2")
    number = ready(desk, ("tenant-owner", 1), ("security-partner", 1), who="partner")
    owners, partners = waits_for(desk, number)
    assert partners.fallback is not None
    assert (owners.people, owners.fallback, partners.fallback.group) == (("owner",), None, "platform-operator")
    desk.decide(number, "owner")
    desk.decide(number, "operator")
    assert desk.state(number) is State.APPROVED


def test_a_rule_may_name_another_fallback(desk: Desk) -> None:
    leave_tenant(desk, "partner2")
    number = ready(desk, who="partner")
    with desk.database.unit_of_work() as session:
        asked = {"from": "security-partner", "count": 1, "fallback": ["platform-operator"]}
        session.get_one(Ticket, number).approvals = [asked]
    with pytest.raises(Forbidden):
        desk.decide(number, "owner")
    desk.decide(number, "operator")
    assert desk.state(number) is State.APPROVED


def test_the_only_voices_left_being_one_is_no_quorum(desk: Desk) -> None:
    leave_tenant(desk, "partner2")
    add_service(desk, "pipeline", "partner", Role.PARTNER)
    leave_to(desk, "partner", "outsider")
    number = ready(desk, ("security-partner", 2))
    desk.decide(number, "outsider")
    (need,) = waits_for(desk, number)
    assert need.people == ()
    assert need.fallback is not None
    assert need.fallback.people == ("owner",)


def test_a_stand_in_may_ask_but_no_member(desk: Desk) -> None:
    number = ready(desk)
    leave_to(desk, "partner", "outsider")
    now = datetime.now(UTC)
    with pytest.raises(Forbidden), desk.acting("member2") as (session, actor):
        questions.question(session, number, text="Which vendor?", by=actor, now=now)
    with desk.acting("outsider") as (session, actor):
        questions.question(session, number, text="Which vendor?", by=actor, now=now)
    assert desk.events(number)[-1] == "question:asked"


def test_tenants_are_apart(desk: Desk) -> None:
    leave_to(desk, "outsider_partner", "partner", tenant="books")
    number = ready(desk)
    with desk.database.reading() as session:
        books = session.scalars(select(Tenant.id).where(Tenant.name == "books")).one()
        assert [one.name for one in queries.deciders(session, {books})[books].stand_ins] == ["partner"]
    assert waits_for(desk, number)[0].people == ("partner", "partner2")
