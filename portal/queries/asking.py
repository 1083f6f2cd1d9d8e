"""Selects of asking: where somebody may ask, and the workloads that they choose from. Limits everywhere."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, func, select, tuple_
from sqlalchemy.orm import Session

from portal.access.actor import Actor
from portal.models import Cluster, InventoryCluster, InventoryNamespace, InventoryWorkload, Namespace, Tenant

Named = tuple[str, str]
Some = TypeVar("Some", bound=Select[*tuple[Any, ...]])


@dataclass(frozen=True)
class Spot:
    """A namespace for which somebody may ask, on which cluster, whose, and routed as which environment."""

    cluster: str
    namespace: str
    tenant: str
    environment: str
    paused: str | None = None
    """Why nothing new is begun on the cluster; None where it is not paused."""


def own_tenants(session: Session, *, by: Actor) -> Sequence[Tenant]:
    """The tenants that somebody may ask for, by name."""
    mine = select(Tenant).where(Tenant.active, Tenant.id.in_(by.tenant_ids)).order_by(Tenant.name)
    return session.scalars(mine).all()


def own_clusters(session: Session, *, by: Actor) -> Sequence[str]:
    """The clusters on which somebody may ask, by name."""
    return session.scalars(_own(select(Namespace.cluster), by).distinct().order_by(Namespace.cluster)).all()


@dataclass(frozen=True)
class Around:
    """Which of one's own namespaces: of this cluster, of one of these names, or with `like` in the name."""

    cluster: str | None = None
    names: Collection[str] | None = None
    like: str = ""


def spots(session: Session, wanted: Around, *, by: Actor, limit: int) -> list[Spot]:
    """Where somebody may ask, by cluster and namespace."""
    found = _own(select(Namespace, Tenant.name, Cluster).select_from(Namespace), by)
    if wanted.cluster is not None:
        found = found.where(Namespace.cluster == wanted.cluster)
    if wanted.names is not None:
        found = found.where(Namespace.name.in_(wanted.names))
    if wanted.like:
        found = found.where(Namespace.name.contains(wanted.like, autoescape=True))
    rows = session.execute(found.order_by(Namespace.cluster, Namespace.name).limit(limit))
    return [
        Spot(on.name, own.name, tenant, own.environment or on.environment, on.pause_reason) for own, tenant, on in rows
    ]


def _own(what: Some, by: Actor) -> Some:
    joined = what.join(Tenant, Tenant.id == Namespace.tenant_id).join(Cluster, Cluster.name == Namespace.cluster)
    return joined.where(Tenant.active, Cluster.active, Tenant.id.in_(by.tenant_ids))


@dataclass(frozen=True)
class Shelf:
    """Some of the workloads of a namespace as last seen: those that are chosen, then as many as the limit lets.

    `total` counts all that fit, `cluster` and `namespace` are None where no worker has seen them.
    """

    cluster: InventoryCluster | None
    namespace: InventoryNamespace | None
    rows: Sequence[InventoryWorkload]
    total: int


@dataclass(frozen=True)
class Wanted:
    """Which workloads of a namespace: of these kinds (none: of all), named like that; the chosen ones in any case."""

    cluster: str
    namespace: str
    kinds: tuple[str, ...] = ()
    like: str = ""
    chosen: Collection[Named] = ()


def shelf(session: Session, wanted: Wanted, *, limit: int) -> Shelf:
    """The workloads that somebody chooses from."""
    inside = and_(InventoryWorkload.cluster == wanted.cluster, InventoryWorkload.namespace == wanted.namespace)
    fits = and_(inside, *_fits(wanted))
    rows = select(InventoryWorkload).order_by(InventoryWorkload.kind, InventoryWorkload.name)
    named = tuple_(InventoryWorkload.kind, InventoryWorkload.name)
    chosen = session.scalars(rows.where(inside, named.in_(wanted.chosen))).all() if wanted.chosen else []
    others = rows.where(fits, named.not_in(wanted.chosen)) if wanted.chosen else rows.where(fits)
    more = session.scalars(others.limit(limit)).all()
    total = session.scalar(select(func.count()).select_from(InventoryWorkload).where(fits)) or 0
    where = (InventoryNamespace.cluster == wanted.cluster, InventoryNamespace.name == wanted.namespace)
    seen = session.scalar(select(InventoryNamespace).where(*where))
    return Shelf(session.get(InventoryCluster, wanted.cluster), seen, [*chosen, *more], total)


def _fits(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.kinds:
        found.append(InventoryWorkload.kind.in_(wanted.kinds))
    if wanted.like:
        kind, _, name = wanted.like.rpartition("/")
        found.append(InventoryWorkload.name.contains(name, autoescape=True))
        found += [InventoryWorkload.kind.contains(kind, autoescape=True)] if kind else []
    return found
