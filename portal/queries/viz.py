"""Selects of Viz: the bundle of a cluster, what of a Viz workers saw there, and what of it is on our record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from portal.mesh.workloads import WorkloadRef
from portal.models import CreatedObject, InventoryObject, InventoryWorkload, Target, VizBundle
from portal.queries.tickets import live_links

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
