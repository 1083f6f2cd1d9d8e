"""The part of the inventory that is no workload: policies, limits and quotas that previews and findings read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import InventoryObject
from workers.cluster.protocol import Cluster, Object

KINDS = (("networking.k8s.io/v1", "NetworkPolicy"), ("v1", "LimitRange"), ("v1", "ResourceQuota"))
_DROPPED = ("managedFields", "resourceVersion", "generation")
_DROPPED_ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"


def read_objects(cluster: Cluster, owned: set[str], control_plane: str) -> list[Object]:
    """The objects of these kinds in the owned namespaces, and the policies of the control plane's, trimmed."""
    return [trim(obj) for obj in _found(cluster) if _is_kept(obj, owned, control_plane)]


def _found(cluster: Cluster) -> Iterator[Object]:
    for api_version, kind in KINDS:
        yield from cluster.objects(api_version, kind)


def _is_kept(obj: Object, owned: set[str], control_plane: str) -> bool:
    namespace = obj["metadata"]["namespace"]
    # Its ingress policies decide whether a tenant's pods are let in: previews say so.
    return namespace in owned or (namespace == control_plane and obj["kind"] == "NetworkPolicy")


def trim(obj: Mapping[str, Any]) -> Object:
    """The object without its status and what every write changes."""
    metadata = {key: value for key, value in obj["metadata"].items() if key not in _DROPPED}
    if metadata.get("annotations"):
        annotations = metadata["annotations"].items()
        metadata["annotations"] = {key: value for key, value in annotations if key != _DROPPED_ANNOTATION}
    kept = {key: value for key, value in obj.items() if key not in ("metadata", "status")}
    return {**kept, "metadata": metadata}


def write_objects(session: Session, cluster: str, found: list[Object]) -> None:
    """Write down what differs from what was known, and forget what is gone."""
    write_kinds(session, cluster, [kind for _, kind in KINDS], found)


def write_kinds(session: Session, cluster: str, kinds: Collection[str], found: list[Object]) -> None:
    """The same of these kinds alone; `found` has all there is of them."""
    query = select(InventoryObject).where(InventoryObject.cluster == cluster, InventoryObject.kind.in_(kinds))
    known = {(row.kind, row.namespace, row.name): row for row in session.scalars(query)}
    for obj in found:
        key = (obj["kind"], obj["metadata"].get("namespace") or "", obj["metadata"]["name"])
        row = known.pop(key, None)
        if row is None:
            kind, namespace, name = key
            session.add(InventoryObject(cluster=cluster, kind=kind, namespace=namespace, name=name, object=obj))
        elif row.object != obj:
            row.object = obj
    for gone in known.values():
        session.delete(gone)
