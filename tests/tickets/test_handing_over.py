"""People who leave a tenant: their tickets are handed over or end, their approvals are asked again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import delete, select

from portal import audit, queries
from portal.api.views import still_needed
from portal.errors import Forbidden
from portal.models import Membership, Person, PersonGroup, Role, Source, Tenant, Ticket
from portal.queries.crew import crew
from portal.registry.impact import ground
from portal.registry.state import RegistryFile
from portal.states import State
from portal.tickets import ending
from portal.tickets.handing_over import hand_over, settled
from portal.tickets.unanswered import warnings
from tests import world
from tests.tickets.test_following import BY, apply, of, plan, present
from tests.workers.desk import Desk

BOTH = [{"from": "security-partner", "count": 2}]
OWNER_TOO = [{"from": "tenant-owner", "count": 1}, {"from": "security-partner", "count": 1}]


def without(desk: Desk, *names: str) -> RegistryFile:
    """The registry in force, without these people."""
    before = present(desk)

    def kept(people: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name for name in people if name not in names)

    tenants = tuple(
        replace(
            one,
            members=kept(one.members),
            owners=kept(one.owners),
            security_partners=kept(one.security_partners),
        )
        for one in before.tenants
    )
    people = tuple(one for one in before.people if one.name not in names)
    return replace(before, tenants=tenants, people=people)


def waiting(
    desk: Desk, approvals: list[dict[str, Any]], *deciders: str, who: str = "member", inbound: str = "7001"
) -> int:
    """A ticket of somebody's that waits for these approvals, and has those of `deciders`."""
    number = desk.ask(inbound, who=who)
    desk.preflight(number)
    with desk.database.unit_of_work() as session:
        session.get_one(Ticket, number).approvals = approvals
    for decider in deciders:
        desk.decide(number, decider)
    return number


def needed(desk: Desk, number: int) -> list[str]:
    """The groups that a ticket still waits for."""
    ticket = desk.ticket(number)
    with desk.database.reading() as session:
        deciders = queries.deciders(session, {ticket.tenant_id})[ticket.tenant_id]
    return [need.words for need in still_needed(ticket, deciders)]


def service(desk: Desk, owner: str) -> None:
    """A service `robot` of tenant emojis that somebody owns."""
    with desk.database.unit_of_work() as session:
        found = session.scalars(select(Person).where(Person.name == owner)).one()
        robot = Person(name="robot", title="Deploys", source=Source.SERVICE, owner_id=found.id)
        session.add(robot)
        session.flush()
        tenant = session.scalars(select(Tenant.id).where(Tenant.name == "emojis")).one()
        session.add(Membership(person_id=robot.id, tenant_id=tenant, role=Role.MEMBER))


@pytest.mark.parametrize("state", [State.PENDING, State.ACTIVE, State.REVERTING])
def test_an_open_ticket_of_somebody_who_left_is_an_owner_s(desk: Desk, state: State) -> None:
    number = desk.ask("7001") if state is State.PENDING else desk.active("7001")
    if state is State.REVERTING:
        desk.release(number)
    done = apply(desk, without(desk, "member"))
    assert [str(fate) for fate in done.fates] == [f"MD-{number} ({state}): handed over, member -> owner. member left."]
    ticket = desk.ticket(number)
    assert ticket.asked_by is not None
    assert (ticket.state, ticket.requester.name, ticket.asked_by.name) == (state, "owner", "member")
    with desk.database.reading() as session:
        told = queries.events(session, f"MD-{number}")[-1]
        assert list(audit.verify(session)) == []
    assert (told.type, told.actor) == ("ticket:handed-over", "meshdesk-registry")
    assert told.payload == {"from": "member", "to": "owner", "reason": "member left.", "applied_by": BY}
    assert plan(desk, present(desk)).fates == []


def test_who_answers_for_it_may_do_with_it_what_the_requester_could(desk: Desk) -> None:
    number = waiting(desk, OWNER_TOO, who="partner2")
    apply(desk, without(desk, "partner2", "owner"))
    assert desk.ticket(number).requester.name == "member"
    with desk.acting("member") as (session, heir):
        ending.withdraw(session, number, reason="nobody needs it", by=heir, now=datetime.now(UTC))
    assert desk.state(number) is State.WITHDRAWN


