"""Selects of people and places: who holds a role, whose a namespace is, which policy is in force."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from portal.access.actor import Actor
from portal.errors import NotFound
from portal.hats import GROUP, PERSON, is_named
from portal.models import (
    Cluster,
    Membership,
    Namespace,
    Person,
    PersonGroup,
    PolicyVersion,
    Role,
    Source,
    Tenant,
    Ticket,
)
from portal.states import TERMINAL

_PEOPLE = and_(Person.may_act, Person.source != Source.SERVICE)


def people_by_role(
    session: Session, tenant_ids: set[int], hats: Collection[str] = ()
) -> dict[int, dict[str, list[str]]]:
    """Names of active people by tenant and role, platform operators under every tenant; services are no people.

    Those of the `hats` that name a group or a person (`group:NAME`, `person:NAME`) stand under every tenant too.
    """
    query = (
        select(Membership.tenant_id, Membership.role, Person.name)
        .join(Person, Person.id == Membership.person_id)
        .where(_PEOPLE, or_(Membership.tenant_id.in_(tenant_ids), Membership.tenant_id.is_(None)))
        .order_by(Person.name)
    )
    named = people_named(session, hats)
    found = {tenant: defaultdict(list, {hat: list(names) for hat, names in named.items()}) for tenant in tenant_ids}
    for tenant, role, name in session.execute(query):
        for one in tenant_ids if tenant is None else [tenant]:
            found[one][Role(role)].append(name)
    return dict(found)


def people_named(session: Session, hats: Collection[str]) -> dict[str, list[str]]:
    """Names of active people by `group:NAME` (who was in it when they last signed in) and `person:NAME`."""
    groups = {hat.removeprefix(GROUP) for hat in hats if hat.startswith(GROUP)}
    people = {hat.removeprefix(PERSON) for hat in hats if hat.startswith(PERSON)}
    found: dict[str, list[str]] = {hat: [] for hat in hats if is_named(hat)}
    of_groups = select(PersonGroup.name, Person.name).join(Person).where(_PEOPLE, PersonGroup.name.in_(groups))
    for group, name in session.execute(of_groups.order_by(Person.name)) if groups else ():
        found[GROUP + group].append(name)
    for name in session.scalars(select(Person.name).where(_PEOPLE, Person.name.in_(people))) if people else ():
        found[PERSON + name].append(name)
    return found


def policy_text(session: Session) -> str | None:
    """The text of the policy in force; None before any was applied (then it is the product's default)."""
    return session.scalar(select(PolicyVersion.text).order_by(PolicyVersion.id.desc()).limit(1))


@dataclass(frozen=True)
class Place:
    """Where the actor may ask for something: whose it is and in which environment.

    `namespace` is None where the kind's fields name several, `cluster` too where no cluster is concerned.
    """

    cluster: str | None
    namespace: str | None
    tenant: Tenant
    environment: str


def place(session: Session, cluster: str, namespace: str, *, by: Actor) -> Place:
    """The namespace of a tenant of the actor's; raises NotFound alike for unknown and foreign ones."""
    row = session.execute(
        select(Namespace, Tenant, Cluster)
        .join(Tenant, Tenant.id == Namespace.tenant_id)
        .join(Cluster, Cluster.name == Namespace.cluster)
        .where(Namespace.cluster == cluster, Namespace.name == namespace, Tenant.active, Cluster.active)
    ).first()
    if row is None or not by.sees(row[1].id):
        raise NotFound(f"No namespace {namespace} on cluster {cluster} belongs to a tenant of yours.")
    owned, tenant, found = row
    return Place(cluster, namespace, tenant, owned.environment or found.environment)


def tenant(session: Session, name: str, *, by: Actor) -> Tenant:
    """A tenant of the actor's, or any for who sees everything; raises NotFound alike for unknown and others."""
    found = session.scalar(select(Tenant).where(Tenant.name == name, Tenant.active))
    if found is None or not by.sees(found.id):
        raise NotFound(f"There is no tenant {name} of yours: GET /me lists those that you belong to.")
    return found


def tenants(
    session: Session, *, by: Actor, search: str = "", before: int | None = None, limit: int
) -> Sequence[Tenant]:
    """A page of the tenants that the actor sees, newest first, with numbers below `before`.

    `search` is a part of the name or of the title.
    """
    query = select(Tenant).where(Tenant.active).order_by(Tenant.id.desc()).limit(limit)
    if not by.sees_everything:
        query = query.where(Tenant.id.in_(by.tenant_ids))
    if search:
        query = query.where(or_(*(column.icontains(search, autoescape=True) for column in (Tenant.name, Tenant.title))))
    return session.scalars(query if before is None else query.where(Tenant.id < before)).all()


def clusters(session: Session) -> Sequence[Cluster]:
    """The clusters in use, by name."""
    return session.scalars(select(Cluster).where(Cluster.active).order_by(Cluster.name)).all()


def draining(session: Session) -> Sequence[Cluster]:
    """The clusters that left the registry while something on them is not yet over, by name."""
    open_ = select(Ticket.cluster).where(Ticket.state.not_in(TERMINAL))
    left = select(Cluster).where(Cluster.active.is_(False), Cluster.name.in_(open_))
    return session.scalars(left.order_by(Cluster.name)).all()


def namespaces(session: Session, *, by: Actor, cluster: str | None = None) -> Sequence[tuple[Namespace, Tenant]]:
    """The namespaces that the actor may see, with their tenants."""
    query = select(Namespace, Tenant).join(Tenant, Tenant.id == Namespace.tenant_id).where(Tenant.active)
    if cluster is not None:
        query = query.where(Namespace.cluster == cluster)
    if not by.sees_everything:
        query = query.where(Tenant.id.in_(by.tenant_ids))
    return [(row[0], row[1]) for row in session.execute(query.order_by(Namespace.cluster, Namespace.name))]
