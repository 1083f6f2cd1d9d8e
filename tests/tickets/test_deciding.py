"""Who may decide, how many it takes, and what the preflight has to say before."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from portal import queries
from portal.access.actor import WORKER
from portal.errors import Duplicate, Forbidden, NotFound, NotReady, Stale, WrongState
from portal.models import Event, Membership, Person, Role, Tenant, Ticket
from portal.queries import Deciders
from portal.states import State
from portal.tickets import deciding, ending
from portal.tickets.approvals import Vote, needs
from tests.workers.desk import EMOJI, Desk


def ready(desk: Desk, *approvals: tuple[str, int], inbound: str = "7001", **more: Any) -> int:
    """A ticket with a clean preflight that waits for these approvals."""
    number = desk.ask(inbound, **more)
    desk.preflight(number)
    if approvals:
        with desk.database.unit_of_work() as session:
            asked = [{"from": group, "count": count} for group, count in approvals]
            session.get_one(Ticket, number).approvals = asked
    return number


def approver(desk: Desk, number: int) -> str:
    with desk.database.reading() as session:
        query = select(Event.actor).where(Event.chain == f"MD-{number}", Event.type == "ticket:approved")
        return str(session.scalar(query))


def withdraw(desk: Desk, number: int) -> None:
    with desk.acting("member") as (session, member):
        ending.withdraw(session, number, reason="not needed", by=member, now=datetime.now(UTC))


def ports_are(desk: Desk, *ports: int) -> None:
    """The owner changes what the container exposes."""
    container = {"name": "emoji", "image": "practice/emoji:v2"}
    exposed = [{"containerPort": port, "protocol": "TCP"} for port in ports]
    patch = {"spec": {"template": {"spec": {"containers": [{**container, "ports": exposed}]}}}}
    desk.practice.apply_as("kubectl", EMOJI, patch)


def test_one_approval_is_enough_where_one_is_asked(desk: Desk) -> None:
    number = ready(desk)
    desk.decide(number, "partner")
    assert (desk.state(number), approver(desk, number)) == (State.APPROVED, "partner")
    assert desk.events(number)[-2:] == ["decision:approve", "ticket:approved"]


@pytest.mark.parametrize("verdict", ["approve", "reject"])
def test_nobody_decides_on_their_own_ticket(desk: Desk, verdict: Any) -> None:
    number = ready(desk, who="partner")
    with pytest.raises(Forbidden, match="Nobody decides on their own ticket"):
        desk.decide(number, "partner", verdict)
    desk.decide(number, "partner2")
    assert desk.state(number) is State.APPROVED


@pytest.mark.parametrize("who", ["member2", "owner", "operator"])
def test_others_than_the_deciding_group_do_not_decide(desk: Desk, who: str) -> None:
    number = ready(desk)
    with pytest.raises(Forbidden, match=r"none of the roles that decide on .* \(security-partner\)"):
        desk.decide(number, who)
    assert desk.state(number) is State.PENDING


def test_another_tenant_s_partner_finds_no_ticket(desk: Desk) -> None:
    with pytest.raises(NotFound):
        desk.decide(ready(desk), "outsider_partner")


def test_nobody_approves_before_the_preflight(desk: Desk) -> None:
    number = desk.ask("7001")
    with pytest.raises(NotReady, match="has not run yet"):
        desk.decide(number, "partner")
    desk.decide(number, "partner", "reject")
    assert desk.state(number) is State.REJECTED


def test_a_quorum_takes_that_many_people(desk: Desk) -> None:
    number = ready(desk, ("security-partner", 2))
    desk.decide(number, "partner")
    assert desk.state(number) is State.PENDING
    with pytest.raises(WrongState, match="You have decided on MD-1 already"):
        desk.decide(number, "partner")
    desk.decide(number, "partner2")
    assert (desk.state(number), approver(desk, number)) == (State.APPROVED, "partner2")


def test_two_groups_take_two_people_also_where_one_person_is_in_both(desk: Desk) -> None:
    with desk.database.unit_of_work() as session:
        partner = session.scalars(select(Person).where(Person.name == "partner")).one()
        tenant = session.scalars(select(Tenant).where(Tenant.name == "emojis")).one()
        session.add(Membership(person_id=partner.id, tenant_id=tenant.id, role=Role.OWNER))
    number = ready(desk, ("tenant-owner", 1), ("security-partner", 1))
    desk.decide(number, "partner")
    assert desk.state(number) is State.PENDING
    desk.decide(number, "partner2")
    # partner2 is no owner: partner's word now counts as the owner's, because that settles it.
    assert desk.state(number) is State.APPROVED


def test_two_people_of_one_group_do_not_stand_for_another(desk: Desk) -> None:
    number = ready(desk, ("tenant-owner", 1), ("security-partner", 1))
    desk.decide(number, "partner")
    desk.decide(number, "partner2")
    assert desk.state(number) is State.PENDING
    desk.decide(number, "owner")
    assert desk.state(number) is State.APPROVED


def test_one_rejection_settles_it_whatever_was_approved(desk: Desk) -> None:
    number = ready(desk, ("security-partner", 2))
    desk.decide(number, "partner")
    desk.decide(number, "partner2", "reject")
    assert desk.state(number) is State.REJECTED
    with pytest.raises(WrongState, match="is decided already"):
        desk.decide(number, "partner")


def test_what_was_withdrawn_is_not_decided(desk: Desk) -> None:
    number = ready(desk)
    withdraw(desk, number)
    with pytest.raises(WrongState, match="MD-1 is withdrawn: it is decided already"):
        desk.decide(number, "partner")
    assert desk.state(number) is State.WITHDRAWN


def test_a_decision_on_what_has_changed_since_is_stale(desk: Desk) -> None:
    number = ready(desk)
    seen = desk.ticket(number).version
    desk.preflight(number)
    verdict = deciding.Verdict("approve", "", seen)
    with pytest.raises(Stale), desk.acting("partner") as (session, partner):
        deciding.decide(session, number, verdict, by=partner, now=datetime.now(UTC))
    assert desk.state(number) is State.PENDING


def test_the_policy_approves_by_itself_after_a_clean_preflight_only(desk: Desk) -> None:
    number = desk.ask("7001", cluster="playground")
    assert desk.ticket(number).automatic
    desk.practice.set("refuse", {"deployment/emojivoto/emoji": "not on Fridays"})
    desk.preflight(number)
    assert desk.state(number) is State.PENDING
    with pytest.raises(Forbidden, match="nobody: it is automatic"):
        desk.decide(number, "partner")
    desk.practice.set("refuse", {})
    desk.preflight(number)
    assert desk.state(number) is State.PENDING
    desk.probe(number)
    assert (desk.state(number), approver(desk, number)) == (State.APPROVED, "meshdesk-policy")


def test_a_workload_that_is_not_what_the_inventory_said_is_routed_anew(desk: Desk) -> None:
    number = desk.ask("8080", cluster="playground")
    assert desk.ticket(number).automatic
    ports_are(desk, 8080)
    desk.preflight(number)
    ticket = desk.ticket(number)
    assert (ticket.state, ticket.automatic) == (State.PENDING, False)
    assert "ticket:rerouted" in desk.events(number)
    desk.decide(number, "partner")
    assert desk.state(number) is State.APPROVED


def test_approvals_that_are_enough_for_a_new_rule_settle_it(desk: Desk) -> None:
    number = ready(desk, inbound="8080,8801")
    assert [one["from"] for one in desk.ticket(number).approvals] == ["tenant-owner", "security-partner"]
    desk.decide(number, "partner")
    assert desk.state(number) is State.PENDING
    ports_are(desk, 8080, 8801, 9999)
    desk.preflight(number)
    assert [one["from"] for one in desk.ticket(number).approvals] == ["security-partner"]
    assert (desk.state(number), approver(desk, number)) == (State.APPROVED, "meshdesk-policy")


def test_a_preflight_that_comes_after_the_decision_changes_nothing(desk: Desk) -> None:
    number = ready(desk)
    desk.decide(number, "partner")
    desk.practice.set("refuse", {"deployment/emojivoto/emoji": "not on Fridays"})
    desk.preflight(number)
    assert (desk.state(number), desk.ticket(number).preflight_clean) == (State.APPROVED, True)


def test_the_same_is_not_asked_twice(desk: Desk) -> None:
    number = desk.ask("7001")
    with pytest.raises(Duplicate, match=f"MD-{number} asks for the same and is pending"):
        desk.ask("7001")
    withdraw(desk, number)
    assert desk.ask("7001") > number


def test_people_are_told_who_may_still_decide(desk: Desk) -> None:
    number = ready(desk, ("security-partner", 2))
    desk.decide(number, "partner")
    with desk.database.reading() as session:
        ticket = queries.ticket(session, number, by=WORKER)
        deciders = Deciders({Role.PARTNER.value: ["partner", "partner2"]})
        assert [need.words for need in needs(Vote.on(ticket, deciders), deciders)] == [
            "one security partner (partner2)"
        ]