def test_neither_who_asked_nor_who_answers_decides_on_it(desk: Desk) -> None:
    number = waiting(desk, BOTH, who="partner")
    before = present(desk)
    apply(desk, without(desk, "partner"))
    assert desk.ticket(number).requester.name == "owner"
    apply(desk, before)
    for who in ("partner", "owner"):
        with pytest.raises(Forbidden, match="own ticket"):
            desk.decide(number, who)
    with desk.database.reading() as session:
        waits = queries.TicketFilter(waiting_for_me=True)
        assert not queries.tickets(session, waits, by=world.actor(session, "partner"), before=None, limit=9)


def test_it_is_not_handed_to_one_who_decided_on_it(desk: Desk) -> None:
    number = waiting(desk, OWNER_TOO, "owner")
    apply(desk, without(desk, "member"))
    assert desk.ticket(number).requester.name == "member2"


def test_it_goes_rather_to_one_on_whom_it_does_not_wait(desk: Desk) -> None:
    number = waiting(desk, OWNER_TOO)
    apply(desk, without(desk, "member"))
    assert desk.ticket(number).requester.name == "member2", "the only owner must be left to approve"


def test_who_changes_tenants_leaves_the_tickets(desk: Desk) -> None:
    number = desk.active("7001")
    wanted = of(desk, "emojis", members=("member2",))
    wanted = replace(
        wanted,
        tenants=tuple(
            replace(one, members=("member", *one.members)) if one.name == "books" else one for one in wanted.tenants
        ),
    )
    assert apply(desk, wanted).fates[0].why == "member is no longer of tenant emojis."
    assert desk.ticket(number).requester.name == "owner"


def test_another_role_in_the_tenant_is_no_leaving(desk: Desk) -> None:
    desk.active("7001")
    assert apply(desk, of(desk, "emojis", members=("member2",), owners=("owner", "member"))).fates == []


def test_where_nobody_is_left_it_ends(desk: Desk) -> None:
    active, pending = desk.active("7001"), desk.ask("7002")
    reverting = desk.active("7003")
    desk.release(reverting)
    done = apply(desk, without(desk, "member", "member2", "owner", "partner", "partner2"))
    assert [fate.becomes for fate in done.fates] == ["undone", "withdrawn", "still being undone"]
    assert done.fates[0].why == "member left. Nobody else of the tenant can answer for it."
    assert done.fates[2].why.endswith("can answer for it: the operators do.")
    assert (desk.state(active), desk.ticket(active).outcome) == (State.REVERTING, "revoked")
    assert desk.state(pending) is State.WITHDRAWN
    desk.undo(active)
    assert (desk.state(active), desk.annotations().get("config.linkerd.io/skip-inbound-ports")) in [
        (State.CLOSED, None),
        (State.CLOSED, "7003"),
    ]


def test_an_approval_of_somebody_who_lost_the_role_is_asked_again(desk: Desk) -> None:
    number = waiting(desk, BOTH, "partner")
    done = apply(desk, of(desk, "emojis", security_partners=("partner2",), members=("member", "member2", "partner")))
    assert [fate.becomes for fate in done.fates] == ["asked again"]
    decision = desk.ticket(number).decisions[0]
    assert (decision.person.name, decision.decision) == ("partner", "approve")
    assert "is that no longer" in (decision.void_reason or "")
    assert desk.events(number)[-1] == "decision:void"
    few = "too few security partners are left who may decide, so a tenant owner counts as well"
    assert needed(desk, number) == [f"2 security partners (partner2; {few}: owner)"]
    desk.decide(number, "partner2")
    assert desk.state(number) is State.PENDING


def test_who_has_the_role_again_may_approve_again(desk: Desk) -> None:
    number, before = waiting(desk, BOTH, "partner"), present(desk)
    apply(desk, without(desk, "partner"))
    apply(desk, before)
    assert len(desk.ticket(number).decisions) == 1
    desk.decide(number, "partner2")
    desk.decide(number, "partner")
    assert desk.state(number) is State.APPROVED


def test_what_was_approved_stays_approved(desk: Desk) -> None:
    number = desk.approved("7001")
    done = apply(desk, of(desk, "emojis", security_partners=("partner2",)))
    assert (done.fates, desk.state(number)) == ([], State.APPROVED)
    assert desk.ticket(number).decisions[0].void_reason is None


