"""Approvals asked of groups and people by name: who sees and decides, with which hat, and nobody else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from portal import queries
from portal.api.listing import page
from portal.errors import Forbidden, NotFound, WrongState
from portal.models import Role, Ticket
from portal.states import State
from portal.tickets import ending, talking
from portal.tickets.awaiting import awaited
from tests import world
from tests.tickets.people import put_in, service
from tests.tickets.test_deciding import ready
from tests.workers.desk import Desk

LEADS = "group:Security Leads"
WAITING = queries.TicketFilter(waiting_for_me=True)


@pytest.fixture
def leads(desk: Desk) -> Desk:
    """A desk with two people of a group of the identity provider, who are of no tenant."""
    with desk.database.unit_of_work() as session:
        put_in(session, "amira", "Security Leads", "staff")
        put_in(session, "bo", "Security Leads")
        put_in(session, "chen", "staff")
    return desk


def waiting_for(desk: Desk, number: int) -> list[tuple[str, tuple[str, ...]]]:
    with desk.acting("auditor") as (session, auditor):
        waiting = awaited(session, queries.ticket(session, number, by=auditor))
    return [(need.words, need.people) for need in waiting]


def test_anybody_of_the_group_sees_and_decides(leads: Desk) -> None:
    number = ready(leads, (LEADS, 1))
    assert waiting_for(leads, number) == [("one of group Security Leads (amira, bo)", ("amira", "bo"))]
    with leads.acting("amira") as (session, amira):
        assert [one.id for one in page(session, WAITING, by=amira, before=None, limit=5)[0]] == [number]
    leads.decide(number, "amira")
    assert leads.state(number) is State.APPROVED
    assert leads.ticket(number).decisions[0].roles == [LEADS]


def test_one_person_is_asked_by_name(leads: Desk) -> None:
    number = ready(leads, ("person:chen", 1))
    with pytest.raises(NotFound):
        leads.decide(number, "amira")
    with pytest.raises(Forbidden):
        leads.decide(number, "partner")
    assert waiting_for(leads, number) == [("chen", ("chen",))]
    leads.decide(number, "chen")
    assert leads.state(number) is State.APPROVED


def test_groups_roles_and_people_are_asked_together(leads: Desk) -> None:
    number = ready(leads, ("security-partner", 1), (LEADS, 2))
    for who in ("amira", "partner"):
        leads.decide(number, who)
        assert leads.state(number) is State.PENDING
    assert waiting_for(leads, number) == [("one of group Security Leads (bo)", ("bo",))]
    leads.decide(number, "bo")
    assert leads.state(number) is State.APPROVED


def test_who_is_in_both_counts_for_one(leads: Desk) -> None:
    with leads.database.unit_of_work() as session:
        put_in(session, "partner", "Security Leads")
    number = ready(leads, ("security-partner", 1), (LEADS, 1))
    leads.decide(number, "partner")
    assert leads.state(number) is State.PENDING
    leads.decide(number, "amira")
    assert leads.state(number) is State.APPROVED


def test_a_ticket_is_there_only_for_whom_its_rule_asks(leads: Desk) -> None:
    asked, other = ready(leads, (LEADS, 1)), ready(leads, inbound="7002")
    with leads.acting("amira") as (session, amira):
        found, _ = page(session, queries.TicketFilter(), by=amira, before=None, limit=5)
        assert [one.id for one in found] == [asked]
        with pytest.raises(NotFound):
            queries.ticket(session, other, by=amira)
        with pytest.raises(NotFound):
            queries.place(session, "practice", "emojivoto", by=amira)
    with leads.acting("chen") as (session, chen):
        assert page(session, queries.TicketFilter(), by=chen, before=None, limit=5) == ([], False)
        with pytest.raises(NotFound):
            queries.ticket(session, asked, by=chen)
        with pytest.raises(NotFound):
            talking.comment(session, asked, text="Hello?", by=chen, now=datetime.now(UTC))


def test_who_is_asked_may_talk_and_revoke_and_no_more(leads: Desk) -> None:
    number = ready(leads, (LEADS, 1))
    now = datetime.now(UTC)
    with leads.acting("bo") as (session, bo):
        talking.comment(session, number, text="For how long?", by=bo, now=now)
        with pytest.raises(Forbidden, match="Only who asked for it or an owner may withdraw"):
            ending.withdraw(session, number, reason="no", by=bo, now=now)
    leads.decide(number, "bo")
    with leads.acting("bo") as (session, bo):
        assert ending.revoke(session, number, reason="an incident", by=bo, now=now).state is State.WITHDRAWN


def test_inactive_people_are_not_waited_for(leads: Desk) -> None:
    number = ready(leads, ("person:nobody", 1))
    assert waiting_for(leads, number) == [("nobody (who is not active)", ())]


def test_nobody_decides_for_a_service_of_theirs_nor_a_service_for_its_owner(desk: Desk) -> None:
    with desk.database.unit_of_work() as session:
        for name in ("robot", "second"):
            service(session, name, "partner", Role.PARTNER)
    theirs, its = ready(desk, who="partner"), ready(desk, inbound="7002", who="emojis/robot")
    for number, who in ((theirs, "emojis/robot"), (its, "partner"), (its, "emojis/second"), (its, "emojis/robot")):
        with pytest.raises(Forbidden, match="Nobody decides on their own ticket"):
            desk.decide(number, who)
        with desk.acting(who) as (session, actor):
            assert page(session, WAITING, by=actor, before=None, limit=5)[0] == []
    assert waiting_for(desk, its) == [("one security partner (partner2)", ("partner2",))]
    for number in (theirs, its):
        desk.decide(number, "partner2")
        assert desk.state(number) is State.APPROVED


def test_a_person_and_their_service_are_one_voice(desk: Desk) -> None:
    with desk.database.unit_of_work() as session:
        service(session, "robot", "partner", Role.PARTNER)
    number = ready(desk, ("security-partner", 2))
    desk.decide(number, "emojis/robot")
    with pytest.raises(WrongState, match="has decided on MD-1 already"):
        desk.decide(number, "partner")
    assert waiting_for(desk, number) == [("one security partner (partner2)", ("partner2",))]
    desk.decide(number, "partner2")
    assert desk.state(number) is State.APPROVED


def test_asking_by_name_is_noted_and_taken_back_with_the_rule(desk: Desk) -> None:
    number = ready(desk, (LEADS, 1))
    assert desk.ticket(number).asks_named
    with desk.database.unit_of_work() as session:
        session.get_one(Ticket, number).approvals = [{"from": "security-partner", "count": 1}]
    assert not desk.ticket(number).asks_named


@pytest.mark.parametrize("name", ['Security "Leads"', "o'leads", "100%_leads", "Führung", "a, b"])
def test_names_of_groups_are_taken_as_they_are(desk: Desk, name: str) -> None:
    with desk.database.unit_of_work() as session:
        put_in(session, "amira", name)
        put_in(session, "bo", "leads")
    number = ready(desk, (f"group:{name}", 1))
    with desk.database.reading() as session:
        for who, expected in (("amira", [number]), ("bo", [])):
            found, _ = page(session, queries.TicketFilter(), by=world.actor(session, who), before=None, limit=5)
            assert [one.id for one in found] == expected
