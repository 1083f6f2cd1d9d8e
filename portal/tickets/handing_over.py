"""Handing over: what becomes of the tickets and approvals of people who leave a tenant.

Called where somebody is deactivated and, by following.py, where a registry takes effect.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session

from portal.access.actor import TENANT_ROLES, Actor
from portal.models import Decision, Person, Role, Source, Ticket
from portal.queries.crew import Crew, crew
from portal.registry.impact import Becomes, Fate, end_of
from portal.states import TERMINAL, Outcome, State
from portal.tickets import ending
from portal.tickets.approvals import Vote, can_be_met, counting
from portal.tickets.ending import Ending
from portal.tickets.moving import take_for_change, testify

# Who is asked first to answer for a ticket whose requester left.
SUCCESSION = (Role.OWNER, Role.MEMBER, Role.PARTNER)


@dataclass(frozen=True)
class Cause:
    """In whose name tickets change and when; `applied_by` is who applied the registry, where that is the cause."""

    by: Actor
    now: datetime
    applied_by: str | None = None

    def words(self, why: str) -> str:
        """The reason as the ticket keeps it."""
        return why if self.applied_by is None else f"{why} The registry was applied by {self.applied_by}."

    @property
    def told(self) -> dict[str, str]:
        """What every event says besides."""
        return {} if self.applied_by is None else {"applied_by": self.applied_by}


def hand_over(session: Session, person_id: int, *, by: Actor, now: datetime) -> list[Fate]:
    """Hand over every open ticket of somebody who leaves for good, and have approvals that they gave asked again.

    Gives what became of which ticket, in order; `str()` of each is a line for people. The person counts as gone
    whatever their row says.
    """
    left, cause = crew(session, without=person_id), Cause(by, now)
    fates: list[Fate] = []
    for number in session.scalars(_concerning(person_id)).all():
        fates += settle(session, take_for_change(session, number, by=by), left, cause)
    return fates


def _concerning(person_id: int) -> Select[int]:
    services = select(Person.id).where(Person.owner_id == person_id)
    decided = select(Decision.ticket_id).where(
        or_(Decision.person_id == person_id, Decision.stood_in_for_id == person_id), Decision.void_reason.is_(None)
    )
    asked = or_(Ticket.requester_id == person_id, Ticket.requester_id.in_(services))
    pending = and_(Ticket.state == State.PENDING, Ticket.id.in_(decided))
    return select(Ticket.id).where(Ticket.state.not_in(TERMINAL), or_(asked, pending)).order_by(Ticket.id)


def settled(ticket: Ticket, left: Crew) -> bool:
    """True when somebody answers for the ticket and each approval that it waits with was given by one who still may.

    What is over is settled.
    """
    answered = left.answers(ticket.requester_id, ticket.tenant_id)
    return ticket.state in TERMINAL or (answered and not list(_lost_approvals(ticket, left)))


def settle(session: Session, ticket: Ticket, left: Crew, cause: Cause) -> list[Fate]:
    """Bring a ticket that was taken for a change to where `settled` is true, or end it; gives what that took."""
    if ticket.state in TERMINAL:
        return []
    heir = None
    if not left.answers(ticket.requester_id, ticket.tenant_id):
        heir = _heir(ticket, left)
        if heir is None:
            return [_end_alone(session, ticket, left, cause)]
    fates = [_ask_again(session, ticket, decision, cause) for decision in list(_lost_approvals(ticket, left))]
    return fates if heir is None else [*fates, _give(session, ticket, heir, _departure(ticket, left), cause)]


def end(session: Session, ticket: Ticket, fate: Fate, cause: Cause) -> None:
    """Withdraw or undo a ticket that was taken for a change, as its fate says; what is being undone goes on."""
    if fate.becomes is Becomes.WITHDRAWN:
        ending.take_back(session, ticket, reason=cause.words(fate.why), by=cause.by, now=cause.now)
    elif fate.becomes is Becomes.UNDONE:
        why = Ending(Outcome.REVOKED, cause.words(fate.why))
        ending.begin_undo(session, ticket, why, by=cause.by, now=cause.now)


def _end_alone(session: Session, ticket: Ticket, left: Crew, cause: Cause) -> Fate:
    why = f"{_departure(ticket, left)} Nobody else of the tenant can answer for it"
    why += ": the operators do." if ticket.state is State.REVERTING else "."
    fate = Fate(ticket.id, ticket.state, end_of(ticket.state), why)
    end(session, ticket, fate, cause)
    return fate


def _departure(ticket: Ticket, left: Crew) -> str:
    who, tenant = ticket.requester, ticket.tenant.name
    if who.id not in left.people:
        return f"{who.name} left."
    if left.roles(who.id, ticket.tenant_id) & TENANT_ROLES:
        return f"The owner of service {who.name} left or is no longer of tenant {tenant}."
    return f"{who.name} is no longer of tenant {tenant}."


def _heir(ticket: Ticket, left: Crew) -> Person | None:
    """Who answers for the ticket from now on: by SUCCESSION and name, rather one on whose decision it does not wait."""
    decided, deciders = {decision.person_id for decision in ticket.decisions}, left.deciders(ticket.tenant_id)
    vote = Vote.on(ticket, deciders)
    able = [one for one in left.people.values() if one.source != Source.SERVICE and one.id not in decided]

    def rank(person: Person) -> tuple[bool, int, str]:
        blocks = ticket.state is State.PENDING and not can_be_met(vote, deciders, without=person.name)
        roles = left.roles(person.id, ticket.tenant_id)
        return blocks, min(SUCCESSION.index(role) for role in roles if role in SUCCESSION), person.name

    return min((one for one in able if left.answers(one.id, ticket.tenant_id)), key=rank, default=None)


def _give(session: Session, ticket: Ticket, heir: Person, why: str, cause: Cause) -> Fate:
    before = ticket.requester.name
    ticket.asked_by_id = ticket.asked_by_id or ticket.requester_id
    ticket.requester_id, ticket.updated_at = heir.id, cause.now
    payload = {"from": before, "to": heir.name, "reason": why, **cause.told}
    testify(session, ticket, "ticket:handed-over", by=cause.by, now=cause.now, **payload)
    return Fate(ticket.id, ticket.state, Becomes.HANDED_OVER, why, f"{before} -> {heir.name}")


def _lost_approvals(ticket: Ticket, left: Crew) -> Iterator[Decision]:
    """Approvals of a pending ticket that somebody gave as what they are no longer; what is approved stays."""
    asked = {approval["from"] for approval in ticket.approvals}
    for decision in counting(ticket) if ticket.state is State.PENDING else ():
        still = left.decides_as(decision.person_id, ticket.tenant_id)
        if decision.stood_in_for_id is not None:
            still |= left.decides_as(decision.stood_in_for_id, ticket.tenant_id)
        # One in another group's place counted by the roles that it was given with.
        by = set(decision.roles) if decision.fallback_for else asked & set(decision.roles)
        if decision.person_id not in left.people or by - still:
            yield decision


def _ask_again(session: Session, ticket: Ticket, decision: Decision, cause: Cause) -> Fate:
    who = decision.person.name
    why = f"{who} gave an approval as {' and '.join(decision.roles)} and is that no longer: it counts no more."
    decision.void_reason = cause.words(why)
    testify(session, ticket, "decision:void", by=cause.by, now=cause.now, who=who, reason=why, **cause.told)
    return Fate(ticket.id, ticket.state, Becomes.ASKED_AGAIN, why, f"approval of {who}")
