"""Services of a tenant: programs that act under a name of their own, with roles that their owner has.

A service is a row of `person` named `TENANT/NAME`, which no sign-in name can be. Its name is used once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload

from portal import audit, queries
from portal.access import rights
from portal.access.actor import TENANT_ROLES, Actor
from portal.access.rights import Action
from portal.credentials import tokens
from portal.errors import Forbidden, Invalid, NotFound
from portal.models import ApiToken, Membership, Person, Role, Source, Tenant


@dataclass(frozen=True)
class Wanted:
    """A service as its owner wants it."""

    name: str
    title: str
    roles: frozenset[Role]


@dataclass(frozen=True)
class Service:
    """A service as it is: the roles that it was given, those that its owner has too now, and when it was last used."""

    person: Person
    roles: frozenset[Role]
    roles_now: frozenset[Role]
    last_used_at: datetime | None

    @property
    def name(self) -> str:
        """Its name within the tenant."""
        return self.person.name.partition("/")[2]


def services(session: Session, tenant: str, *, by: Actor) -> list[Service]:
    """The services of a tenant, by name, for all who see the tenant; raises NotFound."""
    found = queries.tenant(session, tenant, by=by)
    seats = select(Membership.person_id).where(Membership.tenant_id == found.id)
    query = select(Person).where(Person.source == Source.SERVICE, Person.may_act, Person.id.in_(seats))
    people = session.scalars(query.options(joinedload(Person.owner)).order_by(Person.name)).all()
    return _whole(session, found, people)


def service_of(session: Session, tenant: Tenant, person: Person) -> Service:
    """What there is to know of one service."""
    return _whole(session, tenant, [person])[0]


def _whole(session: Session, tenant: Tenant, people: Sequence[Person]) -> list[Service]:
    """Services with their roles and last use, by two selects however many they are."""
    ids = {one.id for one in people}
    concerned = ids | {one.owner_id for one in people if one.owner_id is not None}
    seats = select(Membership.person_id, Membership.role).join(Person, Person.id == Membership.person_id)
    seats = seats.where(Membership.tenant_id == tenant.id, Membership.person_id.in_(concerned), Person.may_act)
    roles: dict[int | None, frozenset[Role]] = defaultdict(frozenset)
    for person_id, role in session.execute(seats):
        roles[person_id] |= {Role(role)}
    last = select(ApiToken.person_id, func.max(ApiToken.last_used_at)).where(ApiToken.person_id.in_(ids))
    used: dict[int, datetime | None] = {}
    for person_id, at in session.execute(last.group_by(ApiToken.person_id)):
        used[person_id] = at
    return [Service(one, roles[one.id], roles[one.id] & roles[one.owner_id], used.get(one.id)) for one in people]


def make(session: Session, tenant: str, wanted: Wanted, *, by: Actor, now: datetime) -> Service:
    """A service of the actor's own; raises NotFound, Forbidden, Invalid (roles of others, a name used before)."""
    found = _kept(session, tenant, by)
    tokens.refuse_services(by)
    _refuse_roles(wanted.roles - (by.roles_in(found.id) & TENANT_ROLES), found)
    name = f"{found.name}/{wanted.name}"
    person = Person(name=name, title=wanted.title, source=Source.SERVICE, owner_id=by.person_id)
    try:
        with session.begin_nested():
            session.add(person)
    except IntegrityError as error:
        sentence = f"There is or was a service {wanted.name} already: a name is used once, take another."
        raise Invalid({"name": [sentence]}) from error
    session.add_all(Membership(person_id=person.id, tenant_id=found.id, role=role) for role in sorted(wanted.roles))
    session.flush()
    _tell(session, "service:made", person, by=by, now=now, roles=sorted(wanted.roles))
    return service_of(session, found, _service(session, found, wanted.name))


def _refuse_roles(lacking: frozenset[Role], tenant: Tenant) -> None:
    if lacking:
        said = f"You are not {' and '.join(sorted(lacking))} of {tenant.name}: a service has only roles of its owner."
        raise Invalid({"roles": [said]})


def remove(session: Session, tenant: str, name: str, *, by: Actor, now: datetime) -> Service:
    """End a service and all of its tokens; raises NotFound and Forbidden."""
    found = _kept(session, tenant, by)
    person = _service(session, found, name)
    gone = service_of(session, found, person)
    working = select(ApiToken).where(ApiToken.person_id == person.id, ApiToken.revoked_at.is_(None))
    rows: Sequence[ApiToken] = session.scalars(working.options(joinedload(ApiToken.person))).all()
    tokens.end(session, rows, by=by.name, now=now)
    person.active = False
    _tell(session, "service:removed", person, by=by, now=now)
    return gone


def person_for_token(session: Session, tenant: str, name: str, *, by: Actor) -> Person:
    """The service of one's own that a token is to be made for.

    Raises NotFound, and Forbidden (another's service: its token would speak in the name of that owner).
    """
    found = _kept(session, tenant, by)
    tokens.refuse_services(by)
    person = _service(session, found, name)
    if person.owner_id != by.person_id:
        owner = person.owner.name if person.owner else "nobody"
        raise Forbidden(f"{person.name} belongs to {owner}, who alone makes its tokens: make a service of your own.")
    return person


def _kept(session: Session, tenant: str, by: Actor) -> Tenant:
    found = queries.tenant(session, tenant, by=by)
    rights.check(by, Action.SERVICES, found.name, tenant_id=found.id)
    return found


def _service(session: Session, tenant: Tenant, name: str) -> Person:
    query = select(Person).where(
        Person.name == f"{tenant.name}/{name}", Person.source == Source.SERVICE, Person.may_act
    )
    found = session.scalar(query.options(joinedload(Person.owner)).execution_options(populate_existing=True))
    if found is None:
        raise NotFound(f"Tenant {tenant.name} has no service {name}: `meshdesk services list` shows those that it has.")
    return found


def _tell(session: Session, type_: str, person: Person, *, by: Actor, now: datetime, **more: object) -> None:
    audit.record(session, audit.SYSTEM_CHAIN, audit.Deed(type_, by.name, {"service": person.name, **more}), now=now)
