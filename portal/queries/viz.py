"""Selects of Viz: the bundle of a cluster, what of a Viz workers saw there, and what of it is on our record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from portal.mesh.annotations import MeshDefaults
from portal.mesh.workloads import WorkloadRef
from portal.models import (
    CreatedObject,
    InventoryCluster,
    InventoryObject,
    InventoryWorkload,
    Person,
    Target,
    Tenant,
    Ticket,
    VizBundle,
)
from portal.queries.grants import OPEN
from portal.queries.tickets import live_links
from portal.states import State

# Under this namespace the inventory keeps what belongs to no tenant.
NOWHERE = ""
TAPPABLE = ("deployment", "statefulset", "daemonset")


def viz_bundle(session: Session, cluster: str) -> VizBundle | None:
    """The bundle that the registry names for a cluster; None where it names none."""
    return session.get(VizBundle, cluster)


def viz_namespaces(session: Session) -> dict[str, str]:
    """The namespace of Viz by cluster: where tickets have it, else where the cluster's bundle would put it."""
    named = select(VizBundle.cluster, VizBundle.namespace).where(VizBundle.namespace != "")
    there = select(Target.cluster, CreatedObject.name).join(CreatedObject, CreatedObject.target_id == Target.id)
    # What all tickets share is of none of them alone.
    shared = there.where(CreatedObject.kind == "Namespace", CreatedObject.ticket_id.is_(None))
    found = {row.cluster: row.namespace for row in session.execute(named)}
    found.update((row.cluster, row.name) for row in session.execute(shared.where(CreatedObject.gone_at.is_(None))))
    return found


def meshed_workloads(session: Session, places: Collection[tuple[str, str]]) -> dict[str, list[WorkloadRef]]:
    """What of these places (cluster and namespace) is meshed and can be tapped as a whole, by cluster and in order:
    Deployments first."""
    query = select(
        InventoryWorkload.cluster, InventoryWorkload.namespace, InventoryWorkload.kind, InventoryWorkload.name
    )
    place = tuple_(InventoryWorkload.cluster, InventoryWorkload.namespace)
    meshed = query.where(InventoryWorkload.meshed, InventoryWorkload.kind.in_(TAPPABLE), place.in_(places))
    found: dict[str, list[WorkloadRef]] = defaultdict(list)
    for cluster, namespace, kind, name in session.execute(meshed) if places else ():
        found[cluster].append(WorkloadRef(kind, namespace, name))
    return {cluster: sorted(refs, key=_tapped_first) for cluster, refs in found.items()}


def _tapped_first(ref: WorkloadRef) -> tuple[int, str, str]:
    return TAPPABLE.index(ref.kind), ref.namespace, ref.name


def viz_seen(session: Session, cluster: str, kind: str) -> tuple[dict[str, Any], ...]:
    """The Namespaces with Viz's label, or the tap APIService (`APIService`), as workers last saw them."""
    query = select(InventoryObject.object).where(
        InventoryObject.cluster == cluster, InventoryObject.kind == kind, InventoryObject.namespace == NOWHERE
    )
    return tuple(session.scalars(query.order_by(InventoryObject.name)))


def nonces(session: Session, cluster: str) -> frozenset[str]:
    """The nonces of all objects of a cluster that are on record and not known to be gone."""
    query = select(CreatedObject.nonce).join(Target, Target.id == CreatedObject.target_id)
    return frozenset(session.scalars(query.where(Target.cluster == cluster, CreatedObject.gone_at.is_(None))))


def anything_on_record(session: Session, target_id: int) -> bool:
    """Whether an object of a target is on record and not known to be gone."""
    query = select(CreatedObject.id).where(CreatedObject.target_id == target_id, CreatedObject.gone_at.is_(None))
    return session.scalar(query.limit(1)) is not None


def skips(session: Session, cluster: str, namespace: str) -> Sequence[str]:
    """What live tickets skip in a namespace, in words: `MD-7 skips inbound 8080 of deployment/web`."""
    targets = session.scalars(
        select(Target)
        .where(Target.cluster == cluster, Target.namespace == namespace)
        .order_by(Target.kind, Target.name)
    )
    return [
        f"{link.ticket.ref} skips {direction} {ports} of {target.kind}/{target.name}"
        for target in targets
        for link in live_links(session, target.id)
        for direction in ("inbound", "outbound")
        if (ports := link.wanted.get(f"skip_{direction}"))
    ]


@dataclass(frozen=True)
class VizWindow:
    """A ticket that holds the Viz of a cluster open, or whose part of it is being undone."""

    ref: str
    tenant_id: int
    tenant: str
    requester: str
    state: State
    expires_at: datetime | None


def viz_windows(session: Session, clusters: Collection[str]) -> dict[str, list[VizWindow]]:
    """The tickets that hold Viz open on each of these clusters, oldest first."""
    who = (Ticket.tenant_id, Tenant.name.label("tenant"), Person.name.label("requester"))
    query = (
        select(Ticket.cluster, Ticket.id, *who, Ticket.state, Ticket.expires_at)
        .join(Tenant, Tenant.id == Ticket.tenant_id)
        .join(Person, Person.id == Ticket.requester_id)
        .where(Ticket.cluster.in_(clusters), Ticket.state.in_(OPEN), Ticket.writing_from.is_not(None))
        .where(Ticket.kind == "viz-enablement")
        .order_by(Ticket.id)
    )
    found: dict[str, list[VizWindow]] = defaultdict(list)
    for row in session.execute(query) if clusters else ():
        one = VizWindow(f"MD-{row.id}", row.tenant_id, row.tenant, row.requester, row.state, row.expires_at)
        found[row.cluster].append(one)
    return found


def bundle_problems(session: Session, clusters: Collection[str]) -> dict[str, str]:
    """Why Viz cannot be installed on each of these clusters, empty where it can; those without a bundle left out."""
    query = select(VizBundle.cluster, VizBundle.problem, VizBundle.checked_at).where(VizBundle.cluster.in_(clusters))
    rows = session.execute(query) if clusters else ()
    unread = "No worker has read its bundle yet."
    return {cluster: problem or ("" if checked else unread) for cluster, problem, checked in rows}


def clusters_with_viz(session: Session, clusters: Collection[str]) -> Sequence[str]:
    """Those of the clusters in which workers last saw anything of a Viz."""
    query = select(InventoryObject.cluster).where(InventoryObject.namespace == NOWHERE).distinct()
    return session.scalars(query.where(InventoryObject.cluster.in_(clusters))).all() if clusters else ()


def defaults(session: Session, clusters: Collection[str]) -> dict[str, MeshDefaults]:
    """What workers last saw of the mesh of each of these clusters, where they read it."""
    query = select(InventoryCluster.cluster, InventoryCluster.defaults)
    read = query.where(InventoryCluster.cluster.in_(clusters), InventoryCluster.seen_at.is_not(None))
    return {name: MeshDefaults.from_json(one) for name, one in session.execute(read)} if clusters else {}