def test_an_approval_by_the_word_of_one_who_was_absent_goes_with_them(desk: Desk) -> None:
    number = waiting(desk, BOTH, "partner2")
    with desk.database.unit_of_work() as session:
        decision = queries.ticket(session, number, by=world.actor(session, "auditor")).decisions[0]
        decision.person_id = world.actor(session, "member2").person_id or 0
        decision.stood_in_for_id = world.actor(session, "partner2").person_id
    assert plan(desk, present(desk)).fates == []
    assert [fate.becomes for fate in apply(desk, without(desk, "partner2")).fates] == ["asked again"]


def test_an_approval_for_a_group_or_a_person_counts_as_long_as_they_are_that(desk: Desk) -> None:
    number = waiting(desk, BOTH, "partner")
    with desk.database.unit_of_work() as session:
        ticket = queries.ticket(session, number, by=world.actor(session, "auditor"))
        ticket.approvals = [{"from": "group:security", "count": 1}, {"from": "person:partner", "count": 1}]
        ticket.decisions[0].roles = ["group:security", "person:partner"]
        session.add(PersonGroup(person_id=ticket.decisions[0].person_id, name="security"))
    assert is_settled(desk, number)
    with desk.database.unit_of_work() as session:
        session.execute(delete(PersonGroup))
    assert not is_settled(desk, number)


def is_settled(desk: Desk, number: int) -> bool:
    with desk.database.reading() as session:
        return settled(desk.ticket(number), crew(session))


def test_tickets_that_would_wait_for_ever_are_named(desk: Desk) -> None:
    number = waiting(desk, [{"from": "security-partner", "count": 1, "fallback": ["security-partner"]}])
    done = plan(desk, of(desk, "emojis", security_partners=()))
    assert done.warnings == [
        f"MD-{number}: too few people of tenant emojis could still approve (security-partner): this waits for ever. "
        "Name more."
    ]


def test_tickets_of_a_tenant_without_owner_and_partner_are_named(desk: Desk) -> None:
    numbers = [desk.active("7001"), desk.active("7002", workload="deployment/voting")]
    done = plan(desk, without(desk, "owner", "partner", "partner2"))
    assert done.warnings == [
        f"MD-{numbers[0]}, MD-{numbers[1]}: tenant emojis has neither an owner nor a security partner. Name one; until "
        "then operators answer."
    ]


def test_a_service_whose_owner_leaves_has_no_rights_and_answers_for_nothing(desk: Desk) -> None:
    service(desk, "member2")
    number = desk.ask("7001", who="robot")
    with desk.database.unit_of_work() as session:
        left = world.actor(session, "member2").person_id or 0
        fates = hand_over(session, left, by=world.actor(session, "operator"), now=datetime.now(UTC))
        session.get_one(Person, left).active = False
    assert [str(fate) for fate in fates] == [
        f"MD-{number} (pending): handed over, robot -> owner. The owner of service robot left or is no longer of "
        "tenant emojis."
    ]
    with desk.database.reading() as session:
        said = list(warnings(session, ground(session), crew(session)))
    assert said == ["Service robot is without rights: its owner left. Give it another owner, or remove it."]


def test_somebody_who_is_deactivated_hands_over_in_every_tenant(desk: Desk) -> None:
    with desk.database.unit_of_work() as session:
        world.join(session, "member", "books")
    own, approved_by = desk.active("7001"), waiting(desk, BOTH, "partner", who="member2", inbound="7002")
    with desk.acting("operator") as (session, operator):
        ids = {name: world.actor(session, name).person_id or 0 for name in ("member", "partner")}
        first = hand_over(session, ids["member"], by=operator, now=datetime.now(UTC))
        second = hand_over(session, ids["partner"], by=operator, now=datetime.now(UTC))
    assert [(fate.ticket_id, fate.becomes) for fate in (*first, *second)] == [
        (own, "handed over"),
        (approved_by, "asked again"),
    ]
    with desk.database.reading() as session:
        told = queries.events(session, f"MD-{own}")[-1]
    assert (told.actor, "applied_by" in (told.payload or {})) == ("operator", False)
