"""Selects of people and places: who holds a role, whose a namespace is, which policy is in force."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal.access.actor import Actor
from portal.errors import NotFound
from portal.models import Cluster, Membership, Namespace, Person, PolicyVersion, Role, Tenant


def people_by_role(session: Session, tenant_ids: set[int]) -> dict[int, dict[Role, list[str]]]:
    """Names of active people by tenant and role, platform operators under every tenant."""
    query = (
        select(Membership.tenant_id, Membership.role, Person.name)
        .join(Person, Person.id == Membership.person_id)
        .where(Person.may_act, or_(Membership.tenant_id.in_(tenant_ids), Membership.tenant_id.is_(None)))
        .order_by(Person.name)
    )
    found: dict[int, dict[Role, list[str]]] = {tenant: defaultdict(list) for tenant in tenant_ids}
    for tenant, role, name in session.execute(query):
        for one in tenant_ids if tenant is None else [tenant]:
            found[one][Role(role)].append(name)
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


def clusters(session: Session) -> Sequence[Cluster]:
    """The clusters in use, by name."""
    return session.scalars(select(Cluster).where(Cluster.active).order_by(Cluster.name)).all()


def namespaces(session: Session, *, by: Actor, cluster: str | None = None) -> Sequence[tuple[Namespace, Tenant]]:
    """The namespaces that the actor may see, with their tenants."""
    query = select(Namespace, Tenant).join(Tenant, Tenant.id == Namespace.tenant_id).where(Tenant.active)
    if cluster is not None:
        query = query.where(Namespace.cluster == cluster)
    if not by.sees_everything:
        query = query.where(Tenant.id.in_(by.tenant_ids))
    return [(row[0], row[1]) for row in session.execute(query.order_by(Namespace.cluster, Namespace.name))]
