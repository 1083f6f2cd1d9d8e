"""Adopting: an operator makes a ticket of what posture found, to keep it for a while or to close it.

What is there counts as the ticket's own (portal/mesh/adopting.py): nothing restarts when it begins, and its end takes
the hole out and proves it. The tenant's own people answer for it, so the operator who made it does not decide on it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import queries
from portal.access import rights
from portal.access.actor import Actor
from portal.access.actors import actor_for
from portal.access.rights import Action
from portal.errors import Duplicate, MeshdeskError, NotFound, WrongState
from portal.kinds.registry import kind_named
from portal.mesh.holes import LEFTOVERS
from portal.models import Namespace, Person, PostureHole, Tenant, Ticket
from portal.policy_store import current_policy
from portal.queries.crew import Crew, crew
from portal.states import TERMINAL, Adopts
from portal.tickets import asking, routing
from portal.tickets.ask import Ask
from portal.tickets.handing_over import SUCCESSION
from portal.tickets.hole_asks import Terms, ask_of
from portal.tickets.moving import take_for_change, testify
from portal.tickets.sights import look

__all__ = ["Plan", "Terms", "adopt", "may", "plan"]
_DEEDS = {Adopts.KEEP: (Action.ADOPT, "hole:adopted"), Adopts.CLOSE: (Action.REVERT_HOLE, "hole:closing")}


@dataclass(frozen=True)
class Plan:
    """What a finding would become: the ask, or why none can be made of it now (and the ticket that has it already)."""

    hole: PostureHole
    ask: Ask | None = None
    why_not: str | None = None
    ref: str | None = None


@dataclass(frozen=True)
class _Case:
    """A finding that can become a ticket: the ask, somebody who may ask it, and who there is."""

    ask: Ask
    asker: Actor
    people: Crew
    tenant: Tenant


def may(by: Actor, becomes: Adopts) -> None:
    """Raise Forbidden unless the actor may make such tickets at all."""
    rights.check(by, _DEEDS[becomes][0], "", tenant_id=None)


def plan(session: Session, hole: PostureHole, terms: Terms, *, by: Actor) -> Plan:
    """What `adopt` would make of the finding; stores nothing. Raises Forbidden alone."""
    may(by, terms.becomes)
    try:
        case = _case(session, hole, terms)
        asking.prepare(session, case.ask, by=case.asker, shortest=terms.shortest)
    except Duplicate as error:
        return Plan(hole, why_not=error.sentence, ref=error.ref)
    except MeshdeskError as error:
        return Plan(hole, why_not=error.sentence)
    return Plan(hole, case.ask)


def adopt(session: Session, hole_id: int, terms: Terms, *, by: Actor, now: datetime) -> Ticket:
    """Make a ticket for its tenant of a finding, which explains it once it was decided, or closes it (`becomes`).

    One that closes it nobody has to approve: it is taken over, taken out, and proven gone; the tenant is told as it is
    made. What no kind can express people mend, by a ticket of theirs. Raises Forbidden, NotFound, WrongState (gone, a
    leftover, of no tenant, nobody to answer for it), Duplicate, Invalid.
    """
    may(by, terms.becomes)
    hole = _locked(session, hole_id)
    case = _case(session, hole, terms)
    ticket = _stored(session, case, terms, by=by, now=now)
    hole.ticket_id = ticket.id
    told = {"reason": terms.reason, "workload": f"{hole.kind}/{hole.name}", "hole": hole.code, "finding": hole.id}
    testify(session, ticket, _DEEDS[terms.becomes][1], by=by, now=now, **told)
    return ticket


def _stored(session: Session, case: _Case, terms: Terms, *, by: Actor, now: datetime) -> Ticket:
    prepared = asking.prepare(session, case.ask, by=case.asker, shortest=terms.shortest)
    made = asking.ticket_for(prepared, case.asker, now)
    made.asked_by_id = by.person_id
    if prepared.kind.has_cluster_change:
        made.adopts = terms.becomes
    if made.adopts == Adopts.CLOSE:
        routing.needs_nobody(made)
    ticket = take_for_change(session, asking.store(session, prepared, made, by=by, now=now).id, by=by)
    ticket.requester_id = _answering(case.people, case.tenant, ticket.hats).id
    return ticket


def _locked(session: Session, hole_id: int) -> PostureHole:
    query = select(PostureHole).where(PostureHole.id == hole_id).with_for_update()
    hole = session.scalar(query.execution_options(populate_existing=True))
    if hole is None:
        raise NotFound(f"There is no finding {hole_id}.")
    return hole


def _case(session: Session, hole: PostureHole, terms: Terms) -> _Case:
    _can_become_one(session, hole)
    tenant, people = _tenant(session, hole), crew(session)
    asker = actor_for(session, _answering(people, tenant, frozenset()))
    ask = ask_of(session, hole, terms)
    if kind_named(ask.kind).has_cluster_change:
        ask = replace(ask, duration=_duration(session, ask, asker, terms))
    return _Case(ask, asker, people, tenant)


def _can_become_one(session: Session, hole: PostureHole) -> None:
    if hole.gone_at is not None:
        raise WrongState(f"{_name(hole)} no longer has it: posture saw that it is gone.")
    if hole.code in LEFTOVERS:
        raise WrongState(f"What is left over on {_name(hole)} needs no ticket: restart its pods, and it is gone.")
    if hole.unexplained_since is None:
        refs = ", ".join(f"MD-{number}" for number in hole.tickets)
        raise WrongState(f"{refs or 'A live ticket'} explains it: revoke that to have it closed.")
    before = None if hole.ticket_id is None else session.get(Ticket, hole.ticket_id)
    if before is not None and before.state not in TERMINAL:
        raise Duplicate(f"{before.ref} was made of this and is {before.state}.", ref=before.ref)


def _name(hole: PostureHole) -> str:
    return f"{hole.kind}/{hole.name} in {hole.namespace} on {hole.cluster}"


def _tenant(session: Session, hole: PostureHole) -> Tenant:
    owned = select(Tenant).join(Namespace, Namespace.tenant_id == Tenant.id)
    here = (Namespace.cluster == hole.cluster, Namespace.name == hole.namespace, Tenant.active)
    found = session.scalar(owned.where(*here))
    if found is None:
        raise WrongState(
            f"Namespace {hole.namespace} on {hole.cluster} belongs to no tenant, so nobody could answer for a ticket: "
            "give it to one in the registry first."
        )
    return found


def _answering(people: Crew, tenant: Tenant, asked: frozenset[str]) -> Person:
    """Who answers for the ticket: rather somebody whose own approval its rule does not ask, then by SUCCESSION."""

    def rank(person: Person) -> tuple[bool, int, str]:
        roles = people.roles(person.id, tenant.id)
        place = min(SUCCESSION.index(role) for role in roles if role in SUCCESSION)
        return bool(people.decides_as(person.id, tenant.id) & asked), place, person.name

    able = [one for one in people.people.values() if one.owner_id is None and people.answers(one.id, tenant.id)]
    if not able:
        raise WrongState(f"Nobody of tenant {tenant.name} could answer for a ticket: name its people in the registry.")
    return min(able, key=rank)


def _duration(session: Session, ask: Ask, asker: Actor, terms: Terms) -> timedelta | None:
    """For how long: where nobody has said how long it is needed, as long as its rule allows."""
    if terms.becomes is Adopts.CLOSE:
        return terms.shortest
    if terms.duration is not None:
        return terms.duration
    kind = kind_named(ask.kind)
    place = queries.place(session, str(ask.cluster), str(ask.namespace), by=asker)
    fields = kind.schema.load(ask.fields)
    views = [sight.view for sight in look(session, kind, fields, place).sights]
    return routing.route_ask(place, kind, fields, views, current_policy(session)).route.longest
