"""Who is what to whom, for all tenants at once: what following a registry and handing over ask again and again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.access.actor import TENANT_ROLES
from portal.models import Membership, Person, PersonGroup, Role, Source
from portal.queries.deciders import Deciders

Seats = Mapping[int | None, frozenset[Role]]


@dataclass(frozen=True)
class Crew:
    """Active people by number, their roles by tenant (None: of the platform), and their groups."""

    people: Mapping[int, Person]
    seats: Mapping[int, Seats]
    groups: Mapping[int, frozenset[str]]
    _by_tenant: dict[int, Deciders] = field(default_factory=dict, compare=False, repr=False)

    def roles(self, person_id: int, tenant_id: int) -> frozenset[Role]:
        """The roles that count for a ticket of the tenant; none of somebody who is not active."""
        own = self.seats.get(person_id, {}) if person_id in self.people else {}
        return own.get(tenant_id, frozenset()) | own.get(None, frozenset())

    def decides_as(self, person_id: int, tenant_id: int) -> frozenset[str]:
        """Everything that an approval may be asked `from` and that the person is: roles, groups and the name."""
        if person_id not in self.people:
            return frozenset()
        named = {f"group:{group}" for group in self.groups.get(person_id, ())}
        return self.roles(person_id, tenant_id) | named | {f"person:{self.people[person_id].name}"}

    def answers(self, person_id: int, tenant_id: int) -> bool:
        """True for somebody who can answer for a ticket of the tenant; a service does as long as its owner can."""
        person = self.people.get(person_id)
        if person is None or not self.roles(person_id, tenant_id) & TENANT_ROLES:
            return False
        return person.source != Source.SERVICE or self.owned(person, tenant_id)

    def owned(self, service: Person, tenant_id: int) -> bool:
        """True when the service's owner is active and of the tenant, or an operator."""
        roles = frozenset() if service.owner_id is None else self.roles(service.owner_id, tenant_id)
        return bool(roles & (TENANT_ROLES | {Role.OPERATOR}))

    def deciders(self, tenant_id: int) -> Deciders:
        """Who may have a word on the tenant's tickets, as the vote counts them; nobody stands in for anybody."""
        if tenant_id not in self._by_tenant:
            found: dict[str, list[str]] = defaultdict(list)
            for number, person in sorted(self.people.items(), key=lambda pair: pair[1].name):
                for group in sorted(self.decides_as(number, tenant_id)):
                    found[group].append(person.name)
            self._by_tenant[tenant_id] = Deciders(found, owners=self._owners)
        return self._by_tenant[tenant_id]

    @cached_property
    def _owners(self) -> dict[str, str]:
        services = [one for one in self.people.values() if one.owner_id in self.people]
        return {one.name: self.people[one.owner_id].name for one in services if one.owner_id is not None}


def crew(session: Session, *, without: int | None = None) -> Crew:
    """Everybody who is active and was not deactivated, but for one who is about to leave."""
    active = select(Person).where(Person.may_act)
    people = {person.id: person for person in session.scalars(active) if person.id != without}
    seats: dict[int, dict[int | None, frozenset[Role]]] = defaultdict(dict)
    for person, tenant, role in session.execute(select(Membership.person_id, Membership.tenant_id, Membership.role)):
        seats[person][tenant] = seats[person].get(tenant, frozenset()) | {Role(role)}
    groups: dict[int, frozenset[str]] = defaultdict(frozenset)
    for person, group in session.execute(select(PersonGroup.person_id, PersonGroup.name)):
        groups[person] |= {group}
    return Crew(people, seats, groups)
