"""People whom the identity provider and tenants bring beside those of `tests.world`: groups and services."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import Membership, Person, PersonGroup, Role, Source, Tenant


def put_in(session: Session, name: str, *groups: str) -> None:
    """The identity provider says that somebody is in these groups; unknown people are new, and of no tenant."""
    person = session.scalar(select(Person).where(Person.name == name))
    if person is None:
        person = Person(name=name, title=f"The {name}", source=Source.PROVIDER)
        session.add(person)
        session.flush()
    session.add_all(PersonGroup(person_id=person.id, name=group) for group in groups)
    session.flush()


def service(session: Session, name: str, owner: str, *roles: Role, tenant: str = "emojis") -> Person:
    """A service that somebody of the world answers for."""
    owner_id = session.scalars(select(Person.id).where(Person.name == owner)).one()
    found = session.scalars(select(Tenant.id).where(Tenant.name == tenant)).one()
    made = Person(name=f"{tenant}/{name}", title=name, source=Source.SERVICE, owner_id=owner_id)
    session.add(made)
    session.flush()
    session.add_all(Membership(person_id=made.id, tenant_id=found, role=role) for role in roles)
    session.flush()
    return made
