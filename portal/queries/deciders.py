"""Selects of who may decide in a tenant: by group, in an absent person's place, and whose word a service's is."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, aliased

from portal.access.absences import DECIDING, lasting
from portal.models import Delegation, Membership, Person, Ticket
from portal.queries.places import people_by_role, people_named


@dataclass(frozen=True)
class StandIn:
    """One who decides in the place of another, with that one's roles in the tenant."""

    name: str
    in_place_of: str
    roles: frozenset[str]


@dataclass(frozen=True)
class Deciders:
    """Who may have a word on a tenant's tickets: names by group, stand-ins, and of services the owner's name."""

    people: Mapping[str, Sequence[str]]
    stand_ins: tuple[StandIn, ...] = ()
    owners: Mapping[str, str] = field(default_factory=dict)

    def voice(self, name: str) -> str:
        """Whose word this name's is: a service speaks with its owner's."""
        return self.owners.get(name, name)


def deciders(session: Session, tenant_ids: set[int], hats: Collection[str] = ()) -> dict[int, Deciders]:
    """Who may decide in each tenant now, and those whom `hats` name by group or name; a handful of selects for all."""
    people = people_by_role(session, tenant_ids, hats)
    stand_ins, owners = _stand_ins(session, tenant_ids), _owners(session)
    return {
        tenant: Deciders({str(hat): names for hat, names in people[tenant].items()}, tuple(stand_ins[tenant]), owners)
        for tenant in tenant_ids
    }


def _owners(session: Session) -> dict[str, str]:
    owner = aliased(Person)
    rows = session.execute(select(Person.name, owner.name).join(owner, owner.id == Person.owner_id))
    return {row[0]: row[1] for row in rows}


def _stand_ins(session: Session, tenant_ids: set[int]) -> dict[int, list[StandIn]]:
    # Most of the time nobody is away, and every picture of a ticket asks.
    left = select(Delegation.id).where(Delegation.tenant_id.in_(tenant_ids), Delegation.ended_at.is_(None))
    if session.scalar(left.limit(1)) is None:
        return {tenant: [] for tenant in tenant_ids}
    absent, to = aliased(Person), aliased(Person)
    query = (
        select(Delegation.tenant_id, to.name, absent.name, Membership.role)
        .join(to, to.id == Delegation.to_id)
        .join(absent, absent.id == Delegation.person_id)
        .join(Membership, Membership.person_id == Delegation.person_id)
        .where(Delegation.tenant_id.in_(tenant_ids), lasting(session), to.may_act, absent.may_act)
        .where(or_(Membership.tenant_id == Delegation.tenant_id, Membership.tenant_id.is_(None)))
        .where(Membership.role.in_(DECIDING))
        .order_by(to.name, absent.name)
    )
    roles: dict[tuple[int, str, str], set[str]] = {}
    for tenant, name, in_place_of, role in session.execute(query):
        roles.setdefault((tenant, name, in_place_of), set()).add(role)
    found: dict[int, list[StandIn]] = {tenant: [] for tenant in tenant_ids}
    for (tenant, name, in_place_of), ones in roles.items():
        found[tenant].append(StandIn(name, in_place_of, frozenset(ones)))
    return found


def people_who_see(session: Session, ticket: Ticket) -> frozenset[str]:
    """The names of everybody for whom a ticket exists: of its tenant, of the platform, whom its rule asks by group or
    name, and who stands in for people of the tenant."""
    query = (
        select(Person.name)
        .join(Membership, Membership.person_id == Person.id)
        .where(Person.may_act, or_(Membership.tenant_id == ticket.tenant_id, Membership.tenant_id.is_(None)))
    )
    stand_ins = _stand_ins(session, {ticket.tenant_id})[ticket.tenant_id]
    named = people_named(session, ticket.hats).values()
    return (
        frozenset(session.scalars(query)) | {one.name for one in stand_ins} | {name for ones in named for name in ones}
    )
