"""Selects of people: everybody for operators, what one is and why, whom to ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session, joinedload

from portal.models import Membership, Person, PersonGroup, Role, Source, Tenant


@dataclass(frozen=True)
class Seat:
    """One role of a person: in a tenant, or in the platform; `via` is the group that gives it."""

    role: Role
    tenant: Tenant | None
    via: str | None


ACTING, DEACTIVATED, GONE = STATES = ("may-act", "deactivated", "gone")
"""They may act, an operator deactivated them, or nobody vouches for them any more."""


@dataclass(frozen=True)
class PeopleFilter:
    """Which people; `search` is a part of their name, title or address, what is None does not restrict."""

    search: str | None = None
    state: str | None = None
    source: str | None = None


EVERYBODY = PeopleFilter()


def everybody(
    session: Session, wanted: PeopleFilter = EVERYBODY, *, before: int | None, limit: int
) -> Sequence[Person]:
    """A page of people, newest first, with numbers below `before`; one more than `limit` when there are more."""
    query = select(Person).order_by(Person.id.desc()).limit(limit + 1).options(joinedload(Person.owner))
    if wanted.search is not None:
        searched = (Person.name, Person.title, Person.email)
        query = query.where(or_(*(column.icontains(wanted.search, autoescape=True) for column in searched)))
    if wanted.state is not None:
        query = query.where(_STATE[wanted.state])
    if wanted.source is not None:
        query = query.where(Person.source == wanted.source)
    return session.scalars(query if before is None else query.where(Person.id < before)).all()


_STATE: dict[str, ColumnElement[bool]] = {
    ACTING: and_(Person.active, Person.deactivated_at.is_(None)),
    DEACTIVATED: Person.deactivated_at.is_not(None),
    GONE: and_(Person.active.is_(False), Person.deactivated_at.is_(None)),
}


def seats(session: Session, person_id: int) -> list[Seat]:
    """The roles of a person, those in the platform first, then by tenant; tenants that are gone are left out."""
    query = (
        select(Membership, Tenant)
        .outerjoin(Tenant, Tenant.id == Membership.tenant_id)
        .where(Membership.person_id == person_id)
        .order_by(Tenant.name.is_not(None), Tenant.name, Membership.role)
    )
    return [Seat(Role(row.role), tenant, row.via) for row, tenant in session.execute(query) if _counts(row, tenant)]


def _counts(row: Membership, tenant: Tenant | None) -> bool:
    return row.tenant_id is None or (tenant is not None and tenant.active)


def groups(session: Session, person_id: int) -> Sequence[str]:
    """The groups of the identity provider that a person was in when it last vouched for them."""
    return session.scalars(
        select(PersonGroup.name).where(PersonGroup.person_id == person_id).order_by(PersonGroup.name)
    ).all()


def operators(session: Session) -> Sequence[Person]:
    """The platform operators, by name."""
    holding = select(Membership.person_id).where(Membership.tenant_id.is_(None), Membership.role == Role.OPERATOR)
    return session.scalars(select(Person).where(Person.id.in_(holding), Person.may_act).order_by(Person.name)).all()


def with_roles(session: Session, *, limit: int) -> Sequence[Person]:
    """People (no services) who may act and have a role, by name."""
    query = select(Person).where(
        Person.may_act, Person.source != Source.SERVICE, Person.id.in_(select(Membership.person_id))
    )
    return session.scalars(query.order_by(Person.name).limit(limit)).all()


def named(session: Session, name: str) -> Person | None:
    """The person of this name."""
    return session.scalar(select(Person).where(Person.name == name))
