"""The actor that a person or a service is now: roles, groups, and for a service what its owner has."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.access.absences import absences_of
from portal.access.actor import EVERY_SCOPE, Actor, Scope
from portal.models import Membership, Person, PersonGroup, Role

Seat = tuple[int | None, Role]


def actor_for(session: Session, person: Person, *, scopes: frozenset[Scope] = EVERY_SCOPE) -> Actor:
    """The actor that a person is, with the roles that the registry gives now.

    A service has of its roles those that its owner has now, and none once the owner is inactive.
    """
    seats = _seats(session, person.id)
    if person.owner_id is not None:
        seats &= _owners_seats(session, person.owner_id)
    return Actor(
        name=person.name,
        title=person.title,
        person_id=person.id,
        tenant_roles=frozenset((tenant, role) for tenant, role in seats if tenant is not None),
        platform_roles=frozenset(role for tenant, role in seats if tenant is None),
        groups=frozenset(session.scalars(select(PersonGroup.name).where(PersonGroup.person_id == person.id))),
        owner_id=person.owner_id,
        absences=absences_of(session, person),
        scopes=scopes,
    )


def _seats(session: Session, person_id: int) -> frozenset[Seat]:
    rows = session.execute(select(Membership.tenant_id, Membership.role).where(Membership.person_id == person_id))
    return frozenset((tenant, Role(role)) for tenant, role in rows)


def _owners_seats(session: Session, owner_id: int) -> frozenset[Seat]:
    owner = session.get_one(Person, owner_id)
    return _seats(session, owner_id) if owner.may_act else frozenset()
